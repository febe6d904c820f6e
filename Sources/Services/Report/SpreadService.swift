// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import ClusterAPI
import ClusterAccess
import Crypto
import Fleet
import Glibc
import Host
import Logging
import Runway
import Synchronization
import ZeroMQ

/// Has simulations and searches computed by the workers, merges what they give, and remembers it.
///
/// Each question has a connection of its own, so that the broker lets questions take turns.
final class SpreadService: Sendable {
  private struct State: ~Copyable {
    var running: [JobID: Task<Void, Never>] = [:]
    var cache = ResultCache<SharedMessage>(bytesMax: SpreadService.cacheBytesMax)
    /// Connections that nobody uses now.
    var idle: [ClusterClient] = []
    var isClosed = false
  }

  /// Bytes of answers that are remembered.
  static let cacheBytesMax = 64 * 1024 * 1024
  /// Connections that are kept for the next questions.
  private static let idleMax = 4

  private let address: BrokerAddress
  private let instance: Instance
  private let name: String
  private let logger: Logger
  private let state = Mutex(State())
  private let outbox = Mutex<WorkerOutbox?>(nil)

  init(address: BrokerAddress, instance: Instance, name: String, logger: Logger) {
    self.address = address
    self.instance = instance
    self.name = name
    self.logger = logger
  }

  func attach(_ outbox: WorkerOutbox) { self.outbox.withLock { $0 = outbox } }

  private var answers: WorkerOutbox? { outbox.withLock { $0 } }

  /// Takes a question; it is answered when all of it is computed.
  func take(_ job: Job) {
    let task = Task { [self] in
      let outcome = await outcome(of: job)
      state.withLock { $0.running[job.id] = nil }
      answers?.finished(job.id, outcome)
    }
    state.withLock { state in
      if state.isClosed { task.cancel() }
      state.running[job.id] = task
    }
  }

  /// Nobody waits for the answer any more.
  func cancelled(_ id: JobID) { state.withLock { $0.running[id] }?.cancel() }

  /// Ends what runs, and the connections.
  func close() async {
    let (tasks, clients) = state.withLock { state in
      state.isClosed = true
      let taken = (Array(state.running.values), state.idle)
      state.idle = []
      return taken
    }
    for task in tasks { task.cancel() }
    for client in clients { await client.close() }
  }

  private func outcome(of job: Job) async -> JobOutcome {
    do {
      if job.service == ServiceName.search {
        let request = try job.payload.decode(SearchRequest.self)
        return try await answer(
          job, service: ServiceName.fleet, key: key(ServiceName.search, request.job),
          mayBeCached: request.mayBeCached
        ) { client, workers, progress in
          try await Searcher(request.job) { done, total in
            progress(SpreadProgress(done: UInt64(done), of: UInt64(total)))
          }.run(on: client, workers: workers)
        }
      }
      let request = try job.payload.decode(ScenarioRequest.self)
      // The result is the same whatever the shards: they do not name it.
      let named = ScenarioRequest(
        scenarios: request.scenarios, paths: request.paths, shard: nil, mayBeCached: true)
      return try await answer(
        job, service: ServiceName.simulate, key: key(ServiceName.scenario, named),
        mayBeCached: request.mayBeCached
      ) { client, workers, progress in
        try await Simulator(
          scenarios: request.scenarios, paths: request.paths, shard: request.shard
        ) { progress($0) }.run(on: client, workers: workers)
      }
    } catch is CancellationError {
      return .failed(.unavailable, retryable: false, nil)
    } catch {
      return .failed(.rejected, retryable: false, try? SharedMessage(Array("\(error)".utf8)))
    }
  }

  private func key(_ service: String, _ value: some Encodable) throws
    -> ResultCache<SharedMessage>.Key
  {
    var hash = SHA256()
    hash.update(data: Array(service.utf8))
    hash.update(data: try CBOREncoder().encode(value))
    return Array(hash.finalize())
  }

  private func answer<Outcome: Encodable>(
    _ job: Job, service: String, key: ResultCache<SharedMessage>.Key, mayBeCached: Bool,
    _ compute: (
      ClusterClient, Int, @escaping @Sendable (SpreadProgress) -> Void
    ) async throws -> Outcome
  ) async throws -> JobOutcome {
    if mayBeCached, let known = state.withLock({ $0.cache.answer(key) }) { return .result(known) }
    let client = try await client()
    do {
      let status = try await client.brokerStatus()
      let workers = status.workers.count { $0.services.contains(service) && !$0.quarantined }
      guard workers > 0 else {
        throw ClientError(.unserved, "no worker offers '\(service)'; start one with: solvent up")
      }
      let pace = Pace()
      let outcome = try await compute(client, workers) { [self] progress in
        guard pace.isDue(progress) else { return }
        answers?.progressed(
          job.id, permille: progress.permille, try? SharedMessage(encoding: progress))
      }
      let message = try SharedMessage(encoding: outcome)
      guard message.count <= messageBytesMax else {
        throw ClientError(
          .refused, "the result has \(message.count) bytes, too many for one message; use --local")
      }
      state.withLock { $0.cache.keep(message, bytes: message.count, for: key) }
      await giveBack(client)
      return .result(message)
    } catch {
      // Jobs that are under way end with their connection.
      await client.close()
      throw error
    }
  }

  private func client() async throws -> ClusterClient {
    if let idle = state.withLock({ $0.idle.popLast() }) { return idle }
    return try await ClusterClient(
      address: address, role: .report, name: name, process: Int(getpid()), release: solventRelease,
      services: [ServiceName.broker, ServiceName.simulate, ServiceName.fleet], instance: instance,
      logger: logger)
  }

  private func giveBack(_ client: ClusterClient) async {
    let isKept = state.withLock { state in
      guard !state.isClosed, state.idle.count < Self.idleMax else { return false }
      state.idle.append(client)
      return true
    }
    if !isKept { await client.close() }
  }
}

/// Lets progress be told at most twenty times a second, and at its end.
private final class Pace: Sendable {
  private let last = Mutex<ContinuousClock.Instant?>(nil)

  func isDue(_ progress: SpreadProgress) -> Bool {
    last.withLock { last in
      let now = ContinuousClock.now
      if progress.done < progress.of, let last, last + .milliseconds(50) > now { return false }
      last = now
      return true
    }
  }
}
