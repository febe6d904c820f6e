// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import BrokerService
import ClusterAccess
import Host
import ZeroMQ

@main
struct BrokerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvent-broker",
    abstract: "Routes jobs to workers and streams to subscribers. Keeps nothing on disk.",
    version: solventRelease)

  @OptionGroup var options: ServiceOptions

  @Option(help: "Milliseconds between heartbeats.")
  var heartbeat = 250

  @Option(help: "Milliseconds of silence after which a peer is considered lost.")
  var liveness = 2_500

  @Option(help: "Number of attempts before a job becomes a dead letter.")
  var attempts = 5

  func validate() throws {
    guard (10...60_000).contains(heartbeat), liveness >= 2 * heartbeat else {
      throw ValidationError("--liveness must be at least twice --heartbeat (10 to 60,000 ms)")
    }
    guard (1...100).contains(attempts) else {
      throw ValidationError("--attempts must be from 1 to 100")
    }
  }

  func run() async throws {
    try options.dataDirectory.create()
    try await ServiceProcess.run("broker", options) { parts in
      var settings = BrokerMachine<SharedMessage>.Settings(access: .cluster)
      settings.heartbeatMilliseconds = heartbeat
      settings.livenessMilliseconds = liveness
      settings.attemptsMax = attempts
      return [
        try BrokerService(
          parts: parts, address: options.brokerAddress(), settings: settings)
      ]
    }
  }
}
