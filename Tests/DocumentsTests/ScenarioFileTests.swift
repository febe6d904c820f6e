// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Runway
import Testing

@testable import Documents

@Suite("Scenario files")
struct ScenarioFileTests {
  static func example(_ name: String) throws -> String {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  @Test func theExampleIsTheReferenceWorkload() throws {
    let file = try ScenarioFile(Self.example("runway-60.yaml"), file: "runway-60.yaml")
    #expect(file.scenario == .runway60)
    #expect(file.provenance["cash"]?.evidence == "assumed")
    #expect(file.provenance["cost_per_request"]?.date == "2023-02")
  }

  @Test func whatIsWrittenReadsTheSame() throws {
    var file = ScenarioFile(.runway60)
    for change in [
      "cash=2e9", "price*=0.8", "audience@1=-12%", "tranche@3=10B", "rounds.most=0", "horizon=36",
      "growth=normal(0.01, 0.02)", "loss=beta(2, 9)", "regime.starts_in_decline=false",
      "steps_per_month=2", "seed=9", "volatility.cost=1%",
    ] { try file.set(change) }
    let again = try ScenarioFile(file.text, file: "written")
    #expect(again.scenario == file.scenario && again.paths == file.paths)
    #expect(again.scenario.events.contains(.init(month: 1, .audience, 0.88)))
    #expect(again.scenario.seed == 9 && again.scenario.rounds.most == 0)
  }

  /// A company of its own, every value of it.
  static let firm = """
    scenario: firm
    start: 2026-01
    horizon: 36
    parameters:
      audience: 1000
      growth: 0
      decline: 0
      loss: 0
      saturation: 1e9
      paid_share: 0.01
      paid_share_drift: 0
      price: 20
      requests: 10
      requests_drift: 0
      cost_per_request: 0.001
      cost_decline: 0
      payer_weight: 1
      api_revenue: 0
      api_growth: 0
      api_margin: 0.5
      fixed_cost: 6200
      fixed_growth: 0
      cash: 108000

    """
  static let nothing = """
    events: []
    rounds: {most: 0}
    profit_share: {share: 0, cap: 0}
    volatility: {audience: 0, paid_share: 0, requests: 0, cost: 0, api: 0}
    regime: {enter_decline: 0, leave_decline: 0, starts_in_decline: false, fade: 1, paid_share_max: 1, cost_min: 0}
    correlations: []

    """

  @Test func whatCarriesMoneyIsGivenOrTheFileIsRefused() throws {
    let problem = #expect(throws: FileProblem.self) {
      try ScenarioFile(Self.firm.replacing("  growth: 0\n", with: ""), file: "firm.yaml")
    }
    let text = problem?.description ?? ""
    #expect(text.hasPrefix("firm.yaml: the scenario is missing: growth, events"))
    // What is to be copied makes the file whole, but for the figures that only the firm knows.
    for line in Self.nothing.split(separator: "\n") { #expect(text.contains(line), "\(line)") }
    #expect(text.contains("  growth:  # log growth per month while growing, from -2 to 2"))
    let file = try ScenarioFile(Self.firm + Self.nothing, file: "firm.yaml")
    #expect(file.scenario.events.isEmpty && file.scenario.correlations.isEmpty)
    #expect(file.scenario.rounds == .init() && file.scenario.profitShare == .init())
    #expect(file.scenario.volatility == .init() && file.scenario.regime == .init())
  }

  @Test func aFirmThatBurnsItsCashIsRuinedInTheMonthOfTheDivision() throws {
    // 108,000 over a burn of 6,200 - 200 + 10 a month: 17.97 months.
    let file = try ScenarioFile(Self.firm + Self.nothing, file: "firm.yaml")
    let ruins = RunwayEngine.simulate(
      try RunwayProgram(file.scenario), seed: 3, first: 0, count: 64
    ).ruinOfPath
    #expect(Set(ruins) == [18])
  }

  @Test func partOfAGroupIsNotTheGroup() {
    for (line, missing) in [
      ("volatility: {audience: 0.1}", "volatility.paid_share, volatility.requests"),
      ("rounds: {most: 1, median: 1e6}", "rounds.trigger, rounds.gap, rounds.lag"),
      ("profit_share: {share: 0.5}", "is missing: profit_share.cap\n"),
      ("events:", "is missing: events\n"), ("regime:\n  fade:", "is missing: regime\n"),
    ] {
      let group = line.prefix { $0 != ":" }
      let rest = Self.nothing.split(separator: "\n").filter { !$0.hasPrefix("\(group):") }
      let problem = #expect(throws: FileProblem.self) {
        try ScenarioFile(Self.firm + rest.joined(separator: "\n") + "\n" + line, file: "firm.yaml")
      }
      #expect(problem?.description.contains(missing) == true, "\(problem?.description ?? "")")
    }
  }

