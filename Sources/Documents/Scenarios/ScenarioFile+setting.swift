// SPDX-License-Identifier: Apache-2.0

import Economics
public import Runway

extension ScenarioFile {
  /// Sets one value, as `--set KEY=VALUE` does: it takes the place of what the file says at that key.
  ///
  ///     cash=2e9             a parameter, in any form that a file may use
  ///     price*=0.8           a multiple of it
  ///     rounds.most=0        a setting
  ///     tranche@3=10e9       an event in a month: tranche, audience, price or cost; the only one of
  ///                          its kind in that month
  ///     audience@1=-12%      a change; 0.88 is the same as a factor
  ///     events=[]            none at all; correlations=[] likewise
  /// - Throws: ``ScenarioError``.
  public mutating func set(_ assignment: String) throws(ScenarioError) {
    guard let sign = assignment.firstIndex(of: "=") else {
      throw ScenarioError("--set needs KEY=VALUE, not '\(assignment)'")
    }
    var key = String(assignment[..<sign])
    let value = String(assignment[assignment.index(after: sign)...])
    if key == "audience.shock" { key = "audience@1" }
    try set(key, value)
    let plain = key.hasSuffix("*") ? String(key.dropLast()) : key
    let name = RunwayScenario.Parameter(name: plain)?.name ?? plain
    provenance[name] = Provenance(source: "--set \(assignment)")
  }

  /// Gives a parameter a distribution, with where it comes from.
  public mutating func set(
    _ parameter: RunwayScenario.Parameter, _ distribution: Distribution, _ origin: Provenance
  ) {
    scenario[parameter] = distribution
    provenance[parameter.name] = origin
    unset.remove(parameter.name)
  }

  /// Leaves a parameter to be filled in, with the reason.
  public mutating func leave(_ parameter: RunwayScenario.Parameter, _ reason: Provenance) {
    scenario[parameter] = .fixed(0)
    provenance[parameter.name] = reason
    unset.insert(parameter.name)
  }

  mutating func set(_ key: String, _ text: String) throws(ScenarioError) {
    if key.hasSuffix("*"), let parameter = RunwayScenario.Parameter(name: String(key.dropLast())) {
      // A multiple of what nobody has given is not given either.
      return try scenario.multiply(parameter, by: Self.number(text))
    }
    if let parameter = RunwayScenario.Parameter(name: key) {
      let distribution = try Self.distribution(text)
      if let problem = parameter.problem(with: distribution) { throw ScenarioError(problem) }
      scenario[parameter] = distribution
      unset.remove(parameter.name)
      return
    }
    if Self.lists.contains(key) { return try clear(key, text) }
    if let event = try Self.event(key, text) {
      scenario.events.removeAll { $0.month == event.month && $0.kind == event.kind }
      scenario.events.append(event)
      scenario.events.sort { ($0.month, $0.kind.rawValue) < ($1.month, $1.kind.rawValue) }
      unset.remove("events")
      return
    }
    let settings = ScenarioSetting.all.map(\.key)
    guard settings.contains(key) else {
      let known =
        RunwayScenario.Parameter.allCases.map(\.name) + settings + Self.lists
        + Self.events.keys.sorted().map { "\($0)@MONTH" }
      let near = Spelling.hint(for: key, among: known)
      throw ScenarioError("'\(key)' is not a known key\(near)")
    }
    try setSetting(key, text)
    unset.remove(key)
  }

  private mutating func clear(_ list: String, _ text: String) throws(ScenarioError) {
    guard text.filter({ $0 != " " }) == "[]" else {
      throw ScenarioError("'\(list)=\(text)': only \(list)=[] can be set, which means none")
    }
    if list == "events" { scenario.events = [] } else { scenario.correlations = [] }
    unset.remove(list)
  }

  /// The event of a key such as `tranche@3`; `nil` for a key of another kind.
  static func event(
    _ key: String, _ text: String
  ) throws(ScenarioError) -> RunwayScenario.Event? {
    guard let at = key.firstIndex(of: "@"), let kind = Self.events[String(key[..<at])] else {
      return nil
    }
    guard let month = Int(key[key.index(after: at)...]), month >= 1 else {
      throw ScenarioError("'\(key)': the month must be a number from 1")
    }
    let value = try Self.number(text)
    // A change in percent is a factor.
    let isChange = kind != .tranche && text.hasSuffix("%")
    return .init(month: month, kind, isChange ? 1 + value : value)
  }

  private mutating func setSetting(_ key: String, _ text: String) throws(ScenarioError) {
    func whole() throws(ScenarioError) -> Int {
      let value = try Self.number(text)
      guard let whole = Int(exactly: value), whole >= 0 else {
        throw ScenarioError("'\(text)' is not a whole number")
      }
      return whole
    }
    switch key {
    case "horizon": scenario.horizon = try whole()
    case "steps_per_month": scenario.stepsPerMonth = try whole()
    case "seed": scenario.seed = UInt64(try whole())
    case "paths":
      paths = try whole()
      guard (8...2_000_000_000).contains(paths) else {
        throw ScenarioError("paths must be from 8 to 2,000,000,000")
      }
    case "break_even_months": scenario.breakEvenMonths = try whole()
    case "volatility.audience": scenario.volatility.audience = try Self.number(text)
    case "volatility.paid_share": scenario.volatility.paidShare = try Self.number(text)
    case "volatility.requests": scenario.volatility.requests = try Self.number(text)
    case "volatility.cost": scenario.volatility.cost = try Self.number(text)
    case "volatility.api": scenario.volatility.api = try Self.number(text)
    case "regime.enter_decline": scenario.regime.enterDecline = try Self.number(text)
    case "regime.leave_decline": scenario.regime.leaveDecline = try Self.number(text)
    case "regime.starts_in_decline":
      guard text == "true" || text == "false" else { throw ScenarioError("expected true or false") }
      scenario.regime.startsInDecline = text == "true"
    case "regime.fade": scenario.regime.fade = try Self.number(text)
    case "regime.paid_share_max": scenario.regime.paidShareMax = try Self.number(text)
    case "regime.cost_min": scenario.regime.costMin = try Self.number(text)
    case "profit_share.share": scenario.profitShare.share = try Self.number(text)
    case "profit_share.cap": scenario.profitShare.cap = try Self.number(text)
    case "rounds.most": scenario.rounds.most = try whole()
    case "rounds.trigger": scenario.rounds.trigger = try Self.number(text)
    case "rounds.gap": scenario.rounds.gap = try whole()
    case "rounds.lag": scenario.rounds.lag = try whole()
    case "rounds.success_base": scenario.rounds.successBase = try Self.number(text)
    case "rounds.success_slope": scenario.rounds.successSlope = try Self.number(text)
    case "rounds.success_min": scenario.rounds.successMin = try Self.number(text)
    case "rounds.success_max": scenario.rounds.successMax = try Self.number(text)
    case "rounds.median": scenario.rounds.median = try Self.number(text)
    case "rounds.spread": scenario.rounds.spread = try Self.number(text)
    case "rounds.scale_min": scenario.rounds.scaleMin = try Self.number(text)
    case "rounds.scale_max": scenario.rounds.scaleMax = try Self.number(text)
    case "rounds.burn_weight": scenario.rounds.burnWeight = try Self.number(text)
    default: scenario.rounds.growthWeight = try Self.number(text)
    }
  }
}
