// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Host
import Journal
import Ledger
import Rendering
import Reporting
import ZeroMQ

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks the hash chains of journal and ledger and recomputes all sums.",
    discussion:
      "Only reads files, so a cluster may be running. Exits with 5 and names the first "
      + "damage found."
  )

  @Option(help: "Data directory.")
  var data: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    let dataDirectory = DataDirectory(data: data)
    guard FileManager.default.fileExists(atPath: dataDirectory.journal) else {
      throw Failure(ExitStatus.storage, "there is no journal at \(dataDirectory.journal)")
    }
    do {
      // The cluster may be running: what is booked now must be in the journal that is read next, and
      // what that notes as booked in the ledger that is read last.
      let booked = try Ledger.bookedBatches(at: dataDirectory.ledger)
      let contents = try JournalFiles.verify(directory: dataDirectory.journal)
      let ledger = try Ledger(readingAt: dataDirectory.ledger)
      let check = try ledger.verify()
      try compare(contents, before: booked, after: Ledger.bookedBatches(at: dataDirectory.ledger))
      VerifyPrinter(
        journal: .init(
          frames: contents.frames, bytes: contents.bytes, pending: contents.pending.count,
          tornBytes: contents.cutOff, chain: contents.chain),
        ledger: check
      ).print(on: output.page)
    } catch let failure as Failure {
      throw failure
    } catch let error as JournalError {
      throw Failure(ExitStatus.storage, error.description)
    } catch let error as LedgerError {
      throw Failure(ExitStatus.storage, error.description)
    } catch {
      throw Failure(ExitStatus.storage, "\(dataDirectory.data): \(error)")
    }
  }

  /// Each batch is in both books, or waits to be booked.
  private func compare(
    _ journal: JournalContents, before: Set<BatchKey>, after: Set<BatchKey>
  ) throws {
    if let lost = journal.batches.first(where: { $0.isNoted && !after.contains($0.key) }) {
      let count = journal.batches.count { $0.isNoted && !after.contains($0.key) }
      throw Failure(
        ExitStatus.storage,
        """
        \(count) batch\(count == 1 ? "" : "es") of the journal, first \(lost.key), \
        \(count == 1 ? "was" : "were") booked once and \(count == 1 ? "is" : "are") not in the \
        ledger. Restart the cluster: ingest books what the ledger lacks
        """)
    }
    if let strange = before.subtracting(journal.batches.map(\.key)).min() {
      throw Failure(
        ExitStatus.storage,
        "the ledger has \(strange), which is not in the journal. Restore the matching journal"
      )
    }
  }
}
