// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import Dispatch
import Economics
import Foundation
import Modeling
import Synchronization
import ZeroMQ

/// A part of some work that any worker can do, and this process too.
protocol SpreadJob: Codable, Sendable {
  associatedtype Outcome: Codable, Sendable

  /// Whose jobs they are.
  static var service: String { get }
  func run() throws -> Outcome
  /// Whether it can be what came of this job.
  func accepts(_ outcome: Outcome) -> Bool
}

extension SimulationJob: SpreadJob {
  static var service: String { ServiceName.simulate }
  func run() throws -> SimulationOutcome { try run(on: RunwayEngine.kernel) }
  func accepts(_ outcome: SimulationOutcome) -> Bool { outcome.fits(self) }
}

extension FleetJob: SpreadJob {
  static var service: String { ServiceName.fleet }
  func accepts(_ outcome: FleetOutcome) -> Bool { outcome.fits(self) }
}

/// Has many jobs done, by the workers of a cluster or by the processors here.
enum Fanout {
  /// On the workers: as many under way as keep them busy.
  /// - Parameter take: gets each outcome with the place of its job, in any order, one at a time.
  static func run<Job: SpreadJob>(
    _ jobs: [Job], on client: ClusterClient, workers: Int, take: (Int, Job.Outcome) throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: (Int, Job.Outcome).self) { group in
      var next = 0
      func start() throws {
        guard next < jobs.count else { return }
        let (place, job) = (next, jobs[next])
        let message = try SharedMessage(encoding: job)
        next += 1
        group.addTask {
          let outcome = try await client.ask(Job.service, message, timeout: .seconds(600))
            .decode(Job.Outcome.self)
          guard job.accepts(outcome) else {
            throw Failure(
              ExitStatus.failed, "a worker answered something else; do all run this release?")
          }
          return (place, outcome)
        }
      }
      for _ in 0..<(4 * workers + 4) { try start() }
      while let (place, outcome) = try await group.next() {
        try take(place, outcome)
        try start()
      }
    }
  }

  /// In this process, on all its processors.
  /// - Parameter take: as above.
  static func run<Job: SpreadJob>(
    _ jobs: [Job], take: @Sendable (Int, Job.Outcome) throws -> Void
  ) throws {
    let state = Mutex<(next: Int, error: (any Error)?)>((0, nil))
    let taking = Mutex(())
    DispatchQueue.concurrentPerform(
      iterations: ProcessInfo.processInfo.activeProcessorCount
    ) { _ in
      while let place = state.withLock({ state -> Int? in
        guard state.next < jobs.count, state.error == nil else { return nil }
        defer { state.next += 1 }
        return state.next
      }) {
        do {
          let outcome = try jobs[place].run()
          try taking.withLock { _ in try take(place, outcome) }
        } catch {
          state.withLock { $0.error = error }
        }
      }
    }
    if let error = state.withLock({ $0.error }) { throw error }
  }
}

extension ClusterOptions {
  /// Runs something on the workers that offer a service; an interrupt gives up what is under way.
  /// - Parameter body: gets the connection and the number of workers, at least 1.
  func onWorkers<Result: Sendable>(
    of service: String,
    _ body: @escaping @Sendable (ClusterClient, Int) async throws -> Result
  ) async throws -> Result {
    let client = try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()),
      services: [service, "broker"], logger: Self.quietLogger)
    let work = Task {
      let status = try await client.brokerStatus()
      let workers = status.workers.count { $0.services.contains(service) }
      return try await body(client, max(1, workers))
    }
    let signals = StopSignal.watch()
    let interrupted = Task {
      for await _ in signals {
        // The jobs under way are given up at the broker.
        work.cancel()
        return
      }
    }
    defer { interrupted.cancel() }
    do {
      let result = try await work.value
      await client.close()
      return result
    } catch {
      await client.close()
      if error is CancellationError { throw Failure(130, "cancelled") }
      throw Failure(asking: error)
    }
  }
}

/// Outcomes by place, put from any thread.
final class Collected<Outcome: Sendable>: Sendable {
  private let outcomes: Mutex<[Outcome?]>

  init(_ count: Int) { outcomes = Mutex(Array(repeating: nil, count: count)) }

  func put(_ outcome: Outcome, at place: Int) { outcomes.withLock { $0[place] = outcome } }

  /// In order, without the missing.
  var all: [Outcome] { outcomes.withLock { $0.compactMap(\.self) } }
}
