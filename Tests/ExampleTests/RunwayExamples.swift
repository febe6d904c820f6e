// SPDX-License-Identifier: Apache-2.0

import ClusterAPI
import Runway
import Testing

/// The examples in the doc comments of Runway, compiled and run.
@Suite("Runway examples")
struct RunwayExamples {
  @Test func ruinIsCounted() throws {
    let scenario = RunwayScenario.runway60
    let program = try RunwayProgram(scenario)
    let run = RunwayEngine.simulate(program, seed: scenario.seed, first: 0, count: 8_000)
    let ruin = RunwaySummary(run.counts, of: scenario).ruin(by: 36)  // P(ruin in 36 months)
    #expect((0...1).contains(ruin.value) && ruin.standardError < 0.01)
  }

  @Test func scenariosAreSimulatedHere() throws {
    let simulator = Simulator(scenarios: [.runway60], paths: 8_000, shard: nil) { partial in
      _ = partial.ruin  // so far, for a progress bar
    }
    let outcome = try simulator.run()
    let summary = RunwaySummary(outcome.counts[0], of: .runway60)
    #expect(summary.paths == 8_000)
  }
}
