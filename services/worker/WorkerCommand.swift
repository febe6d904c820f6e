// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Host
import WorkerService

@main
struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvent-worker",
    abstract: "Computes jobs. Any number of workers may join and leave at any time.",
    version: solventRelease)

  @OptionGroup var options: ServiceOptions

  @Option(help: "Jobs held at once, including the one being computed.")
  var slots = 2

  func validate() throws {
    guard (1...1_000).contains(slots) else {
      throw ValidationError("--slots must be from 1 to 1,000")
    }
  }

  func run() async throws {
    try await ServiceProcess.run("worker", options) { parts in
      [try WorkerService(parts: parts, address: options.brokerAddress(), slots: slots)]
    }
  }
}
