// SPDX-License-Identifier: Apache-2.0

import Crypto
import Economics
import GRDB
import GRDBSQLite

/// Writes postings with SQLite's own calls: they are by far the most rows, and binding ten integers
/// through GRDB's arguments costs several times the insertion.
enum PostingWriter {
  private static let sql = """
    INSERT INTO postings (batch, bucket, series, meter, quantity, pricing, evidence, units, pico,
      yocto) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """

  /// - Returns: the digest of the rows, as ``PostingHash`` makes it.
  static func write(
    _ outcome: PricingOutcome, batch: Int64, series: [Int64], _ db: Database
  ) throws -> [UInt8] {
    var hash = PostingHash()
    let statement = try db.cachedStatement(sql: sql)
    let handle = statement.sqliteStatement
    defer { sqlite3_reset(handle) }
    for line in 0..<outcome.lineCount {
      let cost = outcome.costs.parts(line)
      let quantity = Int64(outcome.quantities[line])
      sqlite3_reset(handle)
      hash.add(
        outcome.buckets[line], series[Int(outcome.series[line])], Int64(outcome.meters[line]),
        quantity, Int64(outcome.pricings[line]), Int64(outcome.evidences[line]), cost.units,
        cost.pico, cost.yocto)
      sqlite3_bind_int64(handle, 1, batch)
      for index in 0..<PostingHash.columns {
        sqlite3_bind_int64(handle, Int32(index + 2), hash.lastRow(index))
      }
      let status = sqlite3_step(handle)
      guard status == SQLITE_DONE else {
        throw DatabaseError(
          resultCode: ResultCode(rawValue: status), message: db.lastErrorMessage, sql: sql)
      }
    }
    return try hash.finish(db)
  }
}

/// SHA-256 of a batch's postings, and of the names of the series in them: what `verify` compares.
///
/// Rows are hashed many at once: a call for each would cost more than the hashing.
struct PostingHash {
  static let columns = 9

  private var hash = SHA256()
  private var rows: [Int64] = []
  private var series: Set<Int64> = []
  private var lastSeries: Int64 = .min

  /// A row from `bucket` on, in the order of the table.
  mutating func add(
    _ bucket: Int64, _ series: Int64, _ meter: Int64, _ quantity: Int64, _ pricing: Int64,
    _ evidence: Int64, _ units: Int64, _ pico: Int64, _ yocto: Int64
  ) {
    if rows.count >= 4_096 * Self.columns { flush() }
    if series != lastSeries {
      self.series.insert(series)
      lastSeries = series
    }
    rows.append(bucket)
    rows.append(series)
    rows.append(meter)
    rows.append(quantity)
    rows.append(pricing)
    rows.append(evidence)
    rows.append(units)
    rows.append(pico)
    rows.append(yocto)
  }

  /// A column of the row that was added last.
  func lastRow(_ column: Int) -> Int64 { rows[rows.count - Self.columns + column] }

  private mutating func flush() {
    rows.withUnsafeBytes { hash.update(bufferPointer: $0) }
    rows.removeAll(keepingCapacity: true)
  }

  mutating func finish(_ db: Database) throws -> [UInt8] {
    flush()
    for id in series.sorted() {
      let row = try Row.fetchOne(
        db.cachedStatement(sql: "SELECT * FROM series WHERE id = ?"), arguments: [id])
      let text = (row?.map { "\($0.1)" } ?? ["missing"]).joined(separator: "\0")
      hash.update(data: Array(text.utf8))
    }
    return Array(hash.finalize())
  }
}
