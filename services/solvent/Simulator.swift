// SPDX-License-Identifier: Apache-2.0

import CBOR
import Cluster
import Dispatch
import Economics
import Foundation
import Modeling
import Synchronization
import ZeroMQ

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
    try await withThrowingTaskGroup(of: SimulationOutcome.self) { group in
      var next = 0
      func start() throws {
        guard next < jobs.count else { return }
        let job = jobs[next]
        let message = try SharedMessage(encoding: job)
        next += 1
        group.addTask {
          let outcome = try await client.ask(
            ServiceName.simulate, message, timeout: .seconds(600)
          ).decode(SimulationOutcome.self)
          guard outcome.fits(job) else {
            throw ScenarioError("a worker answered something else; do all run this release?")
          }
          return outcome
        }
      }
      // As many under way as keep workers busy.
      for _ in 0..<(4 * workers + 4) { try start() }
      while let part = try await group.next() {
        try outcome.add(part)
        tell(outcome)
        try start()
      }
    }
    return outcome
  }

  /// In this process, on all its processors.
  func run() throws -> SimulationOutcome {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let jobs = SimulationJob.shards(scenarios, paths: paths, workers: processors, shard: shard)
    let merged = Mutex<(outcome: SimulationOutcome, next: Int, error: ScenarioError?)>(
      (SimulationOutcome(), 0, nil))
    DispatchQueue.concurrentPerform(iterations: processors) { _ in
      while let job = merged.withLock({ state -> SimulationJob? in
        guard state.next < jobs.count, state.error == nil else { return nil }
        defer { state.next += 1 }
        return jobs[state.next]
      }) {
        do throws(ScenarioError) {
          let part = try job.run()
          try merged.withLock { (state) throws(ScenarioError) in
            try state.outcome.add(part)
            tell(state.outcome)
          }
        } catch {
          merged.withLock { $0.error = error }
        }
      }
    }
    let (outcome, _, error) = merged.withLock { $0 }
    if let error { throw error }
    return outcome
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
