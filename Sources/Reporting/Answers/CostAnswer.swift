// SPDX-License-Identifier: Apache-2.0

import Economics

/// The answer: rows in the order of their keys, and their sum.
public struct CostAnswer: Codable, Hashable, Sendable {
  /// The totals of one combination of column values.
  public struct Row: Codable, Hashable, Sendable {
    /// One value per column of ``by``; empty where usage has none.
    public var key: [String]
    /// Quantities and cost of the row.
    public var totals: CostTotals

    public init(key: [String], totals: CostTotals) {
      self.key = key
      self.totals = totals
    }

    enum CodingKeys: Int, CodingKey {
      case key = 1
      case totals
    }
  }

  /// The columns of the question.
  public var by: [String]
  /// Sorted by key.
  public var rows: [Row]
  /// The sum of all rows.
  public var total: CostTotals
  /// `nil` while there is nothing.
  public var currency: String?
  /// The ledger sequence that it shows; 0 for a file.
  public var sequence: Int64
  /// The head of the ledger's hash chain; empty for a file.
  public var chain: [UInt8]
  /// The first and last bucket with usage, in milliseconds since 1970.
  public var firstTime: Int64?
  /// The start of the last bucket with usage.
  public var lastTime: Int64?

  public init(
    by: [String], rows: [Row], total: CostTotals, currency: String?, sequence: Int64,
    chain: [UInt8], firstTime: Int64?, lastTime: Int64?
  ) {
    self.by = by
    self.rows = rows
    self.total = total
    self.currency = currency
    self.sequence = sequence
    self.chain = chain
    self.firstTime = firstTime
    self.lastTime = lastTime
  }

  enum CodingKeys: Int, CodingKey {
    case by = 1
    case rows, total, currency, sequence, chain, firstTime, lastTime
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    by = try container.decode([String].self, forKey: .by)
    rows = try container.decode([Row].self, forKey: .rows)
    total = try container.decode(CostTotals.self, forKey: .total)
    currency = try container.decodeIfPresent(String.self, forKey: .currency)
    sequence = try container.decode(Int64.self, forKey: .sequence)
    chain = try container.decode([UInt8].self, forKey: .chain)
    firstTime = try container.decodeIfPresent(Int64.self, forKey: .firstTime)
    lastTime = try container.decodeIfPresent(Int64.self, forKey: .lastTime)
    guard rows.allSatisfy({ $0.key.count == by.count }) else {
      throw InvalidValue("a row has not one value per column")
    }
    for time in [firstTime, lastTime].compactMap(\.self) {
      try InvalidValue.check(time, in: Instant.calendar, "a time")
    }
  }

  /// The days from the first to the last usage, each counted whole in UTC.
  public var days: Int64? {
    guard let firstTime, let lastTime else { return nil }
    return Instant.floorDivide(lastTime, 86_400_000).quotient
      - Instant.floorDivide(firstTime, 86_400_000).quotient + 1
  }
}
