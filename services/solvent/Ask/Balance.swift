// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Economics
import Host
import Rendering
import Reporting

struct Balance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The balance sheet: assets, liabilities and equity.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let answer = try await options.answer(options.query(.balance))
    StatementPrinter(answer).print(on: options.output.page)
    let difference = answer.lines.first { $0.key == "difference" }?.values.first
    guard difference == .money(.zero) else {
      throw Failure(ExitStatus.storage, "the books do not balance")
    }
  }
}
