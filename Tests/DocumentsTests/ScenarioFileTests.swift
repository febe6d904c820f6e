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

  @Test func everyParameterAndSettingCanBeSet() throws {
    var file = ScenarioFile(.runway60)
    for parameter in RunwayScenario.Parameter.allCases {
      try file.set("\(parameter.name)=0.5")
      try file.set("\(parameter.symbol)=0.25")
      #expect(file.scenario[parameter] == .fixed(0.25))
    }
    for setting in ScenarioFile.settingNames {
      try file.set("\(setting)=\(setting == "regime.starts_in_decline" ? "true" : "8")")
    }
  }

  @Test(
    "A mistake is told with its place and its remedy",
    arguments: [
      // text after `scenario: s`, line, words
      ("parameters: {cahs: 1}", 2, "did you mean 'cash'?"),
      ("parameters:\n  cash: 5 to 1", 3, "0 < LOW < HIGH"),
      ("parameters:\n  cash: plenty", 3, "no number"),
      ("parameters:\n  loss: beta(1)", 3, "beta(A, B)"),
      ("rounds: {mots: 1}", 2, "did you mean 'most'?"),
      ("rounds:\n  most: 1.5", 3, "no whole number"),
      ("events:\n  - {month: 0, tranche: 1}", 3, "from 1"),
      ("events:\n  - {month: 1}", 3, "one of audience, cost, price, tranche"),
      ("correlations:\n  - {between: [cash, hope], value: 0.1}", 3, "'hope' is no parameter"),
      ("horizon: 500", 0, "1 to 240"),
      ("parameters:\n  cash: &a 5\n  price: *a", 0, "anchors"),
      ("parameters:\n  cash: {value: 1, evidence: sure}", 3, "measured, reported"),
      ("start: July", 2, "2023-07"),
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
