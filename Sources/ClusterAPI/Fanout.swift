// SPDX-License-Identifier: Apache-2.0

import Broker
public import Cluster
import ClusterAccess
import Dispatch
import Economics
public import Fleet
import Foundation
public import Runway
import Synchronization
import ZeroMQ

/// A part of some work that any worker can do, and this process too.
public protocol SpreadJob: Codable, Sendable {
  associatedtype Outcome: Codable, Sendable

  /// Whose jobs they are.
  static var service: String { get }
  func run() throws -> Outcome
  /// Whether it can be what came of this job.
  func accepts(_ outcome: Outcome) -> Bool
}

extension SimulationJob: SpreadJob {
  public static var service: String { ServiceName.simulate }
  public func run() throws -> SimulationOutcome { try run(on: RunwayEngine.kernel) }
  public func accepts(_ outcome: SimulationOutcome) -> Bool { outcome.fits(self) }
}

extension FleetJob: SpreadJob {
  public static var service: String { ServiceName.fleet }
  public func accepts(_ outcome: FleetOutcome) -> Bool { outcome.fits(self) }
}

/// Has many jobs done, by the workers of a cluster or by the processors here.
public enum Fanout {
  /// On the workers: as many under way as keep them busy.
  /// - Parameter take: gets each outcome with the index of its job, in any order, one at a time.
  /// - Throws: `ClientError` when a worker does not answer or refuses, or what `take` throws.
  public static func run<Job: SpreadJob>(
    _ jobs: [Job], on client: ClusterClient, workers: Int, take: (Int, Job.Outcome) throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: (Int, Job.Outcome).self) { group in
      var next = 0
      func start() throws {
        guard next < jobs.count else { return }
        let (index, job) = (next, jobs[next])
        let message = try SharedMessage(encoding: job)
        next += 1
        group.addTask {
          let outcome = try await client.ask(Job.service, message, timeout: .seconds(600))
            .decode(Job.Outcome.self)
          guard job.accepts(outcome) else {
            throw ClientError(
              .refused, "a worker gave an unexpected answer; check that all run this release")
          }
          return (index, outcome)
        }
      }
      for _ in 0..<(4 * workers + 4) { try start() }
      while let (index, outcome) = try await group.next() {
        try take(index, outcome)
        try start()
      }
    }
  }

  /// In this process, on all its processors.
  /// - Parameter take: as above.
  /// - Throws: the first error of a job or of `take`.
  public static func run<Job: SpreadJob>(
    _ jobs: [Job], take: @Sendable (Int, Job.Outcome) throws -> Void
  ) throws {
    let state = Mutex<(next: Int, error: (any Error)?)>((0, nil))
    let taking = Mutex(())
    onAllProcessors {
      while let index = state.withLock({ state -> Int? in
        guard state.next < jobs.count, state.error == nil else { return nil }
        defer { state.next += 1 }
        return state.next
      }) {
        do {
          let outcome = try jobs[index].run()
          try taking.withLock { _ in try take(index, outcome) }
        } catch {
          state.withLock { $0.error = error }
        }
      }
    }
    if let error = state.withLock({ $0.error }) { throw error }
  }

  /// Work that cannot fail, by number, in this process and on all its processors.
  /// - Parameter progress: called with how many are done, one at a time and rising.
  /// - Returns: the outcomes by number.
  public static func each<Outcome: Sendable>(
    _ count: Int, _ work: @Sendable (Int) -> Outcome, progress: @Sendable (Int) -> Void
  ) -> [Outcome] {
    let next = Mutex(0)
    let collected = Collected<Outcome>(count)
    let reporting = Mutex(())
    onAllProcessors {
      while let index = next.withLock({ next -> Int? in
        guard next < count else { return nil }
        defer { next += 1 }
        return next
      }) {
        let outcome = work(index)
        reporting.withLock { _ in progress(collected.put(outcome, at: index)) }
      }
    }
    return collected.all
  }

  private static func onAllProcessors(_ body: @Sendable () -> Void) {
    DispatchQueue.concurrentPerform(
      iterations: ProcessInfo.processInfo.activeProcessorCount
    ) { _ in body() }
  }
}

/// Outcomes by index, put from any thread.
final class Collected<Outcome: Sendable>: Sendable {
  private let state: Mutex<(outcomes: [Outcome?], count: Int)>

  init(_ count: Int) { state = Mutex((Array(repeating: nil, count: count), 0)) }

  /// - Returns: how many there are now.
  func put(_ outcome: Outcome, at index: Int) -> Int {
    state.withLock { state in
      state.outcomes[index] = outcome
      state.count += 1
      return state.count
    }
  }

  /// In order, without the missing.
  var all: [Outcome] { state.withLock { $0.outcomes.compactMap(\.self) } }
}
