// SPDX-License-Identifier: Apache-2.0

public import Cluster
import Economics
import Foundation
public import Runway
import Synchronization

/// Has scenarios simulated, on the workers of a cluster or in this process, and merges the shards. The
/// result is the same bytes either way, whatever the shards and their order.
///
/// ```swift
/// let simulator = Simulator(scenarios: [.runway60], paths: 8_000, shard: nil) { partial in
///   _ = partial.ruin  // so far, for a progress bar
/// }
/// let outcome = try simulator.run()
/// let summary = RunwaySummary(outcome.counts[0], of: .runway60)
/// ```
/// The example is compiled in `Tests/ExampleTests/RunwayExamples.swift`.
public struct Simulator: Sendable {
  /// The first is the base of all differences.
  public let scenarios: [RunwayScenario]
  /// Rounded up to a multiple of 8.
  public let paths: Int
  /// Paths per job; `nil` chooses by the number of workers.
  public let shard: Int?
  /// Called after each shard.
  public let partial: @Sendable (SpreadProgress) -> Void

  /// - Parameters:
  ///   - shard: paths per job; `nil` chooses.
  ///   - partial: called after each shard, from any thread, one at a time.
  public init(
    scenarios: [RunwayScenario], paths: Int, shard: Int?,
    partial: @escaping @Sendable (SpreadProgress) -> Void
  ) {
    self.scenarios = scenarios
    self.paths = paths
    self.shard = shard
    self.partial = partial
  }

  /// On the workers.
  /// - Throws: `ClientError`, or `ScenarioError` when a worker refuses the scenarios.
  public func run(on client: ClusterClient, workers: Int) async throws -> SimulationOutcome {
    let jobs = SimulationJob.shards(scenarios, paths: paths, workers: workers, shard: shard)
    var outcome = SimulationOutcome()
    try await Fanout.run(jobs, on: client, workers: workers) { _, part in
      try outcome.add(part)
      report(outcome)
    }
    return outcome
  }

  /// In this process, on all its processors.
  /// - Throws: `ScenarioError` when a scenario cannot be simulated.
  public func run() throws -> SimulationOutcome {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let jobs = SimulationJob.shards(scenarios, paths: paths, workers: processors, shard: shard)
    let merged = Mutex(SimulationOutcome())
    try Fanout.run(jobs) { _, part in
      try merged.withLock { outcome in
        try outcome.add(part)
        report(outcome)
      }
    }
    return merged.withLock { $0 }
  }

  private func report(_ outcome: SimulationOutcome) {
    guard let counts = outcome.counts.first, let scenario = scenarios.first else { return }
    let summary = RunwaySummary(counts, of: scenario)
    let ruin = summary.ruin(by: scenario.horizon).value
    partial(
      SpreadProgress(
        done: counts.paths, of: UInt64((paths + 7) / 8 * 8),
        ruined: UInt64((ruin * Double(counts.paths)).rounded())))
  }
}
