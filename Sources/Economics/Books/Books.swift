// SPDX-License-Identifier: Apache-2.0

/// Where money stands. Assets and expenses grow by debits (positive amounts), everything else by
/// credits (negative amounts): the lines of an entry sum to zero.
public enum Account: String, Codable, CaseIterable, Sendable, Comparable {
  case cash
  /// What usage has cost and nobody has paid yet. Usage itself is booked in the postings of batches.
  case payable
  /// Share of profits still owed to an investor, against `profitShareCost`.
  case profitShareOwed = "profit_share_owed"
  case capital
  case openingBalance = "opening"
  case subscriptions
  case api
  case otherRevenue = "other_revenue"
  case hosting
  case research
  case training
  case staff
  case sales
  case otherCost = "other_cost"
  case profitShareCost = "profit_share"

  /// The side of the balance sheet or of profit and loss on which an account stands.
  public enum Kind: Sendable { case asset, liability, equity, revenue, expense }

  /// Determines where statements show the account.
  public var kind: Kind {
    switch self {
    case .cash: .asset
    case .payable, .profitShareOwed: .liability
    case .capital, .openingBalance: .equity
    case .subscriptions, .api, .otherRevenue: .revenue
    case .hosting, .research, .training, .staff, .sales, .otherCost, .profitShareCost: .expense
    }
  }

  /// Whether it is spent on better models rather than on serving.
  public var improvesModels: Bool { self == .research || self == .training }

  public static func < (a: Account, b: Account) -> Bool { a.rawValue < b.rawValue }
}

/// An amount in an account: debits positive.
public struct EntryLine: Codable, Hashable, Sendable {
  /// Where the amount is booked.
  public var account: Account
  /// Positive for a debit, negative for a credit.
  public var amount: Money

  public init(_ account: Account, _ amount: Money) {
    self.account = account
    self.amount = amount
  }

  enum CodingKeys: Int, CodingKey {
    case account = 1
    case amount
  }
}

/// What an investor gets. Shares are in millionths.
public struct FundingTerms: Codable, Hashable, Sendable {
  /// Part of the company owned afterwards.
  public var stake: Int?
  /// Part of profits, until the cap is paid.
  public var profitShare: Int?
  /// The total at which the profit share ends; `nil` if there is no cap.
  public var profitShareCap: Money?

  public init(stake: Int? = nil, profitShare: Int? = nil, profitShareCap: Money? = nil) {
    self.stake = stake
    self.profitShare = profitShare
    self.profitShareCap = profitShareCap
  }

  enum CodingKeys: Int, CodingKey {
    case stake = 1
    case profitShare, profitShareCap
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    stake = try container.decodeIfPresent(Int.self, forKey: .stake)
    profitShare = try container.decodeIfPresent(Int.self, forKey: .profitShare)
    profitShareCap = try container.decodeIfPresent(Money.self, forKey: .profitShareCap)
    for share in [stake, profitShare].compactMap(\.self) {
      try InvalidValue.check(share, in: 0...1_000_000, "millionths of a share")
    }
  }
}

/// A dated fact about money: booked once, never changed, corrected by another entry.
public struct BookEntry: Codable, Hashable, Sendable {
  /// Whole units of currency that a line has at most, on either side.
  public static let unitsMax: UInt64 = 1_000_000_000_000

  /// Its name for ever; the ledger takes each once.
  public var id: String
  /// Days since 1970: one of ``Instant/calendarDays``.
  public let day: Int64
  /// Sum to zero.
  public let lines: [EntryLine]
  /// The product that the entry belongs to; empty for the whole company.
  public var product = ""
  /// The customer that the entry belongs to; empty for all of them.
  public var customer = ""
  /// Who is on the other side: a supplier, an investor.
  public var counterparty = ""
  /// A remark for people.
  public var note = ""
  /// The document or file that the amount comes from.
  public var source = ""
  /// How the amount is known.
  public var evidence = Evidence.reported
  /// What the investor gets; only for funding.
  public var terms: FundingTerms?

  /// - Throws: ``InvalidValue`` for a day outside 1900 to 2200, an amount above 10^12 units of currency, or
  ///   lines that do not sum to zero.
  public init(id: String, day: Int64, lines: [EntryLine]) throws(InvalidValue) {
    self.id = id
    self.day = day
    self.lines = lines
    try check()
  }

  enum CodingKeys: Int, CodingKey {
    case id = 1
    case day, lines, product, customer, counterparty, note, source, evidence, terms
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(String.self, forKey: .id)
    day = try container.decode(Int64.self, forKey: .day)
    lines = try container.decode([EntryLine].self, forKey: .lines)
    product = try container.decode(String.self, forKey: .product)
    customer = try container.decode(String.self, forKey: .customer)
    counterparty = try container.decode(String.self, forKey: .counterparty)
    note = try container.decode(String.self, forKey: .note)
    source = try container.decode(String.self, forKey: .source)
    evidence = try container.decode(Evidence.self, forKey: .evidence)
    terms = try container.decodeIfPresent(FundingTerms.self, forKey: .terms)
    try check()
  }

