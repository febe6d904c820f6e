// SPDX-License-Identifier: Apache-2.0

import Cluster
import ClusterAPI
import ClusterAccess
import Documents
import Foundation
import Rendering
import Runway
import ZeroMQ

/// Could OpenAI afford ChatGPT in August 2023? The built-in scenario of public figures, simulated three
/// times on the same draws: as it is, with the reported round, and after the loss of audience.
struct DemoVerdict {
  static let paths = 50_000

  private let file: ScenarioFile
  private let summaries: [RunwaySummary]
  private let shock: (value: Double, standardError: Double)

  init(on client: ClusterClient) async throws {
    file = try ScenarioFile.chatgpt2023()
    var funded = file
    try funded.set("tranche@3=10e9")
    var shocked = file
    try shocked.set("audience@1=-12%")
    let request = ScenarioRequest(
      scenarios: [file.scenario, funded.scenario, shocked.scenario], paths: Self.paths, shard: nil,
      mayBeCached: true)
    let outcome = try await client.ask(
      ServiceName.scenario, SharedMessage(encoding: request), timeout: .seconds(120)
    ).decode(SimulationOutcome.self)
    summaries = zip(outcome.counts, request.scenarios).map { RunwaySummary($0, of: $1) }
    shock = outcome.differences[1].ruin(by: file.scenario.horizon)
  }

  private var present: RunwayScenario.Present { file.scenario.present }

  var currency: String { file.currency }
  var horizon: Int { file.scenario.horizon }

  private static func perDay(_ month: Double) -> Double { month * 12 / 365 }

  /// Of chat, in the scenario's median.
  var servingPerDay: Double { Self.perDay(present.userServing) }
  /// Of chat and the API.
  var allServingPerDay: Double { Self.perDay(present.serving) }
  var costsPerDay: Double { Self.perDay(present.serving + present.fixed) }
  var revenuePerDay: Double { Self.perDay(present.revenue) }
  /// Of the whole company, training and staff included.
  var burnPerDay: Double { Self.perDay(present.burn) }
  var cash: Double { present.cash }
  /// Months that cash lasts at the present burn.
  var monthsFlat: Double { present.cash / present.burn }
  var servingCoverage: Double { present.servingCoverage }
  var coverage: Double { present.coverage }
  /// Within the horizon.
  var ruin: String { Percent.text(summaries[0].ruin(by: horizon)) }
  var ruinWithRound: String { Percent.text(summaries[1].ruin(by: horizon)) }
  var shockText: String {
    String(format: "%+.1f ± %.1f", shock.value * 100, shock.standardError * 100)
  }
}
