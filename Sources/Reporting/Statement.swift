// SPDX-License-Identifier: Apache-2.0

public import Economics

/// A calendar month.
public struct Month: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Months since year 0.
  public var index: Int

  public init(index: Int) { self.index = index }

  public init(day: Int64) {
    let (year, month, _) = Instant.civil(days: day)
    index = Int(year) * 12 + Int(month) - 1
  }

  /// `2023-07`; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-")
    guard parts.count == 2, parts[0].count == 4, parts[1].count == 2, let year = Int(parts[0]),
      let month = Int(parts[1]), (1...12).contains(month)
    else { return nil }
    index = year * 12 + month - 1
  }

  public static func < (a: Month, b: Month) -> Bool { a.index < b.index }

  public var description: String {
    let month = index % 12 + 1
    return "\(index / 12)-\(month < 10 ? "0" : "")\(month)"
  }

  public func advanced(by months: Int) -> Month { Month(index: index + months) }
}

/// The profit and loss of a period, and what it takes to read it: usage, audience, cash.
///
/// Formulas and their sources are in `docs/GLOSSARY.md`. A ratio whose parts are not known is `nil`,
/// never 0.
public struct Statement: Sendable {
  /// Debits less credits of each account in the period.
  public private(set) var sums: [Account: Money] = [:]
  /// What usage cost, priced from the usage ledger.
  public private(set) var usage = CostTotals()
  public private(set) var months = 0
  public private(set) var visits: UInt64?
  public private(set) var users: UInt64?
  public private(set) var payers: UInt64?
  /// Payers who left in the last month, over those of the month before.
  public private(set) var churn: Double?
  /// Cash at the end, and what is owed for usage then.
  public private(set) var cash: Money = .zero
  public private(set) var payable: Money = .zero
  public private(set) var hasCash = false

  /// - Parameters:
  ///   - usage: of what the statement is about, by month.
  ///   - allUsage: of the whole company, when that is more: what is owed is owed by all of it.
  /// - Throws: ``MoneyError/overflow``.
  public init(
    _ books: BooksBatch, usage: [(month: Month, totals: CostTotals)],
    allUsage: [(month: Month, totals: CostTotals)]? = nil, in period: ClosedRange<Month>,
    product: String? = nil, customer: String? = nil
  ) throws(MoneyError) {
    months = period.upperBound.index - period.lowerBound.index + 1
    for entry in books.entries {
      let month = Month(day: entry.day)
      let isMeant =
        (product == nil || entry.product == product)
        && (customer == nil || entry.customer == customer)
      for line in entry.lines {
        if period.contains(month) && isMeant {
          sums[line.account] = try sums[line.account, default: .zero].adding(line.amount)
        }
        // Cash is of the company as a whole.
        guard month <= period.upperBound else { continue }
        if line.account == .cash {
          cash = try cash.adding(line.amount)
          hasCash = true
        }
        if line.account == .payable { payable = try payable.adding(-line.amount) }
      }
    }
    for (month, totals) in usage where period.contains(month) { try self.usage.add(totals) }
    for (month, totals) in allUsage ?? usage where month <= period.upperBound {
      payable = try payable.adding(totals.cost)
    }
    // A period's audience is that of its last month.
    func figure(_ measure: AudienceMeasure, in month: Month = period.upperBound) -> UInt64? {
      books.audience(measure, in: month, product: product).map(\.value)
    }
    visits = figure(.visits)
    users = figure(.users)
    payers = figure(.payers)
    if let churned = figure(.churned),
      let before = figure(.payers, in: period.upperBound.advanced(by: -1)), before > 0
    {
      churn = Double(churned) / Double(before)
    }
  }

  private func sum(_ matches: (Account) -> Bool) -> Money {
    sums.filter { matches($0.key) }.reduce(.zero) { (try? $0.adding($1.value)) ?? $0 }
  }

  private static func add(_ a: Money, _ b: Money) -> Money { (try? a.adding(b)) ?? a }

  public var revenue: Money { -sum { $0.kind == .revenue } }
  /// What serving costs: usage and hosting.
  public var serving: Money { Self.add(usage.cost, sum { $0 == .hosting }) }
  /// Research and training: the improvement of models.
  public var improvement: Money { sum(\.improvesModels) }
  public var otherCosts: Money {
    sum { $0.kind == .expense && $0 != .hosting && !$0.improvesModels && $0 != .profitShareCost }
  }
  public var profitShare: Money { sum { $0 == .profitShareCost } }
  public var costs: Money {
    [improvement, otherCosts, profitShare].reduce(serving, Self.add)
  }
  /// Whether some cost of serving is known: usage without any price, and no hosting, is not free.
  public var knowsServing: Bool {
    usage.hasPriced || !usage.hasUnpriced || sums[.hosting] != nil
  }
  public var grossMargin: Money { Self.add(revenue, -serving) }
  /// Gross margin less what is spent on selling.
  public var contributionMargin: Money { Self.add(grossMargin, -sum { $0 == .sales }) }
  public var result: Money { Self.add(revenue, -costs) }
  public var capital: Money { -sum { $0 == .capital || $0 == .opening } }

