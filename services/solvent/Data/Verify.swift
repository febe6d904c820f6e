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
    do {
      // The cluster may be running: what is booked now must be in the journal that is read next, and
      // what that notes as booked in the ledger that is read last.
      let booked = try Ledger.bookedBatches(at: dataDirectory.ledger)
      let contents = try JournalFiles.verify(directory: dataDirectory.journal)
      let ledger = try Ledger(readingAt: dataDirectory.ledger)
      let check = try ledger.verify()
      try compare(contents, before: booked, after: Ledger.bookedBatches(at: dataDirectory.ledger))
      show(contents, check)
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

  /// `solvent.verify/v1`
  private struct VerifyJSON: Encodable {
    struct JournalState: Encodable {
      var frames: Int
      var bytes: Int
      var pending: Int
      var tornBytes: Int
      var chain: String
    }

    struct LedgerState: Encodable {
      var batches: Int
      var postings: Int
      var entries: Int
      var chain: String
      var digest: String
    }

    var journal: JournalState
    var ledger: LedgerState
  }

  private func show(_ journal: JournalContents, _ ledger: LedgerCheck) {
    func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
    if output.format == .json {
      return output.page.json(
        "solvent.verify/v1",
        VerifyJSON(
          journal: .init(
            frames: journal.frames, bytes: journal.bytes, pending: journal.pending.count,
            tornBytes: journal.cutOff, chain: hex(journal.chain)),
          ledger: .init(
            batches: ledger.batches, postings: ledger.postings, entries: ledger.entries,
            chain: hex(ledger.chain), digest: hex(ledger.digest))))
    }
    Terminal.print(
      """
      ok    journal  \(Text.grouped(journal.frames)) frames, \(Text.grouped(journal.bytes)) bytes, \
      \(journal.pending.count) not booked yet   chain \(hex(journal.chain).prefix(16))
      ok    ledger   \(Text.grouped(ledger.batches)) batches, \(Text.grouped(ledger.postings)) \
      postings, \(Text.grouped(ledger.entries)) entries   chain \(hex(ledger.chain).prefix(16))
      digest of all facts  \(hex(ledger.digest))
      """)
    if journal.cutOff > 0 {
      Terminal.print(
        "note  \(journal.cutOff) bytes of an unfinished, never acknowledged write at the "
          + "end of the journal"
      )
    }
  }
}
