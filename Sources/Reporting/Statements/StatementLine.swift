// SPDX-License-Identifier: Apache-2.0

public import Economics

/// A value of a statement's line.
public enum StatementValue: Hashable, Sendable {
  /// Not known: never shown as 0.
  case unknown
  /// In the statement's currency.
  case money(Money)
  case count(UInt64)
  /// What ``StatementLine/unit`` says: a ratio, a part of 1, months.
  case number(Double)
  case text(String)

  /// A value, or ``unknown``.
  public static func money(ifKnown money: Money?) -> StatementValue {
    money.map { .money($0) } ?? .unknown
  }

  /// A count, or `unknown` for `nil`.
  public static func count(ifKnown count: UInt64?) -> StatementValue {
    count.map { .count($0) } ?? .unknown
  }

  /// A finite number, or ``unknown``.
  public static func number(ifKnown number: Double?) -> StatementValue {
    number.flatMap { $0.isFinite ? .number($0) : nil } ?? .unknown
  }
}

/// On the wire a map with one entry, whose key says the kind; empty when not known.
extension StatementValue: Codable {
  enum CodingKeys: Int, CodingKey {
    case money = 1
    case count, number, text
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let money = try container.decodeIfPresent(Money.self, forKey: .money) {
      self = .money(money)
    } else if let count = try container.decodeIfPresent(UInt64.self, forKey: .count) {
      self = .count(count)
    } else if let number = try container.decodeIfPresent(Double.self, forKey: .number) {
      self = .number(ifKnown: number)
    } else if let text = try container.decodeIfPresent(String.self, forKey: .text) {
      self = .text(text)
    } else {
      self = .unknown
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .unknown: break
    case .money(let money): try container.encode(money, forKey: .money)
    case .count(let count): try container.encode(count, forKey: .count)
    case .number(let number): try container.encode(number, forKey: .number)
    case .text(let text): try container.encode(text, forKey: .text)
    }
  }
}

/// A line of a statement: the same in every rendering.
public struct StatementLine: Codable, Hashable, Sendable {
  /// What a value counts. Raw values are sent; they are never reused.
  public enum Unit: Int, Codable, CaseIterable, Sendable {
    case money = 1
    case count = 2
    /// A quotient of two amounts.
    case ratio = 3
    /// A part of 1, shown in percent.
    case share = 4
    case months = 5
    case text = 6

    /// The name in JSON.
    public var name: String {
      switch self {
      case .money: "money"
      case .count: "count"
      case .ratio: "ratio"
      case .share: "share"
      case .months: "months"
      case .text: "text"
      }
    }
  }

  /// Stable, in snake_case: the name in CSV and JSON.
  public var key: String
  /// The name for people.
  public var label: String
  /// What the values count, which decides how they are shown.
  public var unit: Unit
  /// Decimals that people are shown of money.
  public var decimals: Int
  /// One for each column of the statement.
  public var values: [StatementValue]
  /// What people should know beside the value.
  public var note: String
  /// What the line is made of, or about.
  public var parts: [StatementLine]

  public init(
    _ key: String, _ label: String, _ unit: Unit, _ values: [StatementValue], decimals: Int = 0,
    note: String = "", parts: [StatementLine] = []
  ) {
    self.key = key
    self.label = label
    self.unit = unit
    self.decimals = decimals
    self.values = values
    self.note = note
    self.parts = parts
  }

  enum CodingKeys: Int, CodingKey {
    case key = 1
    case label, unit, decimals, values, note, parts
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    key = try container.decode(String.self, forKey: .key)
    label = try container.decode(String.self, forKey: .label)
    unit = try container.decode(Unit.self, forKey: .unit)
    decimals = try container.decode(Int.self, forKey: .decimals)
    values = try container.decode([StatementValue].self, forKey: .values)
    note = try container.decode(String.self, forKey: .note)
    parts = try container.decode([StatementLine].self, forKey: .parts)
    try InvalidValue.check(decimals, in: 0...24, "decimals")
  }

  /// Whether it and its parts have a value for each column.
  fileprivate func fits(_ columns: Int) -> Bool {
    values.count == columns && parts.allSatisfy { $0.fits(columns) }
  }
}

extension StatementLine {
  /// A line of a statement with one column.
  static func money(
    _ key: String, _ label: String, _ money: Money?, decimals: Int = 0, note: String = "",
    parts: [StatementLine] = []
  ) -> StatementLine {
    StatementLine(
      key, label, .money, [.money(ifKnown: money)], decimals: decimals, note: note, parts: parts)
  }

  static func count(_ key: String, _ label: String, _ count: UInt64?, note: String = "")
    -> StatementLine
  { StatementLine(key, label, .count, [.count(ifKnown: count)], note: note) }

  static func number(
    _ key: String, _ label: String, _ unit: Unit, _ number: Double?, note: String = "",
    parts: [StatementLine] = []
  ) -> StatementLine {
    StatementLine(key, label, unit, [.number(ifKnown: number)], note: note, parts: parts)
  }

  static func text(_ key: String, _ label: String, _ text: String, note: String = "")
    -> StatementLine
  { StatementLine(key, label, .text, [.text(text)], note: note) }
}

/// A statement, ready to be rendered.
///
/// ```swift
/// let inputs = try StatementInputs(StatementQuery(.profitAndLoss), from: ledger)
/// let answer = try StatementAnswer(inputs)
/// let serving = answer.lines.first { $0.key == "serving" }  // one value per column
/// ```
/// The example is compiled in `Tests/ExampleTests/ReportingExamples.swift`.
public struct StatementAnswer: Codable, Hashable, Sendable {
  /// Which statement it is.
  public var kind: StatementQuery.Kind
  /// ISO 4217 code of all money in it.
  public var currency: String
  /// The first and last month that it covers.
  public var since: Month
  /// The last month, included.
  public var until: Month
  /// What each value of a line is of: months and `total`, or the one period.
  public var columns: [String]
  /// In the order in which they are shown.
  public var lines: [StatementLine]
  /// For each column whether usage without a price is left out of its money.
  public var isUnpriced: [Bool]

  public init(
    _ kind: StatementQuery.Kind, currency: String, period: ClosedRange<Month>, columns: [String],
    lines: [StatementLine], isUnpriced: [Bool]
  ) {
    self.kind = kind
    self.currency = currency
    since = period.lowerBound
    until = period.upperBound
    self.columns = columns
    self.lines = lines
    self.isUnpriced = isUnpriced
  }

  enum CodingKeys: Int, CodingKey {
    case kind = 1
    case currency, since, until, columns, lines, isUnpriced
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    kind = try container.decode(StatementQuery.Kind.self, forKey: .kind)
    currency = try container.decode(String.self, forKey: .currency)
    since = try container.decode(Month.self, forKey: .since)
    until = try container.decode(Month.self, forKey: .until)
    columns = try container.decode([String].self, forKey: .columns)
    lines = try container.decode([StatementLine].self, forKey: .lines)
    isUnpriced = try container.decode([Bool].self, forKey: .isUnpriced)
    guard since <= until, kind.allows(columns: columns.count), isUnpriced.count == columns.count,
      lines.allSatisfy({ $0.fits(columns.count) })
    else { throw InvalidValue("a statement whose lines have not one value per column") }
  }

  /// Whether usage without a price is left out of any of its money.
  public var hasUnpriced: Bool { isUnpriced.contains(true) }
}