  /// Revenue over all costs.
  public var coverage: Double? { Self.ratio(revenue, costs) }
  /// Revenue over the cost of serving.
  public var servingCoverage: Double? { Self.ratio(revenue, serving) }
  public var grossMarginRatio: Double? { Self.ratio(grossMargin, revenue) }
  /// All costs a month.
  public var grossBurn: Money { costs.divided(by: UInt64(months)) }
  /// Costs less revenue a month; `nil` when nothing is burnt.
  public var netBurn: Money? {
    result < .zero ? (-result).divided(by: UInt64(months)) : nil
  }
  /// Months that cash, less what is owed for usage, lasts at the net burn; `nil` without burn or
  /// without books of cash.
  public var runwayMonths: Double? {
    guard hasCash, let netBurn else { return nil }
    return max(0, Self.ratio(Self.add(cash, -payable), netBurn) ?? 0)
  }

  public var requests: UInt64 { usage.quantity(.requests) }
  public var tokens: UInt64 { usage.tokens.all }

  /// An amount for each of so many; `nil` for none.
  public static func each(_ amount: Money, _ count: UInt64?) -> Money? {
    guard let count, count > 0 else { return nil }
    return amount.divided(by: count)
  }

  /// Requests a month from which on revenue covers all costs, revenue and serving cost a request
  /// staying what they are; `nil` when a request costs more than it brings.
  public var breakEvenRequests: UInt64? {
    guard requests > 0, let revenueEach = Self.each(revenue, requests),
      let servingEach = Self.each(serving, requests)
    else { return nil }
    let contribution = Self.add(revenueEach, -servingEach)
    guard contribution > .zero else { return nil }
    let fixed = Self.add(costs, -serving)
    let each = contribution.quanta
    // Rounded up: one request less would not cover.
    let (quotient, rest) = fixed.quanta.quotientAndRemainder(dividingBy: each)
    let (needed, left) = (quotient + (rest > 0 ? 1 : 0)).quotientAndRemainder(
      dividingBy: Int128(months))
    return fixed.quanta >= 0 ? UInt64(exactly: needed + (left > 0 ? 1 : 0)) : nil
  }

  /// What a payer would have to pay a month for revenue to cover all costs, other revenue staying.
  public var breakEvenPrice: Money? {
    let subscriptions = -(sums[.subscriptions] ?? .zero)
    let needed = Self.add(costs, -Self.add(revenue, -subscriptions))
    return Self.each(needed, payers.map { $0 * UInt64(months) })
  }

  private static func ratio(_ a: Money, _ b: Money) -> Double? {
    b == .zero ? nil : a.approximate / b.approximate
  }

  /// Which months a set of books and usage spans.
  public static func span(
    _ books: BooksBatch, _ usage: [(month: Month, totals: CostTotals)]
  ) -> ClosedRange<Month>? {
    let months =
      books.entries.map { Month(day: $0.day) } + books.figures.map { Month(day: $0.day) }
      + usage.map(\.month)
    guard let first = months.min(), let last = months.max() else { return nil }
    return first...last
  }
}

/// The balance sheet at the end of a day: it balances by construction, and a test holds it to that at
/// every entry.
public struct BalanceSheet: Sendable {
  /// Debits less credits by account, usage owed included.
  public private(set) var balances: [Account: Money] = [:]
  /// Revenue less costs so far.
  public private(set) var retained: Money = .zero

  /// - Parameter usage: what usage has cost until then.
  /// - Throws: ``MoneyError/overflow``.
  public init(_ entries: some Sequence<BookEntry>, usage: Money) throws(MoneyError) {
    for entry in entries {
      for line in entry.lines {
        switch line.account.kind {
        case .revenue, .expense: retained = try retained.adding(-line.amount)
        default:
          balances[line.account] = try balances[line.account, default: .zero].adding(line.amount)
        }
      }
    }
    retained = try retained.adding(-usage)
    balances[.payable] = try balances[.payable, default: .zero].adding(-usage)
  }

  public var assets: Money { total(.asset) }
  public var liabilities: Money { -total(.liability) }
  public var equity: Money { (try? (-total(.equity)).adding(retained)) ?? .zero }
  /// Assets less liabilities and equity: 0, or the books are wrong.
  public var difference: Money {
    (try? assets.adding(-liabilities).adding(-equity)) ?? .zero
  }

  private func total(_ kind: Account.Kind) -> Money {
    balances.filter { $0.key.kind == kind }.reduce(.zero) { (try? $0.adding($1.value)) ?? $0 }
  }
}

