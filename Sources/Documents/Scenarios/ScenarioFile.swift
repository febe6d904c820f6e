// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Runway
import Usage

/// Where a value of a scenario comes from.
public struct Provenance: Hashable, Sendable {
  public var source = ""
  public var date = ""
  /// measured, reported, estimated or assumed.
  public var evidence = "assumed"

  public init(source: String = "", date: String = "", evidence: String = "assumed") {
    self.source = source
    self.date = date
    self.evidence = evidence
  }
}

/// A scenario as a person writes it: `docs/SCENARIOS.md`.
public struct ScenarioFile: Sendable {
  public var scenario: RunwayScenario
  /// Paths to simulate unless the command says otherwise.
  public var paths = 100_000
  /// What month 0 is, as `2023-07`; empty when it does not matter.
  public var start = ""
  public var currency = "USD"
  public var note = ""
  /// By key: `cash`, `rounds.most`, `tranche@6`.
  public var provenance: [String: Provenance] = [:]

  /// The case of the press of August 2023, as shipped (`examples/chatgpt-2023.yaml`).
  public static func chatgpt2023() throws(FileProblem) -> ScenarioFile {
    try ScenarioFile(
      String(decoding: PackageResources.chatgpt_2023_yaml, as: UTF8.self),
      file: "chatgpt-2023.yaml")
  }

  /// Keys beside the parameters that take one value: in files, and with `--set`.
  public static var settingNames: [String] { settings }
  static let settings: [String] = [
    "horizon", "steps_per_month", "seed", "paths", "break_even_months", "volatility.audience",
    "volatility.paid_share", "volatility.requests", "volatility.cost", "volatility.api",
    "regime.enter_decline", "regime.leave_decline", "regime.starts_in_decline", "regime.fade",
    "regime.paid_share_max", "regime.cost_min", "profit_share.share", "profit_share.cap",
    "rounds.most", "rounds.trigger", "rounds.gap", "rounds.lag", "rounds.success_base",
    "rounds.success_slope", "rounds.success_min", "rounds.success_max", "rounds.median",
    "rounds.spread", "rounds.scale_min", "rounds.scale_max", "rounds.burn_weight",
    "rounds.growth_weight",
  ]
  static let events: [String: RunwayScenario.Event.Kind] = [
    "audience": .audience, "price": .price, "cost": .cost, "tranche": .tranche,
  ]

  public init(_ scenario: RunwayScenario) { self.scenario = scenario }

  /// Reads a file. What it leaves out is that of the reference workload, marked as assumed.
  /// - Throws: ``FileProblem`` with line, key and remedy.
  public init(_ text: String, file: String) throws(FileProblem) {
    let root = try StrictYAML(text, file: file)
    let map = try root.map([
      "scenario", "note", "start", "currency", "parameters", "correlations", "events",
      "volatility", "regime", "profit_share", "rounds", "horizon", "steps_per_month", "seed",
      "paths", "break_even_months",
    ])
    scenario = .runway60
    scenario.name = try root.require("scenario", in: map).text()
    if let note = map["note"] { self.note = try note.text() }
    if let start = map["start"] { self.start = try Self.month(start) }
    if let currency = map["currency"] { self.currency = try currency.text() }
    let names = RunwayScenario.Parameter.allCases.map(\.name)
    for (name, value) in try map["parameters"]?.entries() ?? [] {
      guard let parameter = RunwayScenario.Parameter(name: name) else {
        let near = Spelling.hint(for: name, among: names)
        throw value.problem("unknown parameter; there are \(names.joined(separator: ", "))\(near)")
      }
      let text = try noted(value, as: parameter.name)
      scenario[parameter] = try Self.located(value) { () throws(ScenarioError) in
        try Self.distribution(text)
      }
    }
    for key in ["horizon", "steps_per_month", "seed", "paths", "break_even_months"] {
      if let value = map[key] { try set(key, value) }
    }
    for group in ["volatility", "regime", "profit_share", "rounds"] {
      guard let values = map[group] else { continue }
      let allowed = Self.settings.filter { $0.hasPrefix("\(group).") }
        .map { String($0.dropFirst(group.count + 1)) }
      for (key, value) in try values.map(allowed) { try set("\(group).\(key)", value) }
    }
    if let list = map["correlations"] {
      scenario.correlations = []
      for item in try list.items() { scenario.correlations.append(try Self.correlation(item)) }
    }
    if let list = map["events"] {
      scenario.events = []
      for item in try list.items() { try addEvent(item) }
    }
    do throws(ScenarioError) {
      try RunwayProgram.validate(scenario)
    } catch {
      throw FileProblem(file: file, error.description)
    }
  }

