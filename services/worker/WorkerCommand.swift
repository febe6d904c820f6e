// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Host
import WorkerService

@main
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvent-worker",
    abstract: "Computes jobs: any number may run, join and leave at any time.",
    version: solventRelease)

  @OptionGroup var options: ServiceOptions

  @Option(help: "Jobs held at once, the one being computed included.")
  var places = 3

  func validate() throws {
    guard (1...1_000).contains(places) else { throw ValidationError("--places is 1 to 1,000") }
  }

  func run() async throws {
    try await ServiceProcess.run("worker", options) { parts in
      [try WorkerService(parts: parts, address: options.brokerAddress(), places: places)]
    }
  }
}
