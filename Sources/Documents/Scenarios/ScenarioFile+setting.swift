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
    guard let setting = ScenarioSetting.all.first(where: { $0.key == key }) else {
      let known =
        RunwayScenario.Parameter.allCases.map(\.name) + ScenarioSetting.all.map(\.key) + Self.lists
        + Self.events.keys.sorted().map { "\($0)@MONTH" }
      let near = Spelling.hint(for: key, among: known)
      throw ScenarioError("'\(key)' is not a known key\(near)")
    }
    try setting.set(&self, text)
    guard (8...2_000_000_000).contains(paths) else {
      throw ScenarioError("paths must be from 8 to 2,000,000,000")
    }
    unset.remove(key)
  }

  /// The scenario's seed, as files write it.
  var seed: Int {
    get { Int(clamping: scenario.seed) }
    set { scenario.seed = UInt64(newValue) }
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
}
