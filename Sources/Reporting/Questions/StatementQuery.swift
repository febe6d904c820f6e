// SPDX-License-Identifier: Apache-2.0

import Economics

/// Which statement, and of what part of the books.
public struct StatementQuery: Codable, Hashable, Sendable {
  /// Raw values are sent; they are never reused.
  public enum Kind: Int, Codable, CaseIterable, Sendable {
    case profitAndLoss = 1
    case unitEconomics = 2
    case coverage = 3
    case runway = 4
    case balance = 5
    case audience = 6

    /// Whether its answer can have so many columns: months and their total, months, or the one period.
    func allows(columns: Int) -> Bool {
      switch self {
      case .profitAndLoss: columns >= 2
      case .audience: true
      case .unitEconomics, .coverage, .runway, .balance: columns == 1
      }
    }

    /// The name in schemas and commands.
    public var name: String {
      switch self {
      case .profitAndLoss: "pnl"
      case .unitEconomics: "unit"
      case .coverage: "coverage"
      case .runway: "runway"
      case .balance: "balance"
      case .audience: "audience"
      }
    }
  }

  /// Which statement is asked for.
  public var kind: Kind
  /// The first and last month; `nil` takes what the books span.
  public var since: Month?
  /// The last month, included; `nil` for the last of the books.
  public var until: Month?
  /// IANA name of the time zone in which months of usage begin.
  public var zone: String
  /// Only this product; `nil` for all.
  public var product: String?
  /// Only this customer; `nil` for all.
  public var customer: String?
  /// Usage of this AI model only; revenue and other costs stay.
  public var model: String?
  /// Months over which burn is averaged, for ``Kind/runway``: 1 to 120.
  public var burnMonths: Int

  public init(
    _ kind: Kind, since: Month? = nil, until: Month? = nil, zone: String = "UTC",
    product: String? = nil, customer: String? = nil, model: String? = nil, burnMonths: Int = 3
  ) {
    self.kind = kind
    self.since = since
    self.until = until
    self.zone = zone
    self.product = product
    self.customer = customer
    self.model = model
    self.burnMonths = burnMonths
  }

  enum CodingKeys: Int, CodingKey {
    case kind = 1
    case since, until, zone, product, customer, model, burnMonths
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    kind = try container.decode(Kind.self, forKey: .kind)
    since = try container.decodeIfPresent(Month.self, forKey: .since)
    until = try container.decodeIfPresent(Month.self, forKey: .until)
    zone = try container.decode(String.self, forKey: .zone)
    product = try container.decodeIfPresent(String.self, forKey: .product)
    customer = try container.decodeIfPresent(String.self, forKey: .customer)
    model = try container.decodeIfPresent(String.self, forKey: .model)
    burnMonths = try container.decode(Int.self, forKey: .burnMonths)
    try InvalidValue.check(burnMonths, in: 1...120, "months of burn")
  }
}
