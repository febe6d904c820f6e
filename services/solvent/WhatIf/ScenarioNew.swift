// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Documents
import Economics
import Foundation
import Host
import Rendering
import Reporting
import Runway

extension Scenario {
  struct New: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drafts a scenario from the books, every value with its source.",
      discussion: """
        Nothing comes from another company. What has no figures for a change is held constant. \
        Required values that are not in the books are left blank, and the file is refused until they \
        are filled in. Without an audience in the books, all revenue is in api_revenue.

        The range of a value follows from its evidence: measured is exact, reported within 5%, \
        estimated within 20%, assumed within a factor of 2 (90% ranges). Growth needs at least 6 \
        monthly figures of users, visits or paying customers.
        """)

    @OptionGroup var options: StatementOptions

    @Option(help: "Name of the scenario.")
    var name = "from the books"

    @Option(help: "Months of the books to average.")
    var over = 3

    @Option(help: "Write it to this file instead of standard output.", completion: .file())
    var to: String?

    func validate() throws {
      guard options.output.format == .table else {
        throw ValidationError("a scenario is YAML; --json, --csv and -o md do not apply")
      }
    }

    func run() async throws {
      let draft = try await options.draft(name: name, over: over)
      if !draft.missing.isEmpty {
        Terminal.note("fill these in before running it: \(draft.missing.joined(separator: ", "))")
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
