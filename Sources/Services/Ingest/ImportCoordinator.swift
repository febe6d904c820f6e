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
import Metrics
import Synchronization
import Usage
import ZeroMQ

/// Carries out what ``ImportMachine`` decides: imports on threads of their own, batches to the journal
/// and on to the broker.
final class ImportCoordinator: Sendable {
  /// What the metrics say of the rows that were read.
  struct Counts: Sendable {
    private let accepted = Counter(.ingestEvents, "accepted")
    private let quarantined = Counter(.ingestEvents, "quarantined")
    private let duplicate = Counter(.ingestEvents, "duplicate")

    func add(_ batch: ReadBatch) {
      accepted.increment(by: batch.batch.count)
      quarantined.increment(by: batch.quarantined.count)
      duplicate.increment(by: batch.duplicates)
    }
  }

  private struct State {
    var machine: ImportMachine
    /// What each running import last said of itself.
    var progress: [JobID: (permille: Int, rows: Int)] = [:]
  }

  let journal: Journal
  let dataDirectory: DataDirectory
  let logger: Logger
  let counts = Counts()
  /// The ids of accepted events; used by one import at a time, under its lock.
  let ids: IDIndexBox
  private let state: Mutex<State>
  /// Signalled whenever something is booked or closed.
  private let booked = NSCondition()
  private let nodes = Mutex<(outbox: WorkerOutbox, batches: ProducerOutbox)?>(nil)

  init(
    journal: Journal, imports: [ImportKey: ImportState], ids: sending IDIndex,
    pending: [JournalContents.Batch], dataDirectory: DataDirectory, logger: Logger
  ) {
    self.journal = journal
    self.dataDirectory = dataDirectory
    self.logger = logger
    self.ids = IDIndexBox(ids)
    let machine = ImportMachine(
      imports: imports,
      pending: pending.map {
        ($0.sequence, ImportKey(source: $0.key.source, stream: $0.key.stream))
      })
    state = Mutex(State(machine: machine))
  }

  func attach(outbox: WorkerOutbox, batches: ProducerOutbox) {
    nodes.withLock { $0 = (outbox, batches) }
  }

  private var attached: (outbox: WorkerOutbox, batches: ProducerOutbox)? { nodes.withLock { $0 } }

  /// Asks or tells the machine.
  func decide<Result: Sendable>(_ event: (inout ImportMachine) -> Result) -> Result {
    state.withLock { event(&$0.machine) }
  }

  // MARK: Import jobs

  /// Starts an import on a thread of its own: it blocks on files and on the journal.
  func take(_ job: Job) {
    decide { $0.forgetCancellation(job.id) }
    let thread = Thread { [self] in
      let heartbeat = beat(job.id)
      let outcome = run(job)
      heartbeat.cancel()
      state.withLock {
        $0.machine.forgetCancellation(job.id)
        $0.progress[job.id] = nil
      }
      attached?.outbox.finished(job.id, outcome)
    }
    thread.name = "solvent-import"
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Keeps the job's lease alive also where the import has nothing to report: while it digests a large
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
      let report = try ImportRun(request, job: job.id, coordinator: self).run()
      return .result(try SharedMessage(encoding: report))
    } catch let interruption as ImportInterrupted {
      return .failed(.unavailable, retryable: interruption.mayRetry, nil)
    } catch {
      return .failed(.rejected, retryable: false, try? SharedMessage(Array("\(error)".utf8)))
    }
  }

  func cancelled(_ id: JobID) {
    decide { $0.cancelled(id) }
    signal()
  }

  /// Makes running imports end where they are.
  func close() {
    decide { $0.close() }
    signal()
  }

  func progressed(_ id: JobID, permille: Int, rows: Int) {
    state.withLock { $0.progress[id] = (permille, rows) }
    attached?.outbox.progressed(
      id, permille: permille, try? SharedMessage(encoding: rows))
  }

  /// - Throws: ``ImportInterrupted`` when the import may not go on. Without one: when nothing may.
  func check(_ id: JobID?) throws(ImportInterrupted) {
    if case .stop(let mayRetry) = decide({ $0.permission(id) }) {
      throw ImportInterrupted(mayRetry: mayRetry)
    }
  }

  func closed(_ key: ImportKey, job: JobID) {
    decide { $0.closed(key, job: job) }
    signal()
  }

  // MARK: Batches

  /// Waits until there is room for another batch.
  func waitForRoom(_ id: JobID?) throws(ImportInterrupted) {
    try wait(id) { decide { $0.permission(id) } == .go }
  }

  /// Submits again what the ledger may lack, as fast as it is booked.
  func resubmit(_ batches: [JournalContents.Batch]) throws {
    for batch in batches {
      try waitForRoom(nil)
      let payload = try SharedMessage(
        JournalFiles.job(at: batch.position, directory: dataDirectory.journal))
      decide { $0.resubmitting(batch.sequence, bytes: payload.count) }
      submit(batch.sequence, payload, redelivered: true)
    }
  }

  /// A batch is durable: it may be priced and booked.
  func durable(_ sequence: UInt64, _ payload: SharedMessage, _ key: ImportKey, run: Int) {
    decide { $0.durable(sequence, key, bytes: payload.count, run: run) }
    submit(sequence, payload, redelivered: false)
  }

  private func submit(_ sequence: UInt64, _ payload: SharedMessage, redelivered: Bool) {
    let id = JobID(epoch: journal.identity, sequence: sequence)
    attached?.batches.submit(id, payload, redelivered: redelivered)
  }

  /// Called on the loop when a pricing job is over.
  func ended(_ id: JobID, _ outcome: ProducerOutcome) {
    let refusal: String? =
      switch outcome {
      case .committed: nil
      case .result: "the route ended before the ledger"
      case .failed(let code, let payload):
        payload.map { String(decoding: $0.array, as: UTF8.self) }
          ?? code.map { "\($0)" } ?? "failed"
      }
    for action in decide({ $0.ended(id.sequence, refusal: refusal) }) { perform(action) }
    signal()
  }

  private func perform(_ action: ImportMachine.Action) {
    switch action {
    case .note(let sequences):
      do {
        try journal.append(CommittedBatches(sequences: sequences))
      } catch {
        logger.error("bookings could not be noted", metadata: ["error": "\(error)"])
      }
    case .alarm(let sequence, let reason):
      logger.critical(
        "a batch was not booked", metadata: ["batch": "\(sequence)", "reason": "\(reason)"])
    }
  }

  private func signal() {
    booked.lock()
    booked.broadcast()
    booked.unlock()
  }

  /// Waits until `isDone`, checked whenever something was booked.
  /// - Throws: ``ImportInterrupted`` when the import may not go on.
  func wait(_ id: JobID?, until isDone: () -> Bool) throws(ImportInterrupted) {
    booked.lock()
    defer { booked.unlock() }
    while true {
      try check(id)
      if isDone() { return }
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
