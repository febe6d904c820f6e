// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Foundation
import Reporting
import Runway

/// A scenario from the books: what they say with how it is known, what they do not say either as it is
/// now (nothing grows, nothing strays) or left to be filled in. Nothing comes from another company.
struct ScenarioDraft {
  /// Whom the books count.
  private enum Audience {
    /// Users; payers are `nil` where the books do not distinguish them.
    case users(Double, payers: Double?)
    case payers(Double)
    case absent
  }

  private let material: StatementMaterial
  private let statement: Statement
  private let last: String
  private(set) var file: ScenarioFile

  /// Makes the draft that is asked for.
  /// - Throws: `MoneyError` where an amount cannot hold a sum, `FileProblem` where the books contradict
  ///   themselves.
  static func answer(_ query: DraftQuery, _ material: StatementMaterial) throws -> DraftAnswer {
    let period = material.burnPeriod(query.books.burnMonths)
    var file = try ScenarioDraft(material, material.statement(period), name: query.name).file
    file.note =
      "written from the books of \(period.lowerBound) to \(period.upperBound); without "
      + "figures for a "
      + "change, everything stays as it is"
    return DraftAnswer(text: file.text, missing: file.missing)
  }

  init(_ material: StatementMaterial, _ statement: Statement, name: String) throws {
    self.material = material
    self.statement = statement
    last = material.period.upperBound.description
    file = ScenarioFile(named: name)
    file.start = last
    file.currency = material.currency
    let audience = audience
    keepAsItIs()
    fillAudience(audience)
    let rest = fillRevenueBesideSubscriptions(audience)
    fillServing(rest, audience)
    fillFixedCost(besides: rest, audience)
    try fillCash()
    forecastGrowth(audience)
    try fillProfitShare()
  }

  private var audience: Audience {
    let users = statement.users.map { Double($0) } ?? 0
    let payers = statement.payers.map { Double($0) } ?? 0
    if users > 0 { return .users(users, payers: payers > 0 ? payers : nil) }
    return payers > 0 ? .payers(payers) : .absent
  }

  /// Money per month.
  private func each(_ money: Money) -> Double { money.approximate / Double(statement.months) }

  private var subscriptions: Double { each(-(statement.sums[.subscriptions] ?? .zero)) }

  // MARK: Values

  /// What the books do not know to change stays as it is.
  private mutating func keepAsItIs() {
    for parameter in [
      RunwayScenario.Parameter.growth, .decline, .loss, .paidShareDrift, .requestsDrift,
      .costDecline, .apiGrowth, .fixedGrowth,
    ] {
      assume(parameter, 0, "not in the books: stays as it is")
    }
    assume(.saturation, 1e15, "the audience does not grow")
    set(.payerWeight, 1, .measured, "cost is an average over all users")
  }

  private mutating func fillAudience(_ audience: Audience) {
    switch audience {
    case .users(let users, let payers):
      set(.audience, users, evidence(.users), "users")
      guard let payers else { return fillAverageUser(users) }
      guard payers <= users else {
        leave(.paidShare, "the books have more paying customers than users")
        return leave(.price, "the books have more paying customers than users")
      }
      let known = max(evidence(.users), evidence(.payers))
      set(.paidShare, payers / users, known, "paying customers over users")
      fillPrice(payers)
    case .payers(let payers):
      set(.audience, payers, evidence(.payers), "paying customers: the books have no other users")
      set(.paidShare, 1, .measured, "only paying customers are in the books")
      fillPrice(payers)
    case .absent:
      for parameter in [RunwayScenario.Parameter.audience, .paidShare, .price, .requests, .cost] {
        set(parameter, 0, .measured, "the books have no audience: all revenue is api_revenue")
      }
    }
  }

  /// Without payers in the books, every user pays the average, which comes to the same revenue.
  private mutating func fillAverageUser(_ users: Double) {
    guard subscriptions != 0 else {
      set(.paidShare, 0, .measured, "no subscriptions are booked")
      return set(.price, 0, .measured, "no subscriptions are booked")
    }
    set(.paidShare, 1, .measured, "the books have no paying customers: every user pays the average")
    set(
      .price, subscriptions / users, max(evidence(of: .subscriptions), evidence(.users)),
      "subscriptions over users")
  }

  private mutating func fillPrice(_ payers: Double) {
    set(
      .price, subscriptions / payers, max(evidence(of: .subscriptions), evidence(.payers)),
      "subscriptions over paying customers")
  }

  /// Revenue that no payer of the audience brings, at the gross margin of all revenue.
  /// - Returns: the monthly cost of serving beside that.
  private mutating func fillRevenueBesideSubscriptions(_ audience: Audience) -> Double {
    let revenue = each(statement.revenue)
    let serving = each(statement.serving)
    let isAll = if case .absent = audience { true } else { false }
    let other = isAll ? revenue : revenue - subscriptions
    let known = evidence { $0.kind == .revenue && (isAll || $0 != .subscriptions) }
    set(.apiRevenue, other, known, isAll ? "all revenue" : "revenue beside subscriptions")
    guard other > 0, revenue > 0 else {
      set(.apiMargin, 0, .measured, "there is no such revenue")
      return serving
    }
    guard statement.knowsServing else {
      leave(.apiMargin, "the books do not say what serving costs")
      return 0
    }
    let margin = max(0, 1 - serving / revenue)
    assume(.apiMargin, Self.rounded(margin), "the gross margin of all revenue")
    return max(0, serving - other * (1 - margin))
  }

