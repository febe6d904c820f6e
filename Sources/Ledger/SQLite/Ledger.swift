// SPDX-License-Identifier: Apache-2.0

import CBOR
import Crypto
public import Economics
import Foundation
import GRDB

/// The books: usage, entries and audience figures, each exactly once.
///
/// One transaction takes a batch's key, its postings and the next sequence, so a batch counts once
/// however often it arrives. Commits are durable (`synchronous = FULL`): a power cut loses nothing
/// that was answered.
///
/// One process writes. Readers in other processes open it read-only.
///
/// Threads: a ledger is not `Sendable`. One thread, or one task or queue at a time, owns it; its
/// calls block until SQLite has answered, a commit until the disk has.
///
/// ```swift
/// let ledger = try Ledger(path: path)
/// let bytes = try CBOREncoder().encode(outcome)
/// let first = try ledger.commit([(outcome, bytes)]).results  // [.committed(sequence: 1)]
/// let again = try ledger.commit([(outcome, bytes)]).results  // [.already(sequence: 1)]
/// try ledger.close()
/// ```
/// The example is compiled in `Tests/ExampleTests/LedgerExamples.swift`.
public final class Ledger {
  /// What became of an outcome.
  public enum CommitResult: Equatable, Sendable {
    case committed(sequence: Int64)
    /// The ledger had it already, with the same result.
    case already(sequence: Int64)
    /// Refused for good: an alarm.
    case refused(LedgerError)
  }

  /// What a transaction added, for those who keep sums.
  public struct Change: Sendable {
    /// The batch's sequence in the ledger.
    public var sequence: Int64
    /// What was booked.
    public var outcome: PricingOutcome
  }

  let queue: DatabaseQueue
  // By bytes: SQLite compares bytes, Swift strings would take two spellings of a name for one.
  private var seriesIDs: [[UInt8]: Int64] = [:]
  /// The last commit.
  public private(set) var sequence: Int64 = 0
  private var chain = [UInt8](repeating: 0, count: 32)
  /// The currency that the ledger is kept in; `nil` before the first batch.
  public private(set) var currency: String?

  /// Opens the ledger for writing, or creates it.
  /// - Throws: ``LedgerError``, or GRDB's `DatabaseError`.
  public init(path: String) throws {
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { db in
      // A DatabasePool, or GRDB's own journal mode setting, would set synchronous back to NORMAL,
      // and NORMAL loses acknowledged commits in a power cut.
      try db.execute(sql: "PRAGMA journal_mode = WAL")
      try db.execute(sql: "PRAGMA synchronous = FULL")
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
    }
    queue = try DatabaseQueue(path: path, configuration: configuration)
    let (mode, journal) = try queue.read { db in
      (
        try Int.fetchOne(db, sql: "PRAGMA synchronous"),
        try String.fetchOne(db, sql: "PRAGMA journal_mode")
      )
    }
    guard mode == 2, journal == "wal" else {
      throw LedgerError(
        .notDurable,
        "SQLite reports synchronous = \(mode ?? -1), journal_mode = \(journal ?? "?"); FULL and WAL are needed"
      )
    }
    let migrator = LedgerSchema.migrator
    let isNewer = try queue.read { try migrator.hasBeenSuperseded($0) }
    guard !isNewer else {
      throw LedgerError(.newerSchema, "\(path) was written by a later release; use that release")
    }
    try migrator.migrate(queue)
    try load()
  }

