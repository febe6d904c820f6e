// SPDX-License-Identifier: Apache-2.0

import Cluster
import ClusterAPI
import Documents
import Foundation
import Runway

/// Could OpenAI afford ChatGPT in August 2023? The shipped scenario of public figures, simulated three
/// times on the same draws: as it is, with the reported round, and after the loss of audience.
struct Verdict {
  static let paths = 50_000

  private let file: ScenarioFile
  private let summaries: [RunwaySummary]
  private let shock: (value: Double, standardError: Double)
  private let seconds: Double

  init(on client: ClusterClient, workers: Int) async throws {
    file = try ScenarioFile.chatgpt2023()
    var funded = file
    try funded.set("tranche@3=10e9")
    var shocked = file
    try shocked.set("audience@1=-12%")
    let simulator = Simulator(
      scenarios: [file.scenario, funded.scenario, shocked.scenario], paths: Self.paths, shard: nil
    ) { _ in }
    let started = ContinuousClock.now
    let outcome = try await simulator.run(on: client, workers: workers)
    seconds = started.duration(to: .now) / .seconds(1)
    summaries = zip(outcome.counts, simulator.scenarios).map { RunwaySummary($0, of: $1) }
    shock = outcome.differences[1].ruin(by: file.scenario.horizon)
  }

  func tell() {
    let present = file.scenario.present
    let horizon = file.scenario.horizon
    func day(_ month: Double) -> String {
      Amount.text(month * 12 / 365, file.currency)
    }
    func line(_ label: String, _ text: String) {
      Terminal.print(label.padding(toLength: 18, withPad: " ", startingAt: 0) + text)
    }
    func runway(_ summary: RunwaySummary) -> String {
      let early = summary.runway(0.10).value.map { "\($0) months" } ?? "over \(horizon) months"
      return "one in ten runs out within \(early)"
    }
    Terminal.print(
      Terminal.bold("Could they afford it?")
        + " — public figures and assumptions of August 2023, medians")
    line(
      "serving a day",
      """
      \(day(present.userServing)) for chat (the press: $700,000) · \(day(present.apiServing)) for \
      the API
      """)
    line(
      "revenue a day",
      "\(day(present.revenue)) · covers "
        + String(format: "%.0f %% of serving, ", present.servingCoverage * 100)
        + String(format: "%.0f %% of everything", present.coverage * 100))
    line(
      "burn a day",
      """
      \(day(present.burn)) for the whole company, training and staff included · cash \
      \(Amount.text(present.cash, file.currency)) (assumed): \
      \(String(format: "%.0f", present.cash / present.burn)) months flat
      """)
    line(
      "without funding",
      "P(ruin in \(horizon) months) \(Percent.text(summaries[0].ruin(by: horizon))); "
        + runway(summaries[0]))
    line(
      "with the 10 B$",
      "P(ruin in \(horizon) months) \(Percent.text(summaries[1].ruin(by: horizon))); "
        + "at $700,000 a day alone it lasts 39 years")
    line(
      "audience -12 %",
      String(
        format: "%+.1f ± %.1f points of ruin: ", shock.value * 100, shock.standardError * 100)
        + "fewer users also cost less")
    Terminal.print(
      Terminal.dim(
        """
        \(Text.grouped(Self.paths)) paths x 3 on the workers, \(String(format: "%.2f", seconds)) s \
        · every input: examples/chatgpt-2023.yaml · the story: docs/chatgpt-2023.md
        """))
  }
}