  private mutating func set(_ key: String, _ value: StrictYAML) throws(FileProblem) {
    let text = try noted(value, as: key)
    do throws(ScenarioError) {
      try set(key, text)
    } catch {
      throw value.problem(error.description)
    }
  }

  /// The text of a value, whose origin is noted if it is told: `{value: …, source: …}`.
  private mutating func noted(_ value: StrictYAML, as key: String) throws(FileProblem) -> String {
    guard value.isMap else {
      provenance[key] = Provenance(source: value.file)
      return try value.text()
    }
    let map = try value.map(["value", "source", "date", "evidence"])
    let evidence = try map["evidence"]?.text() ?? "assumed"
    guard ["measured", "reported", "estimated", "assumed"].contains(evidence) else {
      throw value.problem("evidence is measured, reported, estimated or assumed")
    }
    provenance[key] = Provenance(
      source: try map["source"]?.text() ?? value.file, date: try map["date"]?.text() ?? "",
      evidence: evidence)
    return try value.require("value", in: map).text()
  }

  private static func located<Value>(
    _ yaml: StrictYAML, _ body: () throws(ScenarioError) -> Value
  ) throws(FileProblem) -> Value {
    do throws(ScenarioError) {
      return try body()
    } catch {
      throw yaml.problem(error.description)
    }
  }

  private static func month(_ yaml: StrictYAML) throws(FileProblem) -> String {
    let text = try yaml.text()
    guard text.utf8.count == 7, TimeText.milliseconds(text + "-01T00:00:00Z") != nil else {
      throw yaml.problem("expected a month such as 2023-07")
    }
    return text
  }

  private static func correlation(
    _ yaml: StrictYAML
  ) throws(FileProblem) -> RunwayScenario.Correlation {
    let map = try yaml.map(["between", "value"])
    var pair: [RunwayScenario.Parameter] = []
    for item in try yaml.require("between", in: map).items() {
      let name = try item.text()
      guard let parameter = RunwayScenario.Parameter(name: name) else {
        throw item.problem("'\(name)' is no parameter")
      }
      pair.append(parameter)
    }
    guard pair.count == 2 else { throw yaml.problem("a correlation is between two parameters") }
    let value = try yaml.require("value", in: map)
    let text = try value.text()
    let number = try located(value) { () throws(ScenarioError) in try Self.number(text) }
    return .init(pair[0], pair[1], number)
  }

  private mutating func addEvent(_ yaml: StrictYAML) throws(FileProblem) {
    let map = try yaml.map(["month", "source", "date", "evidence"] + Self.events.keys.sorted())
    let month = try yaml.require("month", in: map).text()
    let kinds = Self.events.keys.filter { map[$0] != nil }
    guard kinds.count == 1, let kind = kinds.first, let value = map[kind] else {
      throw yaml.problem("an event has one of \(Self.events.keys.sorted().joined(separator: ", "))")
    }
    let text = try value.text()
    try Self.located(value) { () throws(ScenarioError) in
      try set("\(kind)@\(month)", text)
    }
    provenance["\(kind)@\(month)"] = Provenance(
      source: try map["source"]?.text() ?? yaml.file, date: try map["date"]?.text() ?? "",
      evidence: try map["evidence"]?.text() ?? "assumed")
  }

  // MARK: Single values

