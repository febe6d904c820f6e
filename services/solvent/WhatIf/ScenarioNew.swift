// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Documents
import Economics
import Foundation
import Host
import Reporting
import Runway

extension Scenario {
  struct New: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a scenario from the books, every value with where it comes from.",
      discussion: """
        What the books do not say is that of the reference workload, marked as assumed. How sure a
        value is follows from its evidence: measured is taken as it is, reported within 5 %, estimated
        within 20 %, assumed within a factor of 2 (90 % of the range). Growth comes from the figures of
        users or visits and a wide range together; fewer than 6 figures leave the range as it is.
        """)

    @OptionGroup var options: StatementOptions

    @Option(help: "What the scenario is called.")
    var name = "from the books"

    @Option(help: "Months of the books that are averaged.")
    var over = 3

    @Option(help: "Write it here instead of to standard output.", completion: .file())
    var to: String?

    func run() async throws {
      let material = try await options.material()
      let last = material.period.upperBound
      let period = material.burnPeriod(over)
      let statement = try material.statement(period)
      var file = ScenarioFile(.runway60)
      file.scenario.name = name
      file.scenario.events = []
      file.scenario.rounds.most = 0
      file.start = last.description
      file.currency = material.currency
      file.note = "written from the books of \(period.lowerBound) to \(period.upperBound)"
      // docs/SIMULATION.md, "Growth": wider than the reference, which hindsight found too narrow.
      file.scenario[.growth] = .normal(p5: 0.005, p95: 0.08)
      file.scenario[.decline] = .normal(p5: -0.09, p95: -0.005)
      let draft = Draft(material: material, statement: statement, months: statement.months)
      try draft.fill(&file)
      do {
        try RunwayProgram.validate(file.scenario)
      } catch {
        throw Failure(ExitStatus.failed, error.description)
      }
      guard let to else { return Terminal.write(file.text, to: 1) }
      do {
        try Data(file.text.utf8).write(to: URL(fileURLWithPath: to), options: .withoutOverwriting)
      } catch {
        throw Failure(ExitStatus.failed, "\(to): \(error.localizedDescription)")
      }
    }
  }

  /// What the books say of a scenario's parameters.
  private struct Draft {
    let material: StatementMaterial
    let statement: Statement
    let months: Int

    func fill(_ file: inout ScenarioFile) throws {
      let last = material.period.upperBound.description
      func set(
        _ parameter: RunwayScenario.Parameter, _ value: Double?, _ evidence: Evidence,
        _ source: String
      ) {
        guard let value, value >= 0 else { return }
        // What the books know to be nothing is nothing, not the reference's.
        file.scenario[parameter] = value == 0 ? .fixed(0) : Self.range(value, evidence)
        file.provenance[parameter.name] = Provenance(
          source: source, date: last, evidence: evidence.name)
      }
      func each(_ money: Money) -> Double { money.approximate / Double(months) }
      let users = statement.users.map { Double($0) }
      let payers = statement.payers.map { Double($0) }
      set(.audience, users, evidence(.users), "audience")
      if let users, let payers {
        set(
          .paidShare, payers / users, max(evidence(.users), evidence(.payers)), "payers over users")
      }
      let subscriptions = -(statement.sums[.subscriptions] ?? .zero)
      if let payers, payers > 0 {
        set(
          .price, each(subscriptions) / payers,
          max(evidence(of: .subscriptions), evidence(.payers)),
          "subscriptions over payers")
      }
      forecastGrowth(&file, last)
      let requests = Double(statement.requests) / Double(months)
      // What serving the API costs is in its margin.
      let api = each(-(statement.sums[.api] ?? .zero)) * (1 - file.scenario[.apiMargin].median)
      let serving = max(0.1 * each(statement.serving), each(statement.serving) - api)
      // The books do not tell payers' use from that of others.
      set(.payerWeight, 1, .measured, "cost is an average over all users")
      if let users, users > 0 {
        set(
          .requests, requests / users, evidence(.users), "requests of the usage ledger over users")
        // Without metered usage, what serving costs a user is put on one request a user and month.
        if requests == 0 {
          set(.requests, 1, .measured, "no usage is metered: a user's month is the unit")
          set(
            .cost, serving / users,
            max(evidence(of: .hosting), evidence(.users)),
            "hosting, less the API's at its margin, over users")
        }
      }
      if requests > 0 {
        set(
          .cost, serving / requests,
          statement.usage.hasUnpriced ? .assumed : statement.usage.evidence,
          "serving cost over requests, less the API's at its margin"
            + (statement.usage.hasUnpriced ? "; part of the usage has no price" : ""))
      }
      set(
        .apiRevenue, each(-(statement.sums[.api] ?? .zero)), evidence(of: .api), "API revenue")
      set(
        .fixed, each((try? statement.improvement.adding(statement.otherCosts)) ?? .zero),
        evidence { $0.kind == .expense && $0 != .hosting }, "research, training, staff and the rest"
      )
      if statement.hasCash {
        let net = try statement.cash.adding(-statement.payable)
        guard net > .zero else {
          throw Failure(
            ExitStatus.failed,
            "there is no cash left to simulate: \(statement.cash.rounded(decimals: 0)), of which \(statement.payable.rounded(decimals: 0)) is owed for usage"
          )
        }
        set(.cash, net.approximate, evidence { $0 == .cash }, "cash less what is owed for usage")
      }
      let independence = try Independence(material.books, usageByProvider: [])
      let shared = independence.deals.filter { $0.entry.terms?.profitShare != nil }
      file.scenario.profitShare.share =
        shared.map { Double($0.entry.terms?.profitShare ?? 0) / 1_000_000 }.max() ?? 0
      file.scenario.profitShare.cap = shared.reduce(0) {
        $0 + ($1.outstanding?.approximate ?? 0)
      }
      if file.provenance[RunwayScenario.Parameter.cost.name] != nil {
        file.scenario.regime.costMin = Self.rounded(0.01 * file.scenario[.cost].median)
      }
      if file.provenance[RunwayScenario.Parameter.audience.name] != nil {
        let users = file.scenario[.audience].median
        file.scenario[.saturation] = .lognormal(
          p5: Self.rounded(3 * users), p95: Self.rounded(25 * users))
      }
      if let share = users.flatMap({ users in payers.map { $0 / users } }) {
        file.scenario.regime.paidShareMax = Self.rounded(min(1, max(0.08, 4 * share)))
      }
    }

    /// Growth from the figures of users, else of visits: they move the wide ranges, and narrow them as
    /// they grow in number. Years of growth and years of decline are told apart by their mean.
    private func forecastGrowth(_ file: inout ScenarioFile, _ last: String) {
      for measure in [AudienceMeasure.users, .visits] {
        let months = Set(material.books.figures.map { Month(day: $0.day) }).sorted()
        let figures = months.compactMap { month in
          material.books.audience(measure, in: month).map {
            (month: month.index, value: Double($0.value))
          }
        }
        guard let first = figures.first, let newest = figures.last else { continue }
        let isGrowing = newest.value >= first.value
        let parameter = isGrowing ? RunwayScenario.Parameter.growth : .decline
        guard
          let forecast = DriftForecast(figures: figures, belief: file.scenario[parameter])
        else { continue }
        file.scenario[parameter] = forecast.distribution
        file.scenario.regime.startsInDecline = !isGrowing
        file.provenance[parameter.name] = Provenance(
          source: "\(forecast.changes) changes of \(measure.rawValue) and the usual range",
          date: last, evidence: Evidence.estimated.name)
        return
      }
    }

    static func range(_ value: Double, _ evidence: Evidence) -> Distribution {
      func within(_ factor: Double) -> Distribution {
        .lognormal(p5: rounded(value / factor), p95: rounded(value * factor))
      }
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
}
