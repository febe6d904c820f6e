// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Runway
import Usage

/// Where a value of a scenario comes from.
public struct Provenance: Hashable, Sendable {
  /// Who says so; empty if the file does not say.
  public var source = ""
  /// When the source said so: a date or a month.
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
///
/// ```swift
/// var file = try ScenarioFile.chatgpt2023()
/// try file.set("tranche@3=10e9")
/// try file.check()  // throws a ScenarioError that lists all that is missing
/// let program = try RunwayProgram(file.scenario)
/// ```
/// The example is compiled in `Tests/ExampleTests/DocumentsExamples.swift`.
public struct ScenarioFile: Sendable {
  /// What is simulated.
  public var scenario: RunwayScenario
  /// Paths to simulate unless the command says otherwise.
  public var paths = 100_000
  /// What month 0 is, as `2023-07`; empty when it does not matter.
  public var start = ""
  /// ISO 4217 code: a label, never converted.
  public var currency = "USD"
  /// A remark that is written above the file.
  public var note = ""
  /// By key: `cash`, `rounds.most`, `tranche@6`.
  public var provenance: [String: Provenance] = [:]
  /// Keys of ``required`` that nobody has given.
  var unset: Set<String> = []

  /// The press's case of August 2023, which comes with the program (`examples/chatgpt-2023.yaml`).
  /// - Throws: ``FileProblem`` for a mistake in what ships, which tests rule out.
  public static func chatgpt2023() throws(FileProblem) -> ScenarioFile {
    try ScenarioFile(
      String(decoding: PackageResources.chatgpt_2023_yaml, as: UTF8.self),
      file: "chatgpt-2023.yaml")
  }

  static let events: [String: RunwayScenario.Event.Kind] = [
    "audience": .audience, "price": .price, "cost": .cost, "tranche": .tranche,
  ]

  /// A scenario as it is, nothing missing.
  public init(_ scenario: RunwayScenario) { self.scenario = scenario }

  /// A scenario to be filled: without events, rounds or volatility, and no parameter given.
  public init(named name: String) {
    scenario = RunwayScenario(
      parameters: RunwayScenario.Parameter.allCases.map { _ in .fixed(0) })
    scenario.name = name
    unset = Set(RunwayScenario.Parameter.allCases.map(\.name))
    // Without rounds the rest of them says nothing.
    unset.formUnion(
      ScenarioSetting.all.filter { $0.group == "rounds" && $0.name != "most" }.map(\.key))
  }

  /// Reads a file, which says everything that carries money itself.
  /// - Throws: ``FileProblem`` with line, key and remedy.
  public init(_ text: String, file: String) throws(FileProblem) {
    try self.init(reading: text, file: file)
    do throws(ScenarioError) {
      try check()
    } catch {
      throw FileProblem(file: file, error.description)
    }
  }

  /// Reads a file and changes it, as `--set` does; the changes may give what the file leaves out.
  /// - Throws: ``FileProblem`` for the file, ``ScenarioError`` for a change.
  public init(_ text: String, file: String, changes: [String]) throws {
    try self.init(reading: text, file: file)
    for change in changes { try set(change) }
    if let remedy = missingRemedy { throw FileProblem(file: file, remedy) }
    do throws(ScenarioError) {
      try check()
    } catch {
      if changes.isEmpty { throw FileProblem(file: file, error.description) }
      throw error
    }
  }

  /// What a file says, complete or not.
  private init(reading text: String, file: String) throws(FileProblem) {
    let root = try StrictYAML(text, file: file)
    // A key without a value is one that is still to be filled in.
    let map = try root.map([
      "scenario", "note", "start", "currency", "parameters", "correlations", "events",
      "volatility", "regime", "profit_share", "rounds", "horizon", "steps_per_month", "seed",
      "paths", "break_even_months",
    ]).filter { !$0.value.isBlank }
    self.init(named: try root.require("scenario", in: map).text())
    unset = Set(Self.required)
    if let note = map["note"] { self.note = try note.text() }
    if let start = map["start"] { self.start = try Self.month(start) }
    if let currency = map["currency"] { self.currency = try currency.text() }
    for (name, value) in try map["parameters"]?.entries() ?? [] { try add(name, value) }
    for key in ["horizon", "steps_per_month", "seed", "paths", "break_even_months"] {
      if let value = map[key] { try set(key, value) }
    }
    for group in ScenarioSetting.groups {
      let allowed = ScenarioSetting.all.filter { $0.group == group }.map(\.name)
      for (key, value) in try map[group]?.map(allowed) ?? [:] where !value.isBlank {
        try set("\(group).\(key)", value)
      }
    }
    if let list = map["correlations"] {
      unset.remove("correlations")
      for item in try list.items() { try addCorrelation(item) }
    }
    if let list = map["events"] {
      unset.remove("events")
      for item in try list.items() { try addEvent(item) }
    }
  }

