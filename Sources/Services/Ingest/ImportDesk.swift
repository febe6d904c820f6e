// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import ClusterAPI
import Economics
import Foundation
import Host
import Journal
import Logging
import Synchronization
import Usage
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
    var progress: [JobID: (permille: Int, rows: Int)] = [:]
    /// Batches in the journal that are not booked, with the import they belong to, if it runs.
    var outstanding: [UInt64: (bytes: Int, key: ImportKey)] = [:]
    /// Batches that the ledger refused, or that were given up, since this process started.
    var refused: [ImportKey: [String]] = [:]
    var outstandingBytes = 0
    var unnoted: [UInt64] = []
    var isClosed = false
  }

  let journal: Journal
  let places: DataDirectory
  let logger: Logger
  /// The ids of accepted events; used by one import at a time, under `reading`.
  let ids: IDIndexBox
  private let state: Mutex<State>
  /// Signalled whenever something is booked or closed.
  private let booked = NSCondition()
  private let nodes = Mutex<(worker: WorkerNode, producer: ProducerNode)?>(nil)

  init(
    journal: Journal, imports: [ImportKey: ImportState], ids: sending IDIndex,
    pending: [JournalContents.Batch], places: DataDirectory, logger: Logger
  ) {
    self.journal = journal
    self.places = places
    self.logger = logger
    self.ids = IDIndexBox(ids)
    var state = State(imports: imports)
    for batch in pending {
      let key = ImportKey(source: batch.key.source, stream: batch.key.stream)
      state.outstanding[batch.sequence] = (0, key)
    }
    self.state = Mutex(state)
  }

  var epoch: UInt64 { journal.identity }

  func attach(worker: WorkerNode, producer: ProducerNode) {
    nodes.withLock { $0 = (worker, producer) }
  }

  // MARK: Import jobs

  /// Starts an import on a thread of its own: it blocks on files and on the journal.
  func take(_ job: Job) {
    state.withLock { _ = $0.cancelled.remove(job.id) }
    let thread = Thread { [self] in
      let heartbeat = beat(job.id)
      let outcome = run(job)
      heartbeat.cancel()
      state.withLock {
        $0.cancelled.remove(job.id)
        $0.progress[job.id] = nil
      }
      if let nodes = nodes.withLock({ $0 }) {
        Task { await nodes.worker.finished(job.id, outcome) }
      }
    }
    thread.name = "solvent-import"
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Keeps the job's lease alive also where the import has nothing to tell: while it digests a large
  /// file, waits for another import, or waits for the ledger.
  private func beat(_ id: JobID) -> Task<Void, Never> {
    Task { [self] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(5))
        let (permille, rows) = state.withLock { $0.progress[id] ?? (0, 0) }
        if !Task.isCancelled { progressed(id, permille: permille, rows: rows) }
      }
    }
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
    state.withLock { $0.progress[id] = (permille, rows) }
    guard let nodes = nodes.withLock({ $0 }) else { return }
    let payload = try? SharedMessage(encoding: rows)
    Task { await nodes.worker.progressed(id, permille: permille, payload) }
  }

  // MARK: Runs

  /// - Throws: when the import may not go on. Without an import: when nothing may.
  func check(_ id: JobID?) throws(ImportInterrupted) {
    let (isClosed, isCancelled) = state.withLock {
      ($0.isClosed, id.map($0.cancelled.contains) ?? false)
    }
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

  /// How long the contents are that were imported.
  func lengths() -> Set<UInt64> { state.withLock { Set($0.imports.values.map(\.bytes)) } }

  /// The longest import of a source that was of the beginning of this content: a log that has grown
  /// goes on where that one ended.
  func grownFrom(
    _ source: String, _ digest: ContentDigest
  ) -> (key: ImportKey, state: ImportState, endsLine: Bool)? {
    state.withLock { state in
      digest.beginnings.compactMap { length, beginning in
        let key = ImportKey(source: source, stream: beginning.sha256)
        guard let known = state.imports[key], known.bytes == length, length < digest.count else {
          return nil
        }
        return (key, known, beginning.endsLine)
      }.max { $0.state.bytes < $1.state.bytes }
    }
  }

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
  func waitForRoom(_ id: JobID?) throws(ImportInterrupted) {
    booked.lock()
    defer { booked.unlock() }
    while true {
      try check(id)
      if state.withLock({ $0.outstandingBytes < Self.outstandingBytesMax }) { return }
      _ = booked.wait(until: Date(timeIntervalSinceNow: 1))
    }
  }

  /// Submits again what the ledger may lack, as fast as it is booked.
  func resubmit(_ batches: [JournalContents.Batch]) throws {
    for batch in batches {
      try waitForRoom(nil)
      let payload = try SharedMessage(
        JournalFiles.job(at: batch.place, directory: places.journal))
      state.withLock {
        $0.outstanding[batch.sequence]?.bytes = payload.count
        $0.outstandingBytes += payload.count
      }
      guard let nodes = nodes.withLock({ $0 }) else { return }
      let id = JobID(epoch: epoch, sequence: batch.sequence)
      Task { await nodes.producer.submit(id, payload, mayRepeat: true) }
    }
  }

  func reserve(_ bytes: Int) {
    state.withLock { $0.outstandingBytes += bytes }
  }

  /// A batch is durable: it may be priced and booked.
  func durable(_ sequence: UInt64, _ payload: SharedMessage, _ key: ImportKey) {
    state.withLock { $0.outstanding[sequence] = (payload.count, key) }
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
    case .committed:
      note(id.sequence)
    case .result:
      refused(id, "the route ended before the ledger", removed?.key)
    case .failed(let code, let payload):
      let reason = payload.map { String(decoding: $0.array, as: UTF8.self) }
      refused(id, reason ?? "\(code.map { "\($0)" } ?? "failed")", removed?.key)
    }
    signal()
  }

  private func refused(_ id: JobID, _ reason: String, _ key: ImportKey?) {
    // The batch stays in the journal and is tried again at the next start.
    logger.critical("a batch was not booked", metadata: ["job": "\(id)", "reason": "\(reason)"])
    guard let key else { return }
    state.withLock { state in
      if !state.refused[key, default: []].contains(reason) {
        state.refused[key, default: []].append(reason)
      }
    }
  }

  /// Whether every batch of an import that is in the journal was answered.
  func isAnswered(_ key: ImportKey, submitted: Int, durable: Int) -> Bool {
    submitted == durable && state.withLock { !$0.outstanding.values.contains { $0.key == key } }
  }

  func refusals(_ key: ImportKey) -> [String] { state.withLock { $0.refused[key] ?? [] } }

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
