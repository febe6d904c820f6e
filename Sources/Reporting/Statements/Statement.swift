// SPDX-License-Identifier: Apache-2.0

public import Economics

/// The profit and loss of a period, and what it takes to read it: usage, audience, cash.
///
/// Formulas and their sources are in `docs/GLOSSARY.md`. A ratio whose parts are not known is `nil`,
/// never 0. Sums that an amount cannot hold are an error, never cut.
public struct Statement: Sendable {
  /// Debits less credits of each account in the period.
  public let sums: [Account: Money]
  /// What usage cost, priced from the usage ledger.
  public let usage: CostTotals
  /// In the period.
  public let months: Int
  /// Of the last month of the period.
  public let visits: UInt64?
  /// Active users in the last month; `nil` if the books have no figure.
  public let users: UInt64?
  /// Paying customers in the last month; `nil` if the books have no figure.
  public let payers: UInt64?
  /// Payers who left in the last month, over those of the month before.
  public let churn: Double?
  /// At the end of the period.
  public let cash: Money
  /// What is owed for usage then.
  public let payable: Money
  /// Whether anything was booked as cash.
  public let hasCash: Bool

  /// Subscriptions, API and other revenue.
  public let revenue: Money
  /// What serving costs: usage and hosting.
  public let serving: Money
  /// Research and training: the improvement of models.
  public let improvement: Money
  /// Staff, sales and other costs.
  public let otherCosts: Money
  /// Share of profits paid.
  public let profitShare: Money
  /// All costs: serving, improvement, other, share of profits.
  public let costs: Money
  /// Revenue less serving.
  public let grossMargin: Money
  /// Gross margin less what is spent on selling.
  public let contributionMargin: Money
  /// Revenue less all costs.
  public let result: Money
  /// Capital raised in the period.
  public let capital: Money
  private let liquidity: Money

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
    var sums: [Account: Money] = [:]
    var cash = Money.zero
    var payable = Money.zero
    var hasCash = false
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
    var used = CostTotals()
    for (month, totals) in usage where period.contains(month) { try used.add(totals) }
    for (month, totals) in allUsage ?? usage where month <= period.upperBound {
      payable = try payable.adding(totals.cost)
    }
    self.sums = sums
    self.usage = used
    self.cash = cash
    self.payable = payable
    self.hasCash = hasCash
    // A period's audience is that of its last month.
    func figure(_ measure: AudienceMeasure, in month: Month = period.upperBound) -> UInt64? {
      books.audience(measure, in: month, product: product).map(\.value)
    }
    visits = figure(.visits)
    users = figure(.users)
    payers = figure(.payers)
    let before = figure(.payers, in: period.upperBound.advanced(by: -1)).flatMap {
      $0 > 0 ? $0 : nil
    }
    churn = figure(.churned).flatMap { churned in before.map { Double(churned) / Double($0) } }

    func sum(_ matches: (Account) -> Bool) throws(MoneyError) -> Money {
      var total = Money.zero
      for (account, amount) in sums where matches(account) { total = try total.adding(amount) }
      return total
    }
    revenue = -(try sum { $0.kind == .revenue })
    serving = try used.cost.adding(sum { $0 == .hosting })
    improvement = try sum(\.improvesModels)
    otherCosts = try sum {
      $0.kind == .expense && $0 != .hosting && !$0.improvesModels && $0 != .profitShareCost
    }
    profitShare = try sum { $0 == .profitShareCost }
    costs = try serving.adding(improvement).adding(otherCosts).adding(profitShare)
    grossMargin = try revenue.adding(-serving)
    contributionMargin = try grossMargin.adding(-sum { $0 == .sales })
    result = try revenue.adding(-costs)
    capital = -(try sum { $0 == .capital || $0 == .openingBalance })
    liquidity = try cash.adding(-payable)
  }

  /// Whether some cost of serving is known: usage without any price, and no hosting, is not free.
  public var knowsServing: Bool {
    usage.hasPriced || !usage.hasUnpriced || sums[.hosting] != nil
  }
  /// Revenue over all costs.
  public var coverage: Double? { Self.ratio(revenue, costs) }
  /// Revenue over the cost of serving.
  public var servingCoverage: Double? { Self.ratio(revenue, serving) }
  /// Gross margin over revenue; `nil` without revenue.
  public var grossMarginRatio: Double? { Self.ratio(grossMargin, revenue) }
  /// All costs per month.
  public var grossBurn: Money { costs.divided(by: UInt64(months)) }
  /// Costs less revenue per month; `nil` when nothing is burnt.
  public var netBurn: Money? {
    result < .zero ? (-result).divided(by: UInt64(months)) : nil
  }
  /// Months that cash, less what is owed for usage, lasts at the net burn; `nil` without burn or
  /// without books of cash.
  public var runwayMonths: Double? {
    guard hasCash, let netBurn else { return nil }
    return max(0, Self.ratio(liquidity, netBurn) ?? 0)
  }

  /// Requests of the usage ledger, failed ones included.
  public var requests: UInt64 { usage.quantity(.requests) }
  /// Input, cached input and output tokens of the usage ledger.
  public var tokens: UInt64 { usage.tokens.all }

  /// An amount for each of so many; `nil` for none.
  public static func each(_ amount: Money, _ count: UInt64?) -> Money? {
    guard let count, count > 0 else { return nil }
    return amount.divided(by: count)
  }

  /// Requests per month from which on revenue covers all costs, revenue and serving cost per request
  /// staying what they are; `nil` when a request costs more than it brings.
  public var breakEvenRequests: UInt64? {
    guard requests > 0, let revenueEach = Self.each(revenue, requests),
      let servingEach = Self.each(serving, requests),
      let contribution = try? revenueEach.adding(-servingEach), contribution > .zero,
      let fixed = try? costs.adding(-serving)
    else { return nil }
    // Rounded up: one request less would not cover.
    let (quotient, rest) = fixed.quanta.quotientAndRemainder(dividingBy: contribution.quanta)
    let (needed, left) = (quotient + (rest > 0 ? 1 : 0)).quotientAndRemainder(
      dividingBy: Int128(months))
    return fixed.quanta >= 0 ? UInt64(exactly: needed + (left > 0 ? 1 : 0)) : nil
  }

  /// What a payer would have to pay per month for revenue to cover all costs, other revenue staying.
  public var breakEvenPrice: Money? {
    let subscriptions = -(sums[.subscriptions] ?? .zero)
    guard let other = try? revenue.adding(-subscriptions), let needed = try? costs.adding(-other)
    else { return nil }
    return Self.each(
      needed,
      payers.flatMap { payers in
        let (product, isOver) = payers.multipliedReportingOverflow(by: UInt64(months))
        return isOver ? nil : product
      })
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
