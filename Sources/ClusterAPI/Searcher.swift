// SPDX-License-Identifier: Apache-2.0

public import Cluster
public import Fleet

/// Has a search for hardware evaluated, on the workers of a cluster or in this process, and merges the
/// parts in their order: the result is the same either way.
///
/// ```swift
/// let searcher = Searcher(job) { done, total in
///   _ = Double(done) / Double(total)  // so far, for a progress bar
/// }
/// let outcome = try searcher.run()
/// let search = FleetSearch(job, outcome, prices: [2.5], .init(requests: 40, timePerToken: 0.05))
/// ```
/// The example is compiled in `Tests/ExampleTests/FleetExamples.swift`.
public struct Searcher: Sendable {
  /// What is searched.
  public let job: FleetJob
  private let parts: [FleetJob]
  private let progress: @Sendable (_ done: Int, _ of: Int) -> Void

  /// - Parameter progress: called after each part, one at a time.
  public init(_ job: FleetJob, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void) {
    self.job = job
    parts = job.parts(4_096)
    self.progress = progress
  }

  /// On the workers.
  /// - Throws: `ClientError`, or `FleetError` when a worker refuses the search.
  public func run(on client: ClusterClient, workers: Int) async throws -> FleetOutcome {
    let collected = Collected<FleetOutcome>(parts.count)
    try await Fanout.run(parts, on: client, workers: workers) { index, part in
      progress(collected.put(part, at: index), parts.count)
    }
    return merged(collected)
  }

  /// In this process, on all its processors.
  /// - Throws: `FleetError` for a search that cannot be evaluated.
  public func run() throws -> FleetOutcome {
    let collected = Collected<FleetOutcome>(parts.count)
    try Fanout.run(parts) { index, part in
      progress(collected.put(part, at: index), parts.count)
    }
    return merged(collected)
  }

  private func merged(_ collected: Collected<FleetOutcome>) -> FleetOutcome {
    var outcome = FleetOutcome()
    for part in collected.all { outcome.add(part) }
    return outcome
  }
}
