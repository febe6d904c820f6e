// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reporting

struct RunwayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runway",
    abstract: "How long does the money last at the current burn, with and without funding?",
    discussion: """
      A division, not a forecast: nothing grows or shrinks. To simulate how likely ruin is: \
      solvent scenario new > mine.yaml; solvent scenario run mine.yaml
      """)

  @OptionGroup var options: StatementOptions

  @Option(help: "Months over which burn is averaged.")
  var over = 3

  func validate() throws {
    guard (1...120).contains(over) else { throw ValidationError("--over must be from 1 to 120") }
  }

  func run() async throws {
    try await options.show(options.query(.runway, burnMonths: over))
  }
}