  /// Opens the ledger for reading only; another process may be writing.
  /// - Throws: ``LedgerError`` when there is no ledger, or GRDB's `DatabaseError`.
  public init(readingAt path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw LedgerError(.damaged, "there is no ledger at \(path)")
    }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    queue = try DatabaseQueue(path: path, configuration: configuration)
    try load()
  }

  /// Remembers the currency that the books were begun in.
  func keep(_ currency: String) { if self.currency == nil { self.currency = currency } }

  /// Closes the file: what SQLite keeps beside it is written into it, so that it can be copied.
  /// Nothing else may be called afterwards.
  /// - Throws: GRDB's `DatabaseError`.
  public func close() throws { try queue.close() }

  private func load() throws {
    try queue.read { db in
      if let row = try Row.fetchOne(
        db, sql: "SELECT sequence, chain FROM batches ORDER BY sequence DESC LIMIT 1")
      {
        sequence = try row.value("sequence")
        guard (1..<Int64.max / 2).contains(sequence) else {
          throw LedgerError(.damaged, "the last batch has the sequence \(sequence)")
        }
        chain = Array(try row.value("chain", as: Data.self))
      }
      currency = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'currency'")
    }
  }

  /// The head of the hash chain over all batches, and the sequence it belongs to.
  public var head: (sequence: Int64, chain: [UInt8]) { (sequence, chain) }

  /// A number that rises with every call: the epoch of a publisher's streams.
  /// - Throws: GRDB's `DatabaseError`.
  public func nextEpoch() throws -> UInt64 {
    try queue.write { db in
      let last = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'epoch'") ?? 0
      guard (0..<Int64.max).contains(last) else {
        throw LedgerError(.damaged, "the last epoch is \(last)")
      }
      try db.execute(
        sql: "INSERT OR REPLACE INTO meta (name, value) VALUES ('epoch', ?)", arguments: [last + 1])
      return UInt64(last + 1)
    }
  }

  // MARK: Committing

  /// Commits outcomes in one transaction. Each is taken, known already, or refused; a refused one
  /// does not keep the others from being taken.
  /// - Parameter outcomes: the outcome and its encoded bytes, whose digest is the result's identity.
  /// - Throws: only when the transaction as a whole failed (disk full, for one): nothing was taken.
  public func commit(
    _ outcomes: [(outcome: PricingOutcome, bytes: [UInt8])]
  ) throws -> (results: [CommitResult], changes: [Change]) {
    let before = (sequence, chain, currency, seriesIDs)
    do {
      return try queue.write { db in
        var results: [CommitResult] = []
        var changes: [Change] = []
        for (outcome, bytes) in outcomes {
          do {
            let digest = Array(SHA256.hash(data: bytes))
            if let known = try known(outcome.key, digest, db) {
              results.append(.already(sequence: known))
              continue
            }
            try keepCurrency(of: outcome, db)
            try insert(outcome, digest, db)
            results.append(.committed(sequence: sequence))
            changes.append(Change(sequence: sequence, outcome: outcome))
          } catch let error as LedgerError {
            results.append(.refused(error))
          }
        }
        return (results, changes)
      }
    } catch {
      (sequence, chain, currency, seriesIDs) = before
      throw error
    }
  }

  /// The sequence of a batch that is here already.
  private func known(_ key: BatchKey, _ digest: [UInt8], _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT sequence, start, "end", result FROM batches
        WHERE source = ? AND stream = ? AND start < ? AND "end" > ?
        """)
    let rows = try Row.fetchAll(
      statement,
      arguments: [key.source, Data(key.stream), Int64(key.end), Int64(key.start)])
    guard let row = rows.first else { return nil }
    let (start, end): (Int64, Int64) = (try row.value("start"), try row.value("end"))
    guard rows.count == 1, start == Int64(key.start), end == Int64(key.end) else {
      throw LedgerError(
        .conflict, "\(key) overlaps bytes from \(start) to \(end), which are booked")
    }
    guard Array(try row.value("result", as: Data.self)) == digest else {
      throw LedgerError(
        .conflict, "\(key) is already booked with another result; nothing was changed")
    }
    return try row.value("sequence")
  }

  private func keepCurrency(of outcome: PricingOutcome, _ db: Database) throws {
    if let currency {
      guard currency == outcome.currency else {
        throw LedgerError(
          .currency, "the ledger's currency is \(currency), the price book's is \(outcome.currency)"
        )
      }
    } else {
      currency = outcome.currency
      try db.execute(
        sql: "INSERT INTO meta (name, value) VALUES ('currency', ?)", arguments: [outcome.currency])
    }
  }

  private func insert(_ outcome: PricingOutcome, _ digest: [UInt8], _ db: Database) throws {
    sequence += 1
    let series = try (0..<outcome.seriesTable.count).map {
      try seriesID(outcome.seriesTable.dimensions(of: $0), db)
    }
    let postings = try PostingWriter.write(outcome, batch: sequence, series: series, db)
    let row = BatchRow(outcome, sequence: sequence, result: digest, postings: postings)
    chain = row.chained(after: chain)
    let key = outcome.key
    try db.cachedStatement(
      sql: """
        INSERT INTO batches (sequence, source, stream, start, "end", rows_read, rows_accepted,
          rows_quarantined, rows_duplicate, book, result, postings, chain)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      sequence, key.source, Data(key.stream), Int64(key.start), Int64(key.end), outcome.rowsRead,
      outcome.rowsAccepted, outcome.rowsQuarantined, outcome.rowsDuplicate, Data(outcome.book),
      Data(digest), Data(postings), Data(chain),
    ])
  }

  private func seriesID(_ dimensions: [String: String], _ db: Database) throws -> Int64 {
    let standard = Dimension.standard.map { dimensions[$0] ?? "" }
    let tags = dimensions.filter { !Dimension.standard.contains($0.key) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let tagText = tags.isEmpty ? "{}" : String(decoding: try encoder.encode(tags), as: UTF8.self)
    let name = Array((standard + [tagText]).joined(separator: "\0").utf8)
    if let id = seriesIDs[name] { return id }
    let arguments = StatementArguments(standard + [tagText])
    let found = try Int64.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT id FROM series WHERE provider = ? AND model = ? AND product = ? AND customer = ?
            AND team = ? AND operation = ? AND tags = ?
          """), arguments: arguments)
    if let found {
      seriesIDs[name] = found
      return found
    }
    try db.cachedStatement(
      sql: """
        INSERT INTO series (provider, model, product, customer, team, operation, tags)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: arguments)
    let id = db.lastInsertedRowID
    // A table of names, not a cache that must be complete: a bound keeps memory flat.
    if seriesIDs.count >= 200_000 { seriesIDs.removeAll() }
    seriesIDs[name] = id
    return id
  }
}