  /// Sets one value, as `--set KEY=VALUE` does.
  ///
  ///     cash=2e9             a parameter, in any form that a file may use
  ///     price*=0.8           a multiple of it
  ///     rounds.most=0        a setting
  ///     tranche@3=10e9       an event in a month: tranche, audience, price or cost
  ///     audience@1=-12%      a change; 0.88 is the same as a factor
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
    provenance[plain] = Provenance(source: "--set \(assignment)")
  }

  mutating func set(_ key: String, _ text: String) throws(ScenarioError) {
    if key.hasSuffix("*"), let parameter = RunwayScenario.Parameter(name: String(key.dropLast())) {
      return try scenario.multiply(parameter, by: Self.number(text))
    }
    if let parameter = RunwayScenario.Parameter(name: key) {
      scenario[parameter] = try Self.distribution(text)
      return
    }
    if let at = key.firstIndex(of: "@"), let kind = Self.events[String(key[..<at])] {
      guard let month = Int(key[key.index(after: at)...]), month >= 1 else {
        throw ScenarioError("'\(key)': the month is a number from 1")
      }
      // A change in percent is a factor.
      let value = try Self.number(text)
      let isChange = kind != .tranche && text.hasSuffix("%")
      scenario.events.removeAll { $0.month == month && $0.kind == kind }
      scenario.events.append(.init(month: month, kind, isChange ? 1 + value : value))
      scenario.events.sort { ($0.month, $0.kind.rawValue) < ($1.month, $1.kind.rawValue) }
      return
    }
    guard Self.settings.contains(key) else {
      let known =
        RunwayScenario.Parameter.allCases.map(\.name) + Self.settings
        + Self.events.keys.sorted().map { "\($0)@MONTH" }
      let near = Spelling.hint(for: key, among: known)
      throw ScenarioError("there is no '\(key)'\(near)")
    }
    try setSetting(key, text)
  }

  private mutating func setSetting(_ key: String, _ text: String) throws(ScenarioError) {
    func whole() throws(ScenarioError) -> Int {
      let value = try Self.number(text)
      guard let whole = Int(exactly: value), whole >= 0 else {
        throw ScenarioError("'\(text)' is no whole number")
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
        throw ScenarioError("paths are 8 to 2,000,000,000")
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
      guard text == "true" || text == "false" else { throw ScenarioError("true or false") }
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

  /// An amount or share as scenarios write it.
  public static func amount(_ text: String) throws(ScenarioError) -> Double { try number(text) }

  /// `12`, `1.5e9`, `10B`, `-12%`, `1_000`.
  static func number(_ text: String) throws(ScenarioError) -> Double {
    var digits = text.filter { $0 != "_" && $0 != " " }
    var factor = 1.0
    let suffixes: [Character: Double] = ["%": 0.01, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12]
    if let last = digits.last, let suffix = suffixes[last] {
      factor = suffix
      digits.removeLast()
    }
    // Double() also takes hexadecimal, "nan" and "infinity".
    guard !digits.isEmpty,
      digits.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }),
      let value = Double(digits), (value * factor).isFinite
    else { throw ScenarioError("'\(text)' is no number such as 12, 1.5e9, 10B or -12%") }
    return value * factor
  }

  /// A number; `5 to 20`, normal(5, 20), beta(6, 44), triangular(14, 17, 20).
  static func distribution(_ text: String) throws(ScenarioError) -> Distribution {
    let distribution: Distribution
    if let open = text.firstIndex(of: "("), text.last == ")" {
      let name = text[..<open].trimmingBlanks()
      var numbers: [Double] = []
      for part in text[text.index(after: open)...].dropLast().split(
        separator: ",", omittingEmptySubsequences: false)
      {
        numbers.append(try number(part.trimmingBlanks()))
      }
      switch (name, numbers.count) {
      case ("normal", 2): distribution = .normal(p5: numbers[0], p95: numbers[1])
      case ("lognormal", 2): distribution = .lognormal(p5: numbers[0], p95: numbers[1])
      case ("beta", 2): distribution = .beta(a: numbers[0], b: numbers[1])
      case ("triangular", 3):
        distribution = .triangular(low: numbers[0], mode: numbers[1], high: numbers[2])
      default:
        throw ScenarioError(
          "'\(text)': write normal(P5, P95), lognormal(P5, P95), beta(A, B) or triangular(LOW, MODE, HIGH)"
        )
      }
    } else if let range = text.firstRange(of: " to ") {
      distribution = .lognormal(
        p5: try number(String(text[..<range.lowerBound])),
        p95: try number(String(text[range.upperBound...])))
    } else {
      distribution = .fixed(try number(text))
    }
    if let problem = distribution.problem { throw ScenarioError("'\(text)': \(problem)") }
    return distribution
  }

  // MARK: Writing

  /// The file of this scenario, every value with where it comes from.
  public var text: String {
    func number(_ value: Double) -> String { Distribution.fixed(value).description }
    func origin(_ key: String) -> String {
      guard let known = provenance[key] else { return "assumed" }
      return [known.evidence, known.source, known.date].filter { !$0.isEmpty }
        .joined(separator: ", ")
    }
    var lines = ["scenario: \(Self.quoted(scenario.name))"]
    if !note.isEmpty { lines.append("note: \(Self.quoted(note))") }
    if !start.isEmpty { lines.append("start: \(start)") }
    lines += [
      "currency: \(currency)", "horizon: \(scenario.horizon)",
      "steps_per_month: \(scenario.stepsPerMonth)", "paths: \(paths)", "seed: \(scenario.seed)",
      "break_even_months: \(scenario.breakEvenMonths)", "parameters:",
    ]
    for parameter in RunwayScenario.Parameter.allCases {
      lines.append("  # \(parameter.meaning): \(origin(parameter.name))")
      lines.append("  \(parameter.name): \(scenario[parameter])")
    }
    lines.append("correlations:")
    for item in scenario.correlations {
      lines.append(
        "  - {between: [\(item.first.name), \(item.second.name)], value: \(number(item.value))}")
    }
    lines.append(scenario.events.isEmpty ? "events: []" : "events:")
    for event in scenario.events.sorted(by: { $0.month < $1.month }) {
      let kind = Self.events.first { $0.value == event.kind }?.key ?? ""
      lines.append(
        "  - {month: \(event.month), \(kind): \(number(event.amount))}  # \(origin("\(kind)@\(event.month)"))"
      )
    }
    let (volatility, regime) = (scenario.volatility, scenario.regime)
    let (rounds, share) = (scenario.rounds, scenario.profitShare)
    lines += [
      "volatility: {audience: \(number(volatility.audience)), paid_share: \(number(volatility.paidShare)), requests: \(number(volatility.requests)), cost: \(number(volatility.cost)), api: \(number(volatility.api))}",
      "regime: {enter_decline: \(number(regime.enterDecline)), leave_decline: \(number(regime.leaveDecline)), starts_in_decline: \(regime.startsInDecline), fade: \(number(regime.fade)), paid_share_max: \(number(regime.paidShareMax)), cost_min: \(number(regime.costMin))}",
      "profit_share: {share: \(number(share.share)), cap: \(number(share.cap))}", "rounds:",
      "  most: \(rounds.most)", "  trigger: \(number(rounds.trigger))", "  gap: \(rounds.gap)",
      "  lag: \(rounds.lag)", "  success_base: \(number(rounds.successBase))",
      "  success_slope: \(number(rounds.successSlope))",
      "  success_min: \(number(rounds.successMin))", "  success_max: \(number(rounds.successMax))",
      "  median: \(number(rounds.median))", "  spread: \(number(rounds.spread))",
      "  scale_min: \(number(rounds.scaleMin))", "  scale_max: \(number(rounds.scaleMax))",
      "  burn_weight: \(number(rounds.burnWeight))",
      "  growth_weight: \(number(rounds.growthWeight))",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: " ") + "\""
  }
}

extension StringProtocol {
  fileprivate func trimmingBlanks() -> String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
