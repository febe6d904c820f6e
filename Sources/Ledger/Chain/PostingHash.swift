// SPDX-License-Identifier: Apache-2.0

import Crypto
import GRDB

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
