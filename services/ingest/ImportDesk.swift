// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import Economics
import Foundation
import Ingestion
import Logging
import Synchronization
import ZeroMQ

/// What all imports share: the journal, what is known of earlier imports, and what is outstanding.
final class ImportDesk: Sendable {
  /// Bytes in the journal that the ledger does not have yet; more makes readers wait.
  static let outstandingBytesMax = 24 * 1024 * 1024
  private static let commitsPerNote = 64

  struct State {
    var imports: [ImportKey: ImportState]
    var running: Set<ImportKey> = []
    var cancelled: Set<JobID> = []
    /// Batches in the journal that are not booked, with the import they belong to, if it runs.
    var outstanding: [UInt64: (bytes: Int, run: ImportRun?)] = [:]
    var outstandingBytes = 0
    var unnoted: [UInt64] = []
    var isClosed = false
  }

  let journal: Journal
  let places: Places
  let logger: Logger
  /// The ids of accepted events; used by one import at a time, under `reading`.
  let ids: IDIndexBox
  private let state: Mutex<State>
  /// Signalled whenever something is booked or closed.
  private let booked = NSCondition()
  private let nodes = Mutex<(worker: WorkerNode, producer: ProducerNode)?>(nil)

  init(
    journal: Journal, imports: [ImportKey: ImportState], ids: sending IDIndex,
    pending: [UInt64], places: Places, logger: Logger
  ) {
    self.journal = journal
    self.places = places
    self.logger = logger
    self.ids = IDIndexBox(ids)
    var state = State(imports: imports)
    for sequence in pending { state.outstanding[sequence] = (0, nil) }
    self.state = Mutex(state)
  }

  var epoch: UInt64 { journal.identity }

  func attach(worker: WorkerNode, producer: ProducerNode) {
    nodes.withLock { $0 = (worker, producer) }
  }

  // MARK: Import jobs

  /// Starts an import on a thread of its own: it blocks on files and on the journal.
  func take(_ job: Job) {
    let thread = Thread { [self] in
      let outcome = run(job)
      if let nodes = nodes.withLock({ $0 }) {
        Task { await nodes.worker.finished(job.id, outcome) }
      }
    }
    thread.name = "solvent-import"
    thread.stackSize = 1 << 20
    thread.start()
  }

  private func run(_ job: Job) -> JobOutcome {
    do {
      let request = try job.payload.decode(ImportRequest.self)
      let report = try ImportRun(request, job: job.id, desk: self).run()
      return .result(try SharedMessage(encoding: report))
    } catch let interruption as ImportInterrupted {
      return .failed(.unavailable, retryable: interruption.mayRetry, nil)
    } catch {
      return .failed(.rejected, retryable: false, try? SharedMessage(Array("\(error)".utf8)))
    }
  }

  func cancelled(_ id: JobID) {
    state.withLock { _ = $0.cancelled.insert(id) }
    signal()
  }

  /// Makes running imports end where they are.
  func close() {
    state.withLock { $0.isClosed = true }
    signal()
  }

  func progressed(_ id: JobID, permille: Int, rows: Int) {
    guard let nodes = nodes.withLock({ $0 }) else { return }
    let payload = try? SharedMessage(encoding: rows)
    Task { await nodes.worker.progressed(id, permille: permille, payload) }
  }

  // MARK: Runs

  /// - Throws: when the import may not go on.
  func check(_ id: JobID) throws(ImportInterrupted) {
    let (isClosed, isCancelled) = state.withLock { ($0.isClosed, $0.cancelled.contains(id)) }
    if isClosed { throw ImportInterrupted(mayRetry: true) }
    if isCancelled { throw ImportInterrupted(mayRetry: false) }
  }

  /// Reserves an import for one run; `nil` while another run has it.
  func begin(_ key: ImportKey, _ fresh: ImportState) -> ImportState? {
    state.withLock { state in
      guard state.running.insert(key).inserted else { return nil }
      return state.imports[key] ?? fresh
    }
  }

