// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reporting

struct ProfitAndLoss: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pnl", abstract: "Profit and loss by month: revenue, costs, margin, cash.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    try await options.show(options.query(.profitAndLoss))
  }
}
