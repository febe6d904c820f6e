// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Foundation
import Reporting
import Runway

/// A scenario from the books: what they say with how it is known, what they do not say either as it is
/// now (nothing grows, nothing strays) or left to be filled in. Nothing comes from another company.
struct ScenarioDraft {
  /// A figure of the audience, the month that it is of, and how it is known.
  private struct Count {
    var value: Double
    var month: Month
    var evidence: Evidence
  }

  /// Whom the books count.
  private enum Audience {
    /// Users; payers are `nil` where the books do not distinguish them.
    case users(Count, payers: Count?)
    case payers(Count)
    case absent
  }

  private let inputs: StatementInputs
  private let statement: Statement
  private let end: String
  private(set) var file: ScenarioFile

  /// Makes the draft that is asked for.
  /// - Throws: `MoneyError` where an amount cannot hold a sum, `FileProblem` where the books contradict
  ///   themselves.
  static func answer(_ query: DraftQuery, _ inputs: StatementInputs) throws -> DraftAnswer {
    let period = inputs.burnPeriod(query.books.burnMonths)
    var file = try ScenarioDraft(inputs, inputs.statement(period), name: query.name).file
    file.note =
      "written from the books of \(period.lowerBound) to \(period.upperBound); without "
      + "figures for a change, everything is held constant"
    return DraftAnswer(text: file.text, missing: file.missing)
  }

  init(_ inputs: StatementInputs, _ statement: Statement, name: String) throws {
    self.inputs = inputs
    self.statement = statement
    end = inputs.period.upperBound.description
    file = ScenarioFile(named: name)
    file.start = end
    file.currency = inputs.currency
    let audience = audience
    holdConstant()
    fillAudience(audience)
    let rest = fillRevenueBesideSubscriptions(audience)
    fillServing(rest, audience)
    fillFixedCost(besides: rest, audience)
    try fillCash()
    forecastGrowth(audience)
    try fillProfitShare()
  }

  /// Users and paying customers in the last month that has figures: usage and entries of the month under
  /// way come before its count.
  private var audience: Audience {
    if let users = last(.users) {
      return .users(users, payers: count(.payers, in: users.month) ?? last(.payers))
    }
    return last(.payers).map { .payers($0) } ?? .absent
  }

  private func count(_ measure: AudienceMeasure, in month: Month) -> Count? {
    guard let figure = inputs.books.audience(measure, in: month), figure.value > 0 else {
      return nil
    }
    return Count(value: Double(figure.value), month: month, evidence: figure.evidence)
  }

  /// The last figure of a measure up to the end of the period; `nil` for none, or for 0.
  private func last(_ measure: AudienceMeasure) -> Count? {
    let months = inputs.books.figures.filter { $0.measure == measure }.map { Month(day: $0.day) }
    return months.filter { $0 <= inputs.period.upperBound }.max().flatMap {
      count(measure, in: $0)
    }
  }

  /// Money per month.
  private func each(_ money: Money) -> Double { money.approximate / Double(statement.months) }

  private var subscriptions: Double { each(-(statement.sums[.subscriptions] ?? .zero)) }

  // MARK: Values

  /// What the books give no figure for is held constant.
  private mutating func holdConstant() {
    for parameter in [
      RunwayScenario.Parameter.growth, .decline, .loss, .paidShareDrift, .requestsDrift,
      .costDecline, .apiGrowth, .fixedGrowth,
    ] {
      assume(parameter, 0, "not in the books: held constant")
    }
    assume(.saturation, 1e15, "the audience does not grow")
    set(.payerWeight, 1, .measured, "cost is an average over all users")
  }

  private mutating func fillAudience(_ audience: Audience) {
    switch audience {
    case .users(let users, let payers):
      set(.audience, users.value, users.evidence, "users", of: users.month)
      guard let payers else { return fillAverageUser(users) }
      guard payers.value <= users.value else {
        leave(.paidShare, "the books have more paying customers than users")
        return leave(.price, "the books have more paying customers than users")
      }
      set(
        .paidShare, payers.value / users.value, max(users.evidence, payers.evidence),
        "paying customers over users", of: payers.month)
      fillPrice(payers)
    case .payers(let payers):
      set(
        .audience, payers.value, payers.evidence,
        "paying customers: the books have no other users", of: payers.month)
      set(.paidShare, 1, .measured, "only paying customers are in the books")
      fillPrice(payers)
    case .absent:
      for parameter in [RunwayScenario.Parameter.audience, .paidShare, .price, .requests, .cost] {
        assume(parameter, 0, "the books have no audience: all revenue is api_revenue")
      }
    }
  }