  func isKnown(_ key: ImportKey) -> Bool { state.withLock { $0.imports[key] != nil } }

  func update(_ key: ImportKey, _ new: ImportState) {
    state.withLock { $0.imports[key] = new }
  }

  func end(_ key: ImportKey, job: JobID) {
    state.withLock {
      $0.running.remove(key)
      $0.cancelled.remove(job)
    }
    signal()
  }

  // MARK: Batches

  /// Waits until there is room for another batch.
  func waitForRoom(_ id: JobID) throws(ImportInterrupted) {
    booked.lock()
    defer { booked.unlock() }
    while true {
      try check(id)
      if state.withLock({ $0.outstandingBytes < Self.outstandingBytesMax }) { return }
      _ = booked.wait(until: Date(timeIntervalSinceNow: 1))
    }
  }

  func reserve(_ bytes: Int) {
    state.withLock { $0.outstandingBytes += bytes }
  }

  /// A batch is durable: it may be priced and booked.
  func durable(_ sequence: UInt64, _ payload: SharedMessage, run: ImportRun) {
    state.withLock { $0.outstanding[sequence] = (payload.count, run) }
    guard let nodes = nodes.withLock({ $0 }) else { return }
    let id = JobID(epoch: epoch, sequence: sequence)
    Task { await nodes.producer.submit(id, payload) }
  }

  /// Called on the loop when a pricing job is over.
  func ended(_ id: JobID, _ outcome: ProducerOutcome) {
    let removed = state.withLock { state in
      let removed = state.outstanding.removeValue(forKey: id.sequence)
      state.outstandingBytes -= removed?.bytes ?? 0
      return removed
    }
    switch outcome {
    case .committed(let payload):
      let receipt = payload.flatMap { try? $0.decode(CommitReceipt.self) }
      note(id.sequence)
      removed?.run?.booked(wasKnown: receipt?.wasKnown ?? false)
    case .result:
      refused(id, "the route ended before the ledger", removed?.run)
    case .failed(let code, let payload):
      let reason = payload.map { String(decoding: $0.array, as: UTF8.self) }
      refused(id, reason ?? "\(code.map { "\($0)" } ?? "failed")", removed?.run)
    }
    signal()
  }

  private func refused(_ id: JobID, _ reason: String, _ run: ImportRun?) {
    // The batch stays in the journal and is tried again at the next start.
    logger.critical("a batch was not booked", metadata: ["job": "\(id)", "reason": "\(reason)"])
    run?.refused(reason)
  }

  /// Notes bookings in the journal, many at once: losing a note only means asking again.
  private func note(_ sequence: UInt64) {
    let full = state.withLock { state -> [UInt64] in
      state.unnoted.append(sequence)
      guard state.unnoted.count >= Self.commitsPerNote || state.outstanding.isEmpty else {
        return []
      }
      defer { state.unnoted = [] }
      return state.unnoted
    }
    guard !full.isEmpty else { return }
    do {
      try journal.append(CommittedBatches(sequences: full))
    } catch {
      logger.error("bookings could not be noted", metadata: ["error": "\(error)"])
    }
  }

  private func signal() {
    booked.lock()
    booked.broadcast()
    booked.unlock()
  }

  /// Waits until `isDone`, checked whenever something was booked.
  func wait(_ id: JobID, until isDone: () -> Bool) throws(ImportInterrupted) {
    booked.lock()
    defer { booked.unlock() }
    while !isDone() {
      try check(id)
      _ = booked.wait(until: Date(timeIntervalSinceNow: 1))
    }
  }
}

/// An import that ends before its file does.
struct ImportInterrupted: Error {
  /// The service is stopping: another may go on.
  let mayRetry: Bool
}

/// The index of ids behind a lock that an import holds while it reads.
final class IDIndexBox: @unchecked Sendable {
  // Sendable: `index` is used only within `withIndex`, under the lock.
  private let index: IDIndex
  private let lock = NSLock()

  init(_ index: sending IDIndex) { self.index = index }

  func withIndex<Result>(_ body: (IDIndex) throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body(index)
  }
}
