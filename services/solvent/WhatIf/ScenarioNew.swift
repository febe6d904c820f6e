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
      let draft = try await options.draft(name: name, over: over)
      if !draft.missing.isEmpty {
        Terminal.note("to be filled in before it runs: \(draft.missing.joined(separator: ", "))")
      }
      guard let to else { return Terminal.write(draft.text, to: 1) }
      do {
        try Data(draft.text.utf8).write(to: URL(fileURLWithPath: to), options: .withoutOverwriting)
      } catch {
        throw Failure(ExitStatus.failed, "\(to): \(error.localizedDescription)")
      }
    }
  }
}
