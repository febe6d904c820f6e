// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Economics
import Foundation
import GRDB
import GRDBSQLite

/// The ledger at one moment.
public struct LedgerView {
  private let seriesDimensions: [Int64: [String: String]]
  private let sources: [Int64: String]
  /// The last booked batch; 0 for an empty ledger.
  public let sequence: Int64
  /// The head of the SHA-256 chain over the batches: 32 bytes.
  public let chain: [UInt8]
  /// ISO 4217 code; `nil` for an empty ledger.
  public let currency: String?

  fileprivate init(_ db: Database) throws {
    var series: [Int64: [String: String]] = [:]
    for row in try Row.fetchAll(db, sql: "SELECT * FROM series") {
      var dimensions: [String: String] = [:]
      for name in Dimension.standard {
        let value: String = try row.value(name)
        if !value.isEmpty { dimensions[name] = value }
      }
      let tags = try JSONDecoder().decode(
        [String: String].self, from: Data(row.value("tags", as: String.self).utf8))
      dimensions.merge(tags) { standard, _ in standard }
      series[try row.value("id")] = dimensions
    }
    seriesDimensions = series
    var sources: [Int64: String] = [:]
    var head: (Int64, [UInt8]) = (0, [UInt8](repeating: 0, count: 32))
    for row in try Row.fetchAll(
      db, sql: "SELECT sequence, source, chain FROM batches ORDER BY sequence")
    {
      sources[try row.value("sequence")] = try row.value("source")
      head = (try row.value("sequence"), Array(try row.value("chain", as: Data.self)))
    }
    self.sources = sources
    (sequence, chain) = head
    currency = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'currency'")
  }

  /// The dimensions and tags of a series that have a value; none for an unknown series.
  public func dimensions(of series: Int64) -> [String: String] { seriesDimensions[series] ?? [:] }
  /// The log that a batch came from; empty for an unknown batch.
  public func source(ofBatch batch: Int64) -> String { sources[batch] ?? "" }
}

extension Ledger {
  /// Calls `each` for every posting in a span of time, all in one consistent view.
  /// - Throws: ``LedgerError`` for damage, GRDB's `DatabaseError`, or what `each` throws.
  public func read(
    from: TimeBucket? = nil, until: TimeBucket? = nil,
    _ each: (LedgerView, Posting) throws -> Void
  ) throws -> LedgerView {
    try queue.read { db in
      let view = try LedgerView(db)
      let statement = try db.makeStatement(
        sql: """
          SELECT batch, bucket, series, meter, quantity, pricing, evidence, units, pico, yocto
          FROM postings WHERE bucket >= ? AND bucket < ?
          """)
      let handle = statement.sqliteStatement
      sqlite3_bind_int64(handle, 1, from?.index ?? .min)
      sqlite3_bind_int64(handle, 2, until?.index ?? .max)
      while true {
        let status = sqlite3_step(handle)
        if status == SQLITE_DONE { break }
        guard status == SQLITE_ROW else {
          throw DatabaseError(
            resultCode: ResultCode(rawValue: status), message: db.lastErrorMessage)
        }
        try each(view, try Self.posting(handle))
      }
      return view
    }
  }

  private static func posting(_ handle: OpaquePointer) throws -> Posting {
    func column(_ index: Int32) -> Int64 { sqlite3_column_int64(handle, index) }
    guard let bucket = TimeBucket(exactly: column(1)), let quantity = UInt64(exactly: column(4)),
      let meter = Meter(rawValue: Int(column(3))),
      let pricing = Pricing(rawValue: Int(column(5))),
      let evidence = Evidence(rawValue: Int(column(6)))
    else {
      throw LedgerError(
        .damaged,
        "a posting of batch \(column(0)) has an unknown time, quantity, meter, pricing or evidence")
    }
    let cost = MoneyParts(units: column(7), pico: column(8), yocto: column(9))
    return Posting(
      bucket: bucket, series: column(2), batch: column(0), meter: meter, quantity: quantity,
      pricing: pricing, evidence: evidence,
      cost: try cost.money())
  }

