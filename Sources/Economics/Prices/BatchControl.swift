// SPDX-License-Identifier: Apache-2.0

/// What the outcome of a batch must agree with, whoever computes it: the batch's name, its rows, and the
/// sum of each meter. It goes past the worker, from whoever read the rows to whoever books them.
public struct BatchControl: Codable, Hashable, Sendable {
  /// The job's key.
  public let key: BatchKey
  /// Lines read for the range.
  public let rowsRead: Int
  /// Rows in the batch.
  public let rowsAccepted: Int
  /// Rows of the range that were rejected with a reason.
  public let rowsQuarantined: Int
  /// Rows of the range whose id was accepted before.
  public let rowsDuplicate: Int
  /// The raw ``Meter``s that occur, in order.
  public let meters: [UInt16]
  /// The sum of each over all rows, modulo 2^64: sums of parts in any order give the same.
  public let sums: [UInt64]
  /// Digest of the price book.
  public let book: [UInt8]
  /// ISO 4217 code of the costs.
  public let currency: String
  /// SHA-256 of the outcome's bytes where they are known: equal jobs give equal bytes. Empty otherwise.
  public private(set) var outcome: [UInt8]

  /// What the outcome of a job must agree with.
  public init(_ job: PricingJob) {
    key = job.key
    rowsRead = job.rowsRead
    rowsAccepted = job.batch.count
    rowsQuarantined = job.rowsQuarantined
    rowsDuplicate = job.rowsDuplicate
    book = job.book
    currency = job.currency
    outcome = []
    var sums: [(meter: UInt16, sum: UInt64)] = job.batch.quantities.map { column in
      (UInt16(column.meter.rawValue), column.values.withUnsafeBufferPointer { $0.reduce(0, &+) })
    }
    // Without a column for requests each row is one.
    if !job.batch.quantities.contains(where: { $0.meter == .requests }) {
      sums.append((UInt16(Meter.requests.rawValue), UInt64(job.batch.count)))
    }
    sums = sums.filter { $0.sum != 0 }.sorted { $0.meter < $1.meter }
    meters = sums.map(\.meter)
    self.sums = sums.map(\.sum)
  }

  /// - Throws: `DecodingError` for columns of unequal lengths.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    key = try container.decode(BatchKey.self, forKey: .key)
    rowsRead = try container.decode(Int.self, forKey: .rowsRead)
    rowsAccepted = try container.decode(Int.self, forKey: .rowsAccepted)
    rowsQuarantined = try container.decode(Int.self, forKey: .rowsQuarantined)
    rowsDuplicate = try container.decode(Int.self, forKey: .rowsDuplicate)
    meters = try container.decode([UInt16].self, forKey: .meters)
    sums = try container.decode([UInt64].self, forKey: .sums)
    book = try container.decode([UInt8].self, forKey: .book)
    currency = try container.decode(String.self, forKey: .currency)
    outcome = try container.decode([UInt8].self, forKey: .outcome)
    guard meters.count == sums.count, outcome.isEmpty || outcome.count == 32 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "columns that do not fit together"))
    }
  }

  enum CodingKeys: Int, CodingKey {
    case key = 1
    case rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate, meters, sums, book, currency,
      outcome
  }

  /// The same, and the outcome must have these bytes.
  /// - Parameter outcome: SHA-256 of the bytes that another's outcome had; empty for any.
  public func expecting(_ outcome: [UInt8]) -> BatchControl {
    var control = self
    control.outcome = outcome
    return control
  }

  /// How an outcome differs from what the batch says.
  /// - Parameter digest: SHA-256 of its bytes.
  /// - Returns: the first difference, in words; `nil` when there is none.
  public func difference(to other: PricingOutcome, digest: [UInt8]) -> String? {
    if other.key != key { return "it is the outcome of \(other.key)" }
    let rows = (rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate)
    let theirs = (other.rowsRead, other.rowsAccepted, other.rowsQuarantined, other.rowsDuplicate)
    if rows != theirs {
      return "it has \(theirs.1) accepted rows of \(theirs.0), not \(rows.1) of \(rows.0)"
    }
    if other.currency != currency || other.book != book { return "it was priced with another book" }
    var found: [UInt16: UInt64] = [:]
    for line in 0..<min(other.meters.count, other.quantities.count) {
      found[other.meters[line], default: 0] &+= other.quantities[line]
    }
    let expected = Dictionary(zip(meters, sums), uniquingKeysWith: &+)
    for raw in Set(found.keys).union(expected.keys).sorted() {
      let (have, want) = (found[raw] ?? 0, expected[raw] ?? 0)
      guard have == want else {
        let name = Meter(rawValue: Int(raw))?.name ?? "meter \(raw)"
        return "it has \(have) \(name), the batch \(want)"
      }
    }
    if !outcome.isEmpty && digest != outcome { return "two workers priced the batch differently" }
    return nil
  }
}
