// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reporting

struct Unit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Unit economics: cost, revenue and margin per request, million tokens and user.")

  @OptionGroup var options: StatementOptions

  @Option(help: "Usage of this model only; revenue and other costs are unchanged.")
  var model: String?

  func run() async throws {
    try await options.show(options.query(.unitEconomics, model: model))
  }
}