  /// Walks the hash chain, re-adds what each batch says, and digests the facts.
  /// - Throws: ``LedgerError`` `damaged` with the first batch that does not fit.
  public func verify() throws -> LedgerCheck {
    try queue.read { db in
      if let trouble = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), trouble != "ok" {
        throw LedgerError(.damaged, "SQLite: \(trouble)")
      }
      let (batches, chain) = try verifyBatches(db)
      let postings = try Int.fetchOne(db, sql: "SELECT count(*) FROM postings") ?? 0
      let counted =
        try Int.fetchOne(
          db, sql: "SELECT count(*) FROM postings WHERE batch IN (SELECT sequence FROM batches)")
        ?? 0
      guard postings == counted else {
        throw LedgerError(.damaged, "\(postings - counted) postings belong to no batch")
      }
      return LedgerCheck(
        batches: batches, postings: postings, entries: try Self.verifyBooks(db),
        digest: try Self.factDigest(db), chain: chain)
    }
  }

  private func verifyBatches(_ db: Database) throws -> (Int, [UInt8]) {
    var chain = [UInt8](repeating: 0, count: 32)
    var expected: Int64 = 1
    // Postings lie in the order of their batches, so one pass over both is enough.
    let statement = try db.makeStatement(
      sql: """
        SELECT batch, bucket, series, meter, quantity, pricing, evidence, units, pico, yocto
        FROM postings ORDER BY rowid
        """)
    let handle = statement.sqliteStatement
    var status = sqlite3_step(handle)
    let cursor = try Row.fetchCursor(db, sql: "SELECT * FROM batches ORDER BY sequence")
    while let row = try cursor.next() {
      let batch = try Self.batchRow(row)
      func damaged(_ what: String) -> LedgerError {
        LedgerError(.damaged, "batch \(batch.sequence) (\(batch.key)): \(what)")
      }
      guard batch.sequence == expected else { throw damaged("batch \(expected) is missing") }
      guard Int128(batch.counts[0]) == batch.counts[1...].reduce(0, { $0 + Int128($1) }) else {
        throw damaged("rows read are not the sum of accepted, quarantined and duplicate")
      }
      var hash = PostingHash()
      while status == SQLITE_ROW, sqlite3_column_int64(handle, 0) == batch.sequence {
        func column(_ index: Int32) -> Int64 { sqlite3_column_int64(handle, index) }
        hash.add(
          column(1), column(2), column(3), column(4), column(5), column(6), column(7), column(8),
          column(9))
        status = sqlite3_step(handle)
      }
      guard try hash.finish(db) == batch.postings else {
        throw damaged("its postings or their series were changed")
      }
      chain = batch.chained(after: chain)
      guard chain == Array(try row.value("chain", as: Data.self)) else {
        throw damaged("the hash chain is broken")
      }
      expected += 1
    }
    guard status == SQLITE_DONE else {
      throw LedgerError(
        .damaged,
        "a posting of batch \(sqlite3_column_int64(handle, 0)) is not where it was written")
    }
    return (Int(expected - 1), chain)
  }

  private static func batchRow(_ row: Row) throws -> BatchRow {
    func bytes(_ column: String) throws -> [UInt8] {
      Array(try row.value(column, as: Data.self))
    }
    let sequence = try row.value("sequence", as: Int64.self)
    // A negative place is one beyond 2^63, which no key has.
    func place(_ column: String) throws -> UInt64 {
      UInt64(bitPattern: try row.value(column, as: Int64.self))
    }
    let key: BatchKey
    do {
      key = try BatchKey(
        source: row.value("source"), stream: bytes("stream"), start: place("start"),
        end: place("end"))
    } catch let error as BatchError {
      throw LedgerError(.damaged, "batch \(sequence): \(error)")
    }
    return BatchRow(
      sequence: sequence, key: key,
      counts: [
        try row.value("rows_read"), try row.value("rows_accepted"),
        try row.value("rows_quarantined"), try row.value("rows_duplicate"),
      ],
      book: try bytes("book"), result: try bytes("result"), postings: try bytes("postings"))
  }

  /// Facts of equal (time, dimensions, meter, pricing, evidence) added up, in that order.
  private static func factDigest(_ db: Database) throws -> [UInt8] {
    let names = Dimension.standard.joined(separator: ", ")
    let cursor = try Row.fetchCursor(
      db,
      sql: """
        SELECT bucket, \(names), tags, meter, pricing, evidence, sum(quantity), sum(units),
          sum(pico), sum(yocto)
        FROM postings JOIN series ON series.id = postings.series
        GROUP BY bucket, \(names), tags, meter, pricing, evidence
        ORDER BY bucket, \(names), tags, meter, pricing, evidence
        """)
    var hash = SHA256()
    while let row = try cursor.next() {
      let cost = MoneyParts(
        units: try row.decode(Int64.self, atIndex: 12),
        pico: try row.decode(Int64.self, atIndex: 13),
        yocto: try row.decode(Int64.self, atIndex: 14))
      let fields = (0..<12).map { "\(row[$0] as DatabaseValue)" } + ["\(try cost.money().quanta)"]
      hash.update(data: Array((fields.joined(separator: "\u{1F}") + "\n").utf8))
    }
    return Array(hash.finalize())
  }

  /// The keys of all batches in the ledger at a path, for comparing with a journal; none where there
  /// is no ledger yet.
  /// - Throws: GRDB's `DatabaseError`.
  public static func bookedBatches(at path: String) throws -> Set<BatchKey> {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    return try DatabaseQueue(path: path, configuration: configuration).read { db in
      guard try db.tableExists("batches") else { return [] }
      var keys: Set<BatchKey> = []
      let cursor = try Row.fetchCursor(db, sql: "SELECT * FROM batches")
      while let row = try cursor.next() { keys.insert(try batchRow(row).key) }
      return keys
    }
  }
}