  private mutating func add(_ name: String, _ value: StrictYAML) throws(FileProblem) {
    guard let parameter = RunwayScenario.Parameter(name: name) else {
      let names = RunwayScenario.Parameter.allCases.map(\.name)
      let near = Spelling.hint(for: name, among: names)
      throw value.problem("unknown parameter; known: \(names.joined(separator: ", "))\(near)")
    }
    guard !value.isBlank else { return }
    let text = try noted(value, as: parameter.name)
    do throws(ScenarioError) {
      try set(parameter.name, text)
    } catch {
      throw value.problem(error.description)
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

  /// The text of a value, whose origin is noted if it is given: `{value: …, source: …}`.
  private mutating func noted(_ value: StrictYAML, as key: String) throws(FileProblem) -> String {
    guard value.isMap else {
      provenance[key] = Provenance(source: value.file)
      return try value.text()
    }
    let map = try value.map(["value", "source", "date", "evidence"])
    let evidence = try map["evidence"]?.text() ?? "assumed"
    guard ["measured", "reported", "estimated", "assumed"].contains(evidence) else {
      throw value.problem("evidence must be measured, reported, estimated or assumed")
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

  private mutating func addCorrelation(_ yaml: StrictYAML) throws(FileProblem) {
    let map = try yaml.map(["between", "value"])
    var pair: [RunwayScenario.Parameter] = []
    for item in try yaml.require("between", in: map).items() {
      let name = try item.text()
      guard let parameter = RunwayScenario.Parameter(name: name) else {
        throw item.problem("'\(name)' is not a known parameter")
      }
      pair.append(parameter)
    }
    guard pair.count == 2 else { throw yaml.problem("a correlation needs two parameters") }
    let value = try yaml.require("value", in: map)
    let text = try value.text()
    let number = try Self.located(value) { () throws(ScenarioError) in try Self.number(text) }
    let new = RunwayScenario.Correlation(pair[0], pair[1], number)
    guard !scenario.correlations.contains(where: { $0.hasPair(of: new) }) else {
      throw yaml.problem("\(pair[0].name) and \(pair[1].name) are correlated twice")
    }
    scenario.correlations.append(new)
  }

  private mutating func addEvent(_ yaml: StrictYAML) throws(FileProblem) {
    let map = try yaml.map(["month", "source", "date", "evidence"] + Self.events.keys.sorted())
    let month = try yaml.require("month", in: map).text()
    let kinds = Self.events.keys.filter { map[$0] != nil }
    guard kinds.count == 1, let kind = kinds.first, let value = map[kind] else {
      throw yaml.problem(
        "an event needs one of \(Self.events.keys.sorted().joined(separator: ", "))")
    }
    let text = try value.text()
    let event = try Self.located(value) { () throws(ScenarioError) in
      try Self.event("\(kind)@\(month)", text)
    }
    guard let event else { return }
    // Events of a kind in one month add up or multiply; a comment can say where both come from.
    let key = "\(kind)@\(month)"
    let before = scenario.events.contains { $0.month == event.month && $0.kind == event.kind }
    scenario.events.append(event)
    var origin = Provenance(
      source: try map["source"]?.text() ?? yaml.file, date: try map["date"]?.text() ?? "",
      evidence: try map["evidence"]?.text() ?? "assumed")
    if before, let other = provenance[key], other.source != origin.source {
      origin.source = "\(other.source); \(origin.source)"
    }
    provenance[key] = origin
  }
}
