// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClusterAPI
import Rendering

struct JobsDiscard: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "discard", abstract: "Decides that batches are never booked.",
    discussion: """
      Their rows stay in the journal, and no sum will ever hold them.
      """)

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The batches, as `solvent jobs` numbers them.")
  var batches: [UInt64]

  func run() async throws {
    JobsPrinter(try await cluster.ask(.discard(batches)), verb: "discarded")
      .print(on: output.page)
  }
}
