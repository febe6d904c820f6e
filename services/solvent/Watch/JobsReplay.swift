// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClusterAPI
import Rendering

struct JobsReplay: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Has batches priced and booked again.")

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "All of them.")
  var all = false

  @Argument(help: "The batches, as `solvent jobs` numbers them.")
  var batches: [UInt64] = []

  func validate() throws {
    guard all != !batches.isEmpty else {
      throw ValidationError("name the batches, or give --all")
    }
  }

  func run() async throws {
    JobsPrinter(try await cluster.ask(.replay(batches)), verb: "sent again")
      .print(on: output.page)
  }
}
