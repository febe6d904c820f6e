// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reporting

struct Audience: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Visits, users and paying customers by month. Visits are not users.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    try await options.show(options.query(.audience))
  }
}