  private func check() throws(InvalidValue) {
    guard Instant.calendarDays.contains(day) else {
      throw InvalidValue("entry '\(id)': day \(day) lies outside 1900 to 2200")
    }
    var sum = Money.zero
    for line in lines {
      guard MoneyParts(line.amount).units.magnitude <= Self.unitsMax,
        let next = try? sum.adding(line.amount)
      else { throw InvalidValue("entry '\(id)': an amount above 10^12 units of currency") }
      sum = next
    }
    guard sum == .zero, !lines.isEmpty else {
      throw InvalidValue("entry '\(id)': its lines do not sum to zero")
    }
    for name in [id, product, customer, counterparty] {
      try InvalidValue.checkName(name, "a name of an entry")
    }
  }
}

/// What of an audience is counted. Visits are not users.
public enum AudienceMeasure: String, Codable, CaseIterable, Sendable {
  /// Web visits in the month.
  case visits
  /// Users who were active in the month.
  case users
  /// Users who paid in the month.
  case payers
  /// Payers of the month before who did not pay in this one.
  case churned
}

/// An audience in a month.
public struct AudienceFigure: Codable, Hashable, Sendable {
  /// More than there are people or visits on Earth.
  public static let valueMax: UInt64 = 1_000_000_000_000_000

  /// The figure's name for ever; the ledger takes each once.
  public var id: String
  /// The first day of the month, in days since 1970: one of ``Instant/calendarDays``.
  public let day: Int64
  /// What is counted.
  public var measure: AudienceMeasure
  /// The product that the figure belongs to; empty for the whole company.
  public var product = ""
  /// The number of visits or people in the month: at most 10^15.
  public let value: UInt64
  /// The document or file that the figure comes from.
  public var source = ""
  /// How the figure is known.
  public var evidence = Evidence.reported

  /// - Throws: ``InvalidValue`` for a day outside 1900 to 2200, or a value above 10^15.
  public init(
    id: String, day: Int64, _ measure: AudienceMeasure, _ value: UInt64
  ) throws(InvalidValue) {
    self.id = id
    self.day = day
    self.measure = measure
    self.value = value
    try check()
  }

  enum CodingKeys: Int, CodingKey {
    case id = 1
    case day, measure, product, value, source, evidence
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(String.self, forKey: .id)
    day = try container.decode(Int64.self, forKey: .day)
    measure = try container.decode(AudienceMeasure.self, forKey: .measure)
    product = try container.decode(String.self, forKey: .product)
    value = try container.decode(UInt64.self, forKey: .value)
    source = try container.decode(String.self, forKey: .source)
    evidence = try container.decode(Evidence.self, forKey: .evidence)
    try check()
  }

  private func check() throws(InvalidValue) {
    guard Instant.calendarDays.contains(day) else {
      throw InvalidValue("figure '\(id)': day \(day) lies outside 1900 to 2200")
    }
    guard value <= Self.valueMax else { throw InvalidValue("figure '\(id)': above 10^15") }
    for name in [id, product] { try InvalidValue.checkName(name, "a name of a figure") }
  }
}

/// A file of entries and figures for the ledger.
public struct BooksBatch: Codable, Hashable, Sendable {
  /// ISO 4217 code of all amounts.
  public var currency: String
  /// Entries to book, in any order of days.
  public var entries: [BookEntry]
  /// Audience figures to book.
  public var figures: [AudienceFigure]

  public init(currency: String, entries: [BookEntry], figures: [AudienceFigure]) {
    self.currency = currency
    self.entries = entries
    self.figures = figures
  }

  enum CodingKeys: Int, CodingKey {
    case currency = 1
    case entries, figures
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    currency = try container.decode(String.self, forKey: .currency)
    entries = try container.decode([BookEntry].self, forKey: .entries)
    figures = try container.decode([AudienceFigure].self, forKey: .figures)
    try InvalidValue.checkName(currency, "a currency")
  }
}

/// What the ledger made of a ``BooksBatch``.
public struct BooksReceipt: Codable, Hashable, Sendable {
  /// Entries and figures that are now booked.
  public var added: Int
  /// Entries and figures that were already booked with the same content.
  public var known: Int

  public init(added: Int, known: Int) {
    self.added = added
    self.known = known
  }

  /// Counts one entry or figure.
  public mutating func count(isNew: Bool) {
    if isNew { added += 1 } else { known += 1 }
  }

  enum CodingKeys: Int, CodingKey {
    case added = 1
    case known
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    added = try container.decode(Int.self, forKey: .added)
    known = try container.decode(Int.self, forKey: .known)
    for count in [added, known] { try InvalidValue.check(count, in: 0...1 << 32, "entries booked") }
  }
}
