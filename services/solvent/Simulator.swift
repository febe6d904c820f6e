// SPDX-License-Identifier: Apache-2.0

import Cluster
import Economics
import Foundation
import Modeling
import Synchronization

/// Has scenarios simulated, on the workers of a cluster or in this process, and merges the shards. The
/// result is the same bytes either way, whatever the shards and their order.
struct Simulator: Sendable {
  /// What is known so far.
  struct Partial: Sendable {
    var paths: UInt64
    var ofPaths: UInt64
    /// P(ruin by the horizon) of the first scenario.
    var ruin: Share
  }

  let scenarios: [RunwayScenario]
  let paths: Int
  let shard: Int?
  let partial: @Sendable (Partial) -> Void

  /// On the workers.
  func run(on client: ClusterClient, workers: Int) async throws -> SimulationOutcome {
    let jobs = SimulationJob.shards(scenarios, paths: paths, workers: workers, shard: shard)
    var outcome = SimulationOutcome()
    try await Fanout.run(jobs, on: client, workers: workers) { _, part in
      try outcome.add(part)
      tell(outcome)
    }
    return outcome
  }

  /// In this process, on all its processors.
  func run() throws -> SimulationOutcome {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let jobs = SimulationJob.shards(scenarios, paths: paths, workers: processors, shard: shard)
    let merged = Mutex(SimulationOutcome())
    try Fanout.run(jobs) { _, part in
      try merged.withLock { outcome in
        try outcome.add(part)
        tell(outcome)
      }
    }
    return merged.withLock { $0 }
  }

  private func tell(_ outcome: SimulationOutcome) {
    guard let counts = outcome.counts.first, let scenario = scenarios.first else { return }
    let summary = RunwaySummary(counts, of: scenario)
    partial(
      Partial(
        paths: counts.paths, ofPaths: UInt64((paths + 7) / 8 * 8),
        ruin: summary.ruin(by: scenario.horizon)))
  }
}