  /// Without payers in the books, every user pays the average, which comes to the same revenue.
  private mutating func fillAverageUser(_ users: Count) {
    guard subscriptions != 0 else {
      set(.paidShare, 0, .measured, "no subscriptions are booked")
      return set(.price, 0, .measured, "no subscriptions are booked")
    }
    set(.paidShare, 1, .measured, "the books have no paying customers: every user pays the average")
    set(
      .price, subscriptions / users.value, max(evidence(of: .subscriptions), users.evidence),
      "subscriptions over users")
  }

  private mutating func fillPrice(_ payers: Count) {
    set(
      .price, subscriptions / payers.value, max(evidence(of: .subscriptions), payers.evidence),
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
    return margin > 0 ? serving * ((revenue - other) / revenue) : max(0, serving - other)
  }

  private mutating func fillServing(_ serving: Double, _ audience: Audience) {
    let users: Count
    switch audience {
    case .users(let count, _), .payers(let count): users = count
    case .absent: return
    }
    let requests = Double(statement.requests) / Double(statement.months)
    guard statement.knowsServing else {
      set(.requests, requests / users.value, users.evidence, "metered requests per user")
      return leave(.cost, "the books do not say what serving costs")
    }
    guard requests > 0 else {
      // Without metered usage, the cost of serving a user is put on one request per user and month.
      set(.requests, 1, .measured, "no usage is metered: a user's month is the unit")
      return set(
        .cost, serving / users.value, max(evidence(of: .hosting), users.evidence),
        "hosting, less the API's at its margin, over users")
    }
    set(.requests, requests / users.value, users.evidence, "metered requests per user")
    set(
      .cost, serving / requests,
      statement.usage.hasUnpriced ? .assumed : statement.usage.evidence,
      "serving cost over requests, less the API's at its margin"
        + (statement.usage.hasUnpriced ? "; some usage is unpriced" : ""))
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
    let months = Set(inputs.books.figures.map { Month(day: $0.day) })
      .filter { $0 <= inputs.period.upperBound }.sorted()
    for measure in [AudienceMeasure.users, .visits, .payers] {
      let figures = months.compactMap { month in
        inputs.books.audience(measure, in: month).map {
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
    let independence = try Independence(inputs.books, usageByProvider: [])
    let shared = independence.deals.filter { $0.entry.terms?.profitShare != nil }
    file.scenario.profitShare.share =
      shared.map { Double($0.entry.terms?.profitShare ?? 0) / 1_000_000 }.max() ?? 0
    // A deal without a cap takes its share permanently.
    let caps = shared.map { $0.outstanding?.approximate ?? 1e15 }
    file.scenario.profitShare.cap = min(1e15, caps.reduce(0, +))
  }

  // MARK: Parameters

  private func origin(
    _ source: String, _ evidence: Evidence, of month: Month? = nil
  ) -> Provenance {
    Provenance(source: source, date: month?.description ?? end, evidence: evidence.name)
  }

  /// A value of the books; one that no scenario can have is left to be filled in.
  private mutating func set(
    _ parameter: RunwayScenario.Parameter, _ value: Double, _ evidence: Evidence, _ source: String,
    of month: Month? = nil
  ) {
    let distribution = Self.range(value, evidence)
    if parameter.problem(with: distribution) == nil {
      file.set(parameter, distribution, origin(source, evidence, of: month))
    } else if parameter.problem(with: .fixed(value)) == nil {
      file.set(parameter, .fixed(value), origin(source, evidence, of: month))
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
    file.leave(parameter, Provenance(source: reason, date: end, evidence: ""))
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

  private func evidence(of account: Account) -> Evidence { evidence { $0 == account } }

  /// The weakest of the entries that touch an account.
  private func evidence(_ matches: (Account) -> Bool) -> Evidence {
    inputs.books.entries.filter { $0.lines.contains { matches($0.account) } }
      .map(\.evidence).max() ?? .assumed
  }
}
