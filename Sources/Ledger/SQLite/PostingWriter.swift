// SPDX-License-Identifier: Apache-2.0

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