  @Test func changesCompleteAFile() throws {
    let changes = Self.nothing.split(separator: "\n").flatMap { line -> [String] in
      guard line.contains("{") else { return [String(line).replacing(": ", with: "=")] }
      let group = line.prefix { $0 != ":" }
      let values = String(line.drop { $0 != "{" }.dropFirst().dropLast())
      return values.split(separator: ",").map {
        "\(group).\($0.replacing(" ", with: "").replacing(":", with: "="))"
      }
    }
    let whole = try ScenarioFile(Self.firm + Self.nothing, file: "firm.yaml")
    #expect(
      try ScenarioFile(Self.firm, file: "firm.yaml", changes: changes).scenario == whole.scenario)
    #expect(throws: FileProblem.self) {
      try ScenarioFile(Self.firm, file: "firm.yaml", changes: changes.dropLast())
    }
    // A multiple of what nobody has given is nothing.
    #expect(throws: FileProblem.self) {
      try ScenarioFile(
        (Self.firm + Self.nothing).replacing("  price: 20\n", with: ""), file: "firm.yaml",
        changes: ["price*=2"])
    }
  }

  @Test func aRoundWithoutASizeIsRefused() throws {
    var file = try ScenarioFile(Self.firm + Self.nothing, file: "firm.yaml")
    try file.set("rounds.most=1")
    let error = #expect(throws: ScenarioError.self) { try file.check() }
    #expect(error?.description.contains("rounds.median") == true)
    #expect(error?.description.contains("  median:   # median size of a round") == true)
  }

  @Test func aFileToBeFilledInIsRefusedUntilItIs() throws {
    var file = ScenarioFile(named: "mine")
    for parameter in RunwayScenario.Parameter.allCases where parameter != .cash {
      file.set(parameter, .fixed(parameter == .saturation ? 1e9 : 0), Provenance(source: "books"))
    }
    file.leave(.cash, Provenance(source: "the books do not say"))
    #expect(file.missing == ["cash"] && file.text.contains("\n  cash:\n"))
    #expect(file.text.contains("cash at the start: FILL IN"))
    let problem = #expect(throws: FileProblem.self) { try ScenarioFile(file.text, file: "m.yaml") }
    #expect(problem?.description.contains("is missing: cash\n") == true)
    let filled = try ScenarioFile(file.text, file: "m.yaml", changes: ["C0=5k"])
    #expect(filled.scenario[.cash] == .fixed(5_000) && filled.provenance["cash"] != nil)
  }

  @Test func eventsOfOneMonthAddUpAndSetTakesTheirPlace() throws {
    let text = (Self.firm + Self.nothing).replacing(
      "events: []",
      with: """
        events:
          - {month: 3, tranche: 1e6, source: bank}
          - {month: 3, tranche: 2e6, source: fund}
          - {month: 3, audience: 0.5}
          - {month: 3, audience: 80%}
        """)
    var file = try ScenarioFile(text, file: "firm.yaml")
    #expect(file.scenario.events.filter { $0.kind == .tranche }.map(\.amount) == [1e6, 2e6])
    #expect(file.scenario.events.filter { $0.kind == .audience }.map(\.amount) == [0.5, 1.8])
    #expect(file.provenance["tranche@3"]?.source == "bank; fund")
    #expect(try ScenarioFile(file.text, file: "again").scenario == file.scenario)
    try file.set("tranche@3=5e6")
    #expect(file.scenario.events.filter { $0.kind == .tranche }.map(\.amount) == [5e6])
    try file.set("events=[]")
    #expect(file.scenario.events.isEmpty)
  }

  @Test func theShippedCaseIsWhole() throws {
    let file = try ScenarioFile.chatgpt2023()
    #expect(file.missing.isEmpty && file.unset.isEmpty)
    #expect(file.scenario.correlations == RunwayScenario.runway60.correlations)
    #expect(file.scenario.volatility == RunwayScenario.runway60.volatility)
    #expect(file.scenario.regime == RunwayScenario.runway60.regime)
    #expect(file.scenario.profitShare == RunwayScenario.runway60.profitShare)
    var rounds = RunwayScenario.runway60.rounds
    rounds.most = 0
    #expect(file.scenario.rounds == rounds)
    let result = RunwayEngine.simulate(
      try RunwayProgram(file.scenario), seed: 1, first: 0, count: 8_192)
    #expect(String(result.counts.cashFingerprint, radix: 16) == "3e0c3109d85ddd97")
  }

  @Test func everyParameterAndSettingCanBeSet() throws {
    var file = ScenarioFile(.runway60)
    for parameter in RunwayScenario.Parameter.allCases {
      try file.set("\(parameter.name)=0.5")
      try file.set("\(parameter.symbol)=0.25")
      #expect(file.scenario[parameter] == .fixed(0.25))
    }
    for setting in ScenarioSetting.all.map(\.key) {
      try file.set("\(setting)=\(setting == "regime.starts_in_decline" ? "true" : "8")")
    }
  }

  /// A whole file but for its name.
  static let rest = (firm + nothing).replacing("scenario: firm\n", with: "")
    .replacing("horizon: 36\n", with: "")

  @Test(
    "A mistake is reported with its place and its remedy",
    arguments: [
      // text after `scenario: s`, line, words
      ("parameters: {cahs: 1}", 2, "did you mean 'cash'?"),
      ("parameters:\n  cash: 5 to 1", 3, "0 < LOW < HIGH"),
      ("parameters:\n  cash: plenty", 3, "not a valid number"),
      ("parameters:\n  loss: beta(1)", 3, "beta(A, B)"),
      ("rounds: {mots: 1}", 2, "did you mean 'most'?"),
      ("rounds:\n  most: 1.5", 3, "not a whole number"),
      ("events:\n  - {month: 0, tranche: 1}", 3, "from 1"),
      ("events:\n  - {month: 1}", 3, "one of audience, cost, price, tranche"),
      (
        "correlations:\n  - {between: [cash, hope], value: 0.1}", 3,
        "'hope' is not a known parameter"
      ),
      (Self.rest + "horizon: 500", 0, "1 to 240"),
      ("parameters:\n  cash: &a 5\n  price: *a", 0, "anchors"),
      ("parameters:\n  cash: {value: 1, evidence: sure}", 3, "measured, reported"),
      ("start: July", 2, "2023-07"),
      ("parameters:\n  loss: 1.5", 3, "loss must be from 0 to 1"),
      (
        "correlations:\n  - {between: [cash, price], value: 0.1}\n"
          + "  - {between: [price, cash], value: 0.2}", 4, "correlated twice"
      ),
      ("parameters:\n  cash: !!float 5", 0, "tags"),
      ("parameters: !include other.yaml", 0, "tags"),
    ] as [(String, Int, String)])
  func mistakes(_ text: String, _ line: Int, _ words: String) {
    let problem = #expect(throws: FileProblem.self) {
      try ScenarioFile("scenario: s\n" + text + "\n", file: "s.yaml")
    }
    #expect(problem?.description.contains(words) == true, "\(problem?.description ?? "none")")
    #expect(line == 0 || problem?.line == line, "\(problem?.description ?? "none")")
  }
}
