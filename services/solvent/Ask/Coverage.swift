// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reporting

struct Coverage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Does revenue cover costs, and on whom does the company depend?")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    try await options.show(options.query(.coverage))
  }
}
