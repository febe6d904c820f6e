// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import ClusterAPI
import Crypto
import Dispatch
import Economics
import Foundation
import Host
import Journal
import Logging
import Pricing
import Synchronization
import Usage
import ZeroMQ

/// Carries out what ``ImportMachine`` decides: imports on threads of their own, batches to the journal
/// and on to the broker.
final class ImportCoordinator: Sendable {
  private struct State {
    var machine: ImportMachine
    /// What each running import last said of itself.
    var progress: [JobID: (permille: Int, rows: Int)] = [:]
    var batches = BatchMachine()
    /// Batches on their way to the ledger.
    var held: [UInt64: HeldBatch] = [:]
    /// Batches that could not be booked.
    var parked: [UInt64: ParkedBatch] = [:]

    func answer(_ parked: some Sequence<ParkedBatch>) -> JobsAnswer {
      JobsAnswer(parked: parked.sorted { $0.batch < $1.batch }, underWay: held.count)
    }
  }

  let journal: Journal
  let dataDirectory: DataDirectory
  let logger: Logger
  let counts = IngestCounts()
  /// The ids of accepted events; used by one import at a time, under its lock.
  let ids: IDIndexBox
  private let state: Mutex<State>
  /// Signalled whenever something is booked or closed.
  private let booked = NSCondition()
  private let deciding = DispatchQueue(label: "solvent.deciding")
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
    } catch let error as DecodingError {
      return .failed(.rejected, retryable: false, try? SharedMessage(Array(error.reason.utf8)))
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
      let bytes = try JournalFiles.job(at: batch.position, directory: dataDirectory.journal)
      let job = try CBORDecoder().decode(PricingJob.self, from: bytes)
      let payload = try SharedMessage(bytes)
      decide { $0.resubmitting(batch.sequence, bytes: payload.count) }
      begin(batch.sequence, HeldBatch(payload, BatchControl(job), isRedelivered: true))
    }
  }

  /// A batch is durable: it may be priced and booked.
  func durable(
    _ sequence: UInt64, _ payload: SharedMessage, _ control: BatchControl, _ key: ImportKey,
    run: Int
  ) {
    decide { $0.durable(sequence, key, bytes: payload.count, run: run) }
    begin(sequence, HeldBatch(payload, control))
  }

  private func begin(_ sequence: UInt64, _ batch: HeldBatch) {
    let actions = state.withLock { state in
      state.held[sequence] = batch
      return state.batches.began(sequence)
    }
    for action in actions { perform(action) }
  }

  /// Jobs that ask for the price alone have an epoch of their own.
  private var samplingEpoch: UInt64 { journal.identity ^ 1 }

  private func perform(_ action: BatchMachine.Action) {
    do {
      switch action {
      case .price(let sequence):
        try submit(sequence) { batch in
          (JobID(epoch: samplingEpoch, sequence: sequence), batch.sampling)
        }
      case .book(let sequence, let digest, let worker):
        try submit(sequence) { batch in
          (
            JobID(epoch: journal.identity, sequence: sequence),
            try batch.booking(expecting: digest, avoiding: worker)
          )
        }
      case .compute(let sequence):
        deciding.async { [self] in compute(sequence) }
      case .quarantine(let worker, let sequence, let reason):
        logger.critical(
          "a worker's result is wrong; the broker takes no more from it",
          metadata: ["batch": "\(sequence)", "worker": "\(worker)", "reason": "\(reason)"])
        counts.addWrongResult()
        attached?.batches.quarantine(worker: worker)
      case .booked(let sequence): over(sequence, refusal: nil)
      case .parked(let sequence, let reason): over(sequence, refusal: reason)
      }
    } catch {
      logger.critical("a batch could not be sent", metadata: ["error": "\(error)"])
    }
  }

  private func submit(
    _ sequence: UInt64, _ job: (HeldBatch) throws -> (JobID, NewJob)
  ) throws {
    guard let batch = state.withLock({ $0.held[sequence] }) else { return }
    let (id, new) = try job(batch)
    attached?.batches.submit(id, new, redelivered: batch.isRedelivered)
  }

  /// Called on the loop when a job is over.
  /// - Parameter worker: the broker's number for whoever computed the outcome.
  func ended(_ id: JobID, _ outcome: ProducerOutcome, by worker: UInt32) {
    let batch = id.sequence
    let actions = decideOnBatch { machine in
      switch outcome {
      case .committed: machine.booked(batch)
      case .result(let payload?) where id.epoch == samplingEpoch:
        machine.priced(batch, Self.digest(payload), by: worker)
      case .result: machine.failed(batch, reason: "the route ended before the ledger")
      case .failed(.mismatch?, let payload):
        machine.mismatched(batch, by: worker, reason: payload.map(Self.text) ?? "a wrong result")
      case .failed(let code, let payload):
        machine.failed(batch, reason: payload.map(Self.text) ?? Self.reason(code))
      }
    }
    for action in actions { perform(action) }
  }

  private func decideOnBatch(
    _ event: (inout BatchMachine) -> [BatchMachine.Action]
  ) -> [BatchMachine.Action] {
    state.withLock { event(&$0.batches) }
  }

  private static func digest(_ payload: SharedMessage) -> [UInt8] {
    payload.withUnsafeBytes { bytes in
      var hash = SHA256()
      hash.update(bufferPointer: bytes)
      return Array(hash.finalize())
    }
  }

  private static func text(_ payload: SharedMessage) -> String {
    payload.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  private static func reason(_ code: FailureCode?) -> String {
    switch code {
    case .poison: "each worker that took it died or did not answer"
    case let code?: "\(code)"
    case nil: "it failed for an unknown reason"
    }
  }

  /// The third result, made here: the one place where ingest prices anything.
  private func compute(_ sequence: UInt64) {
    guard let batch = state.withLock({ $0.held[sequence] }) else { return }
    let actions: [BatchMachine.Action]
    do {
      let outcome = try Costing.price(batch.payload.decode(PricingJob.self))
      let digest = Self.digest(try SharedMessage(encoding: outcome))
      actions = decideOnBatch { $0.computed(sequence, digest) }
    } catch {
      actions = decideOnBatch { $0.failed(sequence, reason: "\(error)") }
    }
    for action in actions { perform(action) }
  }

  /// A batch is booked, or parked.
  private func over(_ sequence: UInt64, refusal: String?) {
    let actions = state.withLock { state in
      let batch = state.held.removeValue(forKey: sequence)
      if let refusal, let control = batch?.control {
        state.parked[sequence] = ParkedBatch(
          batch: sequence, source: control.key.source, start: control.key.start,
          end: control.key.end, rows: control.rowsAccepted, reason: refusal,
          parkedAt: Int64(Date().timeIntervalSince1970 * 1_000))
      }
      counts.setParked(state.parked.count)
      return state.machine.ended(sequence, refusal: refusal)
    }
    for action in actions { perform(action) }
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
        "a batch was not booked; see: solvent jobs",
        metadata: ["batch": "\(sequence)", "reason": "\(reason)"])
    }
  }

  // MARK: Parked batches

  /// Answers a question about batches that could not be booked.
  func takeJobs(_ job: Job) {
    deciding.async { [self] in
      let outcome: JobOutcome
      do {
        let request = try job.payload.decode(JobsRequest.self)
        outcome = .result(try SharedMessage(encoding: answer(request)))
      } catch {
        outcome = .failed(
          .rejected, retryable: false, try? SharedMessage(Array("\(error)".utf8)))
      }
      attached?.outbox.finished(job.id, outcome)
    }
  }

  private func answer(_ request: JobsRequest) throws -> JobsAnswer {
    switch request {
    case .list: return state.withLock { $0.answer($0.parked.values) }
    case .show(let batch): return try show(parked([batch])[0])
    case .replay(let batches): return try replay(parked(batches))
    case .discard(let batches): return try discard(parked(batches))
    }
  }

  /// - Throws: ``UnknownBatch`` for one that is not parked.
  private func parked(_ batches: [UInt64]) throws -> [ParkedBatch] {
    try state.withLock { state in
      if batches.isEmpty { return state.parked.values.sorted { $0.batch < $1.batch } }
      return try batches.map { batch in
        guard let parked = state.parked[batch] else { throw UnknownBatch(number: batch) }
        return parked
      }
    }
  }

  private func show(_ batch: ParkedBatch) throws -> JobsAnswer {
    let (_, job) = try read(batch)
    var answer = state.withLock { $0.answer([batch]) }
    let control = BatchControl(job)
    for (meter, sum) in zip(control.meters, control.sums) {
      answer.quantities[Meter(rawValue: Int(meter))?.name ?? "\(meter)"] = sum
    }
    answer.series = (0..<job.batch.seriesTable.count).map { series in
      job.batch.seriesTable.dimensions(of: series).sorted { $0.key < $1.key }
        .map { "\($0.key)=\($0.value)" }
    }
    return answer
  }

  private func replay(_ batches: [ParkedBatch]) throws -> JobsAnswer {
    for batch in batches {
      let (bytes, job) = try read(batch)
      let payload = try SharedMessage(bytes)
      let isKnown = state.withLock { state in
        state.parked[batch.batch] = nil
        counts.setParked(state.parked.count)
        return state.machine.replaying(batch.batch, bytes: payload.count)
      }
      guard isKnown else { continue }
      begin(batch.batch, HeldBatch(payload, BatchControl(job), isRedelivered: true))
    }
    return state.withLock { $0.answer(batches) }
  }

  private func discard(_ batches: [ParkedBatch]) throws -> JobsAnswer {
    let written = DispatchSemaphore(value: 0)
    try journal.append(DiscardedBatches(sequences: batches.map(\.batch))) { _ in written.signal() }
    written.wait()
    let answer = state.withLock { state in
      for batch in batches {
        state.parked[batch.batch] = nil
        state.machine.discarded(batch.batch)
      }
      counts.setParked(state.parked.count)
      return state.answer(batches)
    }
    signal()
    return answer
  }

  private func read(_ batch: ParkedBatch) throws -> ([UInt8], PricingJob) {
    journal.flush()
    guard let bytes = try JournalFiles.job(batch.batch, directory: dataDirectory.journal) else {
      throw UnknownBatch(number: batch.batch)
    }
    return (bytes, try CBORDecoder().decode(PricingJob.self, from: bytes))
  }

  private struct UnknownBatch: Error, CustomStringConvertible {
    let number: UInt64
    var description: String { "batch \(number) is not among those that could not be booked" }
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

/// A batch on its way to the ledger.
struct HeldBatch: Sendable {
  let payload: SharedMessage
  let control: BatchControl
  /// It may have been sent before, by an earlier process.
  var isRedelivered = false

  init(_ payload: SharedMessage, _ control: BatchControl, isRedelivered: Bool = false) {
    self.payload = payload
    self.control = control
    self.isRedelivered = isRedelivered
  }

  /// The job that asks for the price alone.
  var sampling: NewJob { NewJob(route: IngestService.pricing, payload, waits: true) }

  /// The job that has it booked.
  func booking(expecting digest: [UInt8], avoiding worker: UInt32) throws -> NewJob {
    let expected = control.expecting(digest)
    return NewJob(
      route: IngestService.booking, payload, control: try SharedMessage(encoding: expected),
      waits: true, avoiding: worker)
  }
}

extension DecodingError {
  /// What is wrong with a request, for a person.
  fileprivate var reason: String {
    switch self {
    case .dataCorrupted(let context), .keyNotFound(_, let context),
      .typeMismatch(_, let context), .valueNotFound(_, let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return
        "the request cannot be read: \(path.isEmpty ? "" : path + ": ")\(context.debugDescription)"
    @unknown default: return "the request cannot be read: \(self)"
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
