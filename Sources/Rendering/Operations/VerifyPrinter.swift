// SPDX-License-Identifier: Apache-2.0

public import Ledger

/// What a journal and its ledger hold, checked from end to end.
public struct VerifyPrinter {
  /// The journal's part.
  public struct Journal {
    public var frames: Int
    public var bytes: Int
    /// Batches that are not booked yet.
    public var pending: Int
    /// Of an unfinished write at the end, which was never acknowledged.
    public var tornBytes: Int
    /// The head of its hash chain.
    public var chain: [UInt8]

    public init(frames: Int, bytes: Int, pending: Int, tornBytes: Int, chain: [UInt8]) {
      self.frames = frames
      self.bytes = bytes
      self.pending = pending
      self.tornBytes = tornBytes
      self.chain = chain
    }
  }

  private let journal: Journal
  private let ledger: LedgerCheck

  public init(journal: Journal, ledger: LedgerCheck) {
    self.journal = journal
    self.ledger = ledger
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

  public func print(on page: Page) {
    switch page.format {
    case .json:
      page.json(
        "solvent.verify/v1",
        VerifyJSON(
          journal: .init(
            frames: journal.frames, bytes: journal.bytes, pending: journal.pending,
            tornBytes: journal.tornBytes, chain: Text.hex(journal.chain)),
          ledger: .init(
            batches: ledger.batches, postings: ledger.postings, entries: ledger.entries,
            chain: Text.hex(ledger.chain), digest: Text.hex(ledger.digest))))
    case .csv:
      page.csv(["book", "figure", "value"])
      for (book, figure, value) in figures { page.csv([book, figure, value]) }
    case .md:
      var table = Table(columns: [
        .init(title: "BOOK"), .init(title: "FIGURE"), .init(title: "VALUE", isNumber: true),
      ])
      table.rows = figures.map { [$0, $1, $2] }
      table.print(on: page)
    case .table: printLines(on: page)
    }
  }

  private var figures: [(String, String, String)] {
    [
      ("journal", "frames", "\(journal.frames)"), ("journal", "bytes", "\(journal.bytes)"),
      ("journal", "pending", "\(journal.pending)"),
      ("journal", "torn_bytes", "\(journal.tornBytes)"),
      ("journal", "chain", Text.hex(journal.chain)), ("ledger", "batches", "\(ledger.batches)"),
      ("ledger", "postings", "\(ledger.postings)"), ("ledger", "entries", "\(ledger.entries)"),
      ("ledger", "chain", Text.hex(ledger.chain)), ("ledger", "digest", Text.hex(ledger.digest)),
    ]
  }

  private func printLines(on page: Page) {
    let batches = Text.counted(ledger.batches, "batch", "batches")
    page.line(
      "ok    journal  \(Text.counted(journal.frames, "frame")), "
        + "\(Text.counted(journal.bytes, "byte")), \(Text.grouped(journal.pending)) not booked yet"
        + "   chain \(Text.hex(journal.chain).prefix(16))")
    page.line(
      "ok    ledger   \(batches), \(Text.counted(ledger.postings, "posting")), "
        + "\(Text.counted(ledger.entries, "entry", "entries"))"
        + "   chain \(Text.hex(ledger.chain).prefix(16))")
    page.line("digest of all facts  \(Text.hex(ledger.digest))")
    if journal.tornBytes > 0 {
      page.line(
        "note  \(Text.counted(journal.tornBytes, "byte")) of an unfinished, never acknowledged "
          + "write at the end of the journal")
    }
  }
}