/// Who holds what, and on whom the company depends.
public struct Independence: Sendable {
  public struct Deal: Sendable {
    public var entry: BookEntry
    public var amount: Money
    /// Of the profit share, what is still to be paid.
    public var outstanding: Money?
  }

  public private(set) var deals: [Deal] = []
  /// Who owns what after all deals: each new stake thins the earlier ones.
  public private(set) var owners: [(name: String, share: Double)] = []
  /// The part of all capital that came from each investor.
  public private(set) var capital: [(name: String, share: Double)] = []
  /// The part of all costs that went to each supplier; usage goes to its provider.
  public private(set) var costs: [(name: String, share: Double)] = []

  /// - Throws: ``MoneyError/overflow``.
  public init(_ books: BooksBatch, usageByProvider: [(name: String, cost: Money)])
    throws(MoneyError)
  {
    var funds: [String: Money] = [:]
    var spent: [String: Money] = [:]
    var shared: [String: Money] = [:]
    for entry in books.entries {
      for line in entry.lines {
        if line.account == .profitShareCost {
          shared[entry.counterparty] = try shared[entry.counterparty, default: .zero]
            .adding(line.amount)
        }
        if line.account == .capital {
          funds[entry.counterparty] = try funds[entry.counterparty, default: .zero]
            .adding(-line.amount)
        }
        if line.account.kind == .expense {
          spent[entry.counterparty] = try spent[entry.counterparty, default: .zero]
            .adding(line.amount)
        }
      }
    }
    for (provider, cost) in usageByProvider {
      spent[provider] = try spent[provider, default: .zero].adding(cost)
    }
    for entry in books.entries {
      guard let line = entry.lines.first(where: { $0.account == .capital }) else { continue }
      var outstanding: Money?
      if let cap = entry.terms?.profitShareCap {
        // What was paid goes to the oldest deal first.
        let paid = min(shared[entry.counterparty] ?? .zero, cap)
        outstanding = try cap.adding(-paid)
        shared[entry.counterparty] = try (shared[entry.counterparty] ?? .zero).adding(-paid)
      }
      deals.append(Deal(entry: entry, amount: -line.amount, outstanding: outstanding))
    }
    capital = Self.shares(funds)
    costs = Self.shares(spent)
    owners = Self.owners(deals)
  }

  private static func owners(_ deals: [Deal]) -> [(name: String, share: Double)] {
    var stakes: [String: Double] = [:]
    for deal in deals.sorted(by: { $0.entry.day < $1.entry.day }) {
      guard let millionths = deal.entry.terms?.stake else { continue }
      let stake = Double(millionths) / 1_000_000
      for name in stakes.keys { stakes[name]? *= 1 - stake }
      stakes[deal.entry.counterparty, default: 0] += stake
    }
    guard !stakes.isEmpty else { return [] }
    let rest = 1 - stakes.values.reduce(0, +)
    return stakes.map { ($0.key.isEmpty ? "not named" : $0.key, $0.value) }
      .sorted { ($0.1, $1.0) > ($1.1, $0.0) } + [("everyone before", rest)]
  }

  private static func shares(_ amounts: [String: Money]) -> [(name: String, share: Double)] {
    let total = amounts.values.reduce(0) { $0 + $1.approximate }
    guard total > 0 else { return [] }
    return amounts.map { ($0.key.isEmpty ? "not named" : $0.key, $0.value.approximate / total) }
      .sorted { ($0.1, $1.0) > ($1.1, $0.0) }
  }
}

extension BooksBatch {
  /// The audience in a month, and how it is known: of a product what was told of it, else of all;
  /// without a product what was told of all, else what the products add up to.
  public func audience(
    _ measure: AudienceMeasure, in month: Month, product: String? = nil
  ) -> (value: UInt64, evidence: Evidence, source: String)? {
    let told = figures.filter { $0.measure == measure && Month(day: $0.day) == month }
    func last(_ product: String) -> AudienceFigure? { told.last { $0.product == product } }
    if let figure = product.flatMap(last) ?? last("") {
      return (figure.value, figure.evidence, figure.source)
    }
    guard product == nil, !told.isEmpty else { return nil }
    let products = Set(told.map(\.product)).sorted().compactMap(last)
    return (
      products.reduce(0) { $0 &+ $1.value }, products.map(\.evidence).max() ?? .assumed,
      products[0].source
    )
  }
}

extension Money {
  /// This for each million, of an amount for `count`.
  public func perMillion(of count: UInt64) -> Money? {
    guard count > 0, let million = try? times(1_000_000) else { return nil }
    return million.divided(by: count)
  }

  /// Split into equal parts, rounded towards zero at 10^-24.
  public func divided(by count: UInt64) -> Money { Money(quanta: quanta / Int128(max(1, count))) }
}