  private mutating func fillServing(_ serving: Double, _ audience: Audience) {
    let (users, measure): (Double, AudienceMeasure)
    switch audience {
    case .users(let count, _): (users, measure) = (count, .users)
    case .payers(let count): (users, measure) = (count, .payers)
    case .absent: return
    }
    let requests = Double(statement.requests) / Double(statement.months)
    guard statement.knowsServing else {
      set(.requests, requests / users, evidence(measure), "requests of the usage ledger over users")
      return leave(.cost, "the books do not say what serving costs")
    }
    guard requests > 0 else {
      // Without metered usage, the cost of serving a user is put on one request per user and month.
      set(.requests, 1, .measured, "no usage is metered: a user's month is the unit")
      return set(
        .cost, serving / users, max(evidence(of: .hosting), evidence(measure)),
        "hosting, less the API's at its margin, over users")
    }
    set(.requests, requests / users, evidence(measure), "requests of the usage ledger over users")
    set(
      .cost, serving / requests,
      statement.usage.hasUnpriced ? .assumed : statement.usage.evidence,
      "serving cost over requests, less the API's at its margin"
        + (statement.usage.hasUnpriced ? "; part of the usage has no price" : ""))
  }

  private mutating func fillFixedCost(besides serving: Double, _ audience: Audience) {
    let fixed = each(statement.improvement) + each(statement.otherCosts)
    let known = evidence { $0.kind == .expense && $0 != .hosting }
    guard case .absent = audience, serving > 0 else {
      return set(.fixed, fixed, known, "research, training, staff and other costs")
    }
    set(
      .fixed, fixed + serving, max(known, evidence(of: .hosting)),
      "research, training, staff and other costs, plus serving beyond revenue")
  }

  private mutating func fillCash() throws {
    let net = try statement.cash.adding(-statement.payable)
    guard statement.hasCash, net >= .zero else {
      let owed = statement.payable.rounded(decimals: 0)
      return leave(
        .cash, "the books have \(statement.cash.rounded(decimals: 0)), of which \(owed) is owed")
    }
    set(.cash, net.approximate, evidence { $0 == .cash }, "cash less what is owed for usage")
  }

  /// Growth, and how far a month strays from it, from the figures of users, else of visits. Months of
  /// growth and of decline are not distinguished: there is one regime.
  private mutating func forecastGrowth(_ audience: Audience) {
    if case .absent = audience { return }
    let months = Set(material.books.figures.map { Month(day: $0.day) }).sorted()
    for measure in [AudienceMeasure.users, .visits, .payers] {
      let figures = months.compactMap { month in
        material.books.audience(measure, in: month).map {
          (month: month.index, value: Double($0.value))
        }
      }
      guard let forecast = DriftForecast(figures: figures, belief: DriftForecast.noDirection)
      else { continue }
      let source = "\(forecast.changes) monthly changes of \(measure.rawValue)"
      file.set(.growth, forecast.distribution, origin(source, .estimated))
      file.scenario.volatility.audience = min(2, Self.rounded(forecast.spread))
      if forecast.mean > 0 {
        leave(.saturation, "the books do not say where growth ends")
      } else {
        assume(.saturation, 1e15, "the audience does not grow")
      }
      return
    }
  }

  private mutating func fillProfitShare() throws {
    let independence = try Independence(material.books, usageByProvider: [])
    let shared = independence.deals.filter { $0.entry.terms?.profitShare != nil }
    file.scenario.profitShare.share =
      shared.map { Double($0.entry.terms?.profitShare ?? 0) / 1_000_000 }.max() ?? 0
    // A deal without a cap takes its share for ever.
    let caps = shared.map { $0.outstanding?.approximate ?? 1e15 }
    file.scenario.profitShare.cap = min(1e15, caps.reduce(0, +))
  }

  // MARK: Parameters

  private func origin(_ source: String, _ evidence: Evidence) -> Provenance {
    Provenance(source: source, date: last, evidence: evidence.name)
  }

  /// A value of the books; one that no scenario can have is left to be filled in.
  private mutating func set(
    _ parameter: RunwayScenario.Parameter, _ value: Double, _ evidence: Evidence, _ source: String
  ) {
    let distribution = Self.range(value, evidence)
    if parameter.problem(with: distribution) == nil {
      file.set(parameter, distribution, origin(source, evidence))
    } else if parameter.problem(with: .fixed(value)) == nil {
      file.set(parameter, .fixed(value), origin(source, evidence))
    } else {
      leave(parameter, "\(source): the books give \(value)")
    }
  }

  private mutating func assume(
    _ parameter: RunwayScenario.Parameter, _ value: Double, _ source: String
  ) {
    file.set(parameter, .fixed(value), origin(source, .assumed))
  }

  private mutating func leave(_ parameter: RunwayScenario.Parameter, _ reason: String) {
    file.leave(parameter, Provenance(source: reason, date: last, evidence: ""))
  }

  private static func range(_ value: Double, _ evidence: Evidence) -> Distribution {
    func within(_ factor: Double) -> Distribution {
      .lognormal(p5: rounded(value / factor), p95: rounded(value * factor))
    }
    guard value > 0 else { return .fixed(value) }
    return switch evidence {
    case .measured: .fixed(value)
    case .reported: within(1.05)
    case .estimated: within(1.2)
    case .assumed: within(2)
    }
  }

  /// Four digits: more would claim to know them.
  private static func rounded(_ value: Double) -> Double {
    Double(String(format: "%.3e", value)) ?? value
  }

  // MARK: Evidence

  private func evidence(_ measure: AudienceMeasure) -> Evidence {
    material.books.figures.last { $0.measure == measure }?.evidence ?? .assumed
  }

  private func evidence(of account: Account) -> Evidence { evidence { $0 == account } }

  /// The weakest of the entries that touch an account.
  private func evidence(_ matches: (Account) -> Bool) -> Evidence {
    material.books.entries.filter { $0.lines.contains { matches($0.account) } }
      .map(\.evidence).max() ?? .assumed
  }
}
