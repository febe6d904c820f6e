// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Documents
import Economics
import Foundation
import Host
import Reporting
import Runway

extension Scenario {
  struct New: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a scenario from the books, every value with where it comes from.",
      discussion: """
        Nothing comes from another company. What the books do not know to change stays as it is, and
        what a scenario needs and the books do not say is left to be filled in: such a file is refused
        until it is. Books without an audience give a scenario without one, all revenue in api_revenue.

        How sure a value is follows from its evidence: measured is taken as it is, reported within 5 %,
        estimated within 20 %, assumed within a factor of 2 (90 % of the range). Growth comes from at
        least 6 monthly figures of users, visits or payers.
        """)

    @OptionGroup var options: StatementOptions

    @Option(help: "What the scenario is called.")
    var name = "from the books"

    @Option(help: "Months of the books that are averaged.")
    var over = 3

    @Option(help: "Write it here instead of to standard output.", completion: .file())
    var to: String?

    func run() async throws {
      let material = try await options.material()
      let last = material.period.upperBound
      let first = max(material.period.lowerBound, last.advanced(by: 1 - max(1, over)))
      let period = material.firstFlow(in: first...last)...last
      let statement = try options.statement(material, period)
      var file = try ScenarioDraft(material, statement, name: name).file
      file.note =
        "written from the books of \(period.lowerBound) to \(period.upperBound); what they do not know "
        + "to change stays as it is"
      if !file.missing.isEmpty {
        Terminal.note("to be filled in before it runs: \(file.missing.joined(separator: ", "))")
      }
      guard let to else { return Terminal.write(file.text, to: 1) }
      do {
        try Data(file.text.utf8).write(to: URL(fileURLWithPath: to), options: .withoutOverwriting)
      } catch {
        throw Failure(ExitStatus.failed, "\(to): \(error.localizedDescription)")
      }
    }
  }
}
