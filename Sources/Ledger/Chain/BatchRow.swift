// SPDX-License-Identifier: Apache-2.0

import Crypto
import Economics

/// A row of `batches` as the hash chain sees it.
struct BatchRow {
  var sequence: Int64
  var key: BatchKey
  var counts: [Int]
  var book: [UInt8]
  var result: [UInt8]
  var postings: [UInt8]

  init(_ outcome: PricingOutcome, sequence: Int64, result: [UInt8], postings: [UInt8]) {
    self.sequence = sequence
    key = outcome.key
    counts = [
      outcome.rowsRead, outcome.rowsAccepted, outcome.rowsQuarantined, outcome.rowsDuplicate,
    ]
    book = outcome.book
    self.result = result
    self.postings = postings
  }

  init(
    sequence: Int64, key: BatchKey, counts: [Int], book: [UInt8], result: [UInt8],
    postings: [UInt8]
  ) {
    self.sequence = sequence
    self.key = key
    self.counts = counts
    self.book = book
    self.result = result
    self.postings = postings
  }

  /// SHA-256 of the chain before and everything in the row.
  func chained(after previous: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: previous)
    let numbers = counts.map(String.init).joined(separator: " ")
    hash.update(data: Array("\(sequence) \(key.source)\0\(key.start) \(key.end) \(numbers) ".utf8))
    hash.update(data: key.stream)
    hash.update(data: book)
    hash.update(data: result)
    hash.update(data: postings)
    return Array(hash.finalize())
  }
}
