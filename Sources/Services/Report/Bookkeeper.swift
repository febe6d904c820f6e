// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import Crypto
import Dispatch
import Economics
import Host
import Ledger
import Logging
import Metrics
import Reporting
import Synchronization
import ZeroMQ

/// Owns the ledger on a thread of its own: books what waits, then publishes what changed.
final class Bookkeeper: Sendable {
  /// A job whose payload could be read.
  private struct Entry: Sendable {
    var id: JobID
    var outcome: PricingOutcome
    var bytes: [UInt8]
  }

  private typealias Machine = BookkeepingMachine<Entry, Ledger.CommitResult>

  /// Touched by the book thread only; the mutex proves it to the compiler.
  private struct Books {
    let ledger: Ledger
    var streams: FollowingStreams
    var machine = Machine()
  }

  /// What the metrics say of the ledger.
  private struct Counts: Sendable {
    let committed = Counter(.ledgerBatches, "committed")
    let already = Counter(.ledgerBatches, "already")
    let refused = Counter(.ledgerBatches, "refused")
    let mismatched = Counter(.ledgerBatches, "mismatched")
    let time = Timer(.ledgerCommit)

    func add(_ results: [Ledger.CommitResult], took: Duration) {
      time.record(duration: took)
      for result in results {
        switch result {
        case .committed: committed.increment()
        case .already: already.increment()
        case .refused: refused.increment()
        }
      }
    }
  }

  private let thread = DispatchQueue(label: "solvent.books")
  private let books: Mutex<Books>
  private let outbox = Mutex<WorkerOutbox?>(nil)
  private let logger: Logger
  private let counts = Counts()

  init(_ ledger: sending Ledger, logger: Logger) throws {
    self.logger = logger
    let streams = try FollowingStreams(ledger)
    let head = ledger.head
    logger.notice(
      "ledger open",
      metadata: ["sequence": "\(head.sequence)", "epoch": "\(streams.epoch)"])
    books = Mutex(Books(ledger: ledger, streams: streams))
  }

  func attach(_ outbox: WorkerOutbox) { self.outbox.withLock { $0 = outbox } }

  private var answers: WorkerOutbox? { outbox.withLock { $0 } }

  /// Waits for what is being booked, and closes the ledger. What could not be written was not
  /// answered, so its producer sends it again.
  func finish() {
    thread.sync {
      do {
        try books.withLock { try $0.ledger.close() }
      } catch {
        logger.warning("the ledger was not closed", metadata: ["error": "\(error)"])
      }
    }
  }

  // MARK: Booking

  /// Takes a job; it is answered when its effect is durable.
  func book(_ job: Job) {
    thread.async { [self] in
      do {
        guard let control = try job.control?.decode(BatchControl.self) else {
          throw BatchError("an outcome without the batch's own sums; ingest sends both")
        }
        let outcome = try job.payload.decode(PricingOutcome.self)
        let entry = Entry(id: job.id, outcome: outcome, bytes: job.payload.array)
        if let difference = control.difference(
          to: outcome, digest: Array(SHA256.hash(data: entry.bytes)))
        {
          logger.error(
            "an outcome is not that of its batch",
            metadata: [
              "batch": "\(control.key)", "worker": "\(job.computedBy)",
              "difference": "\(difference)",
            ])
          counts.mismatched.increment()
          answers?.finished(job.id, Self.refusal(.mismatch, difference))
          return
        }
        decide { $0.received(entry) }
      } catch {
        answers?.finished(job.id, Self.refusal(.rejected, "\(error)"))
      }
    }
  }

  /// Books entries and figures of a file; answered when they are durable.
  func bookEntries(_ job: Job) {
    thread.async { [self] in
      let outcome: JobOutcome
      do {
        let batch = try job.payload.decode(BooksBatch.self)
        let receipt = try books.withLock { try $0.ledger.book(batch) }
        outcome = .committed(try SharedMessage(encoding: receipt))
      } catch {
        outcome = Self.refusal(.rejected, "\(error)")
      }
      answers?.finished(job.id, outcome)
    }
  }

  /// On the book thread: lets the machine decide, and carries out what it says.
  private func decide(_ event: (inout Machine) -> [Machine.Action]) {
    for action in books.withLock({ event(&$0.machine) }) { perform(action) }
  }

  private func perform(_ action: Machine.Action) {
    switch action {
    case .commit(let entries):
      // In a turn of its own: jobs that came meanwhile are in the next transaction together.
      thread.async { [self] in commit(entries) }
    case .answer(let entry, let result):
      answers?.finished(entry.id, answer(entry.id, result))
    case .keepAlive(let entries):
      for entry in entries { answers?.progressed(entry.id, permille: 0) }
    case .retry(let milliseconds):
      thread.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [self] in
        decide { $0.retryDue() }
      }
    case .reportTrouble(let reason):
      logger.error(
        "the ledger cannot be written; nothing is acknowledged until it can",
        metadata: ["error": "\(reason)"])
    case .reportRecovery:
      logger.notice("the ledger is writable again")
    }
  }

  private func commit(_ entries: [Entry]) {
    let changes: [Ledger.Change]
    do {
      let results: [Ledger.CommitResult]
      let began = ContinuousClock.now
      (results, changes) = try books.withLock { books in
        try books.ledger.commit(entries.map { ($0.outcome, $0.bytes) })
      }
      counts.add(results, took: .now - began)
      decide { $0.committed(results) }
    } catch {
      return decide { $0.failed("\(error)") }
    }
    // The books are right whatever becomes of the streams.
    switch books.withLock({ $0.streams.follow(changes, of: $0.ledger) }) {
    case .followed, .waiting: break
    case .remade(let reason):
      logger.error(
        "the streams could not follow the ledger and were rebuilt from it",
        metadata: ["error": "\(reason)"])
      publishAll()
    case .stale(let reason):
      logger.critical(
        "streams cannot show what the ledger holds; ask for costs instead: solvent cost",
        metadata: ["error": "\(reason)"])
    }
  }

  private func answer(_ id: JobID, _ result: Ledger.CommitResult) -> JobOutcome {
    switch result {
    case .committed(let sequence): return receipt(sequence, wasKnown: false)
    case .already(let sequence): return receipt(sequence, wasKnown: true)
    case .refused(let error):
      logger.critical(
        "a batch was refused", metadata: ["job": "\(id)", "error": "\(error)"])
      return Self.refusal(.conflict, "\(error)")
    }
  }

  private func receipt(_ sequence: Int64, wasKnown: Bool) -> JobOutcome {
    let receipt = CommitReceipt(sequence: sequence, wasKnown: wasKnown)
    return .committed(try? SharedMessage(encoding: receipt))
  }

  private static func refusal(_ code: FailureCode, _ message: String) -> JobOutcome {
    .failed(code, retryable: false, try? SharedMessage(Array(message.utf8)))
  }

  // MARK: Publishing

  /// The broker wants everything: it is new, or it lost a piece.
  func publishAll() {
    thread.async {
      let (messages, epoch) = self.books.withLock { $0.streams.snapshots() }
      self.publish(messages, epoch)
    }
  }

  /// Publishes what changed since the last call.
  /// - Returns: how long that kept the book thread.
  func publishChanges() async -> Duration {
    await withCheckedContinuation { continuation in
      thread.async {
        let took = ContinuousClock().measure {
          let (messages, epoch) = self.books.withLock { $0.streams.changes() }
          self.publish(messages, epoch)
        }
        continuation.resume(returning: took)
      }
    }
  }

  private func publish(_ messages: [CostStreams.Message], _ epoch: UInt64) {
    guard !messages.isEmpty, let answers else { return }
    for message in messages {
      do {
        let payload = try SharedMessage(encoding: message.update)
        guard payload.count <= messageBytesMax else {
          logger.error(
            "a topic is too large to be published",
            metadata: ["topic": "\(message.topic)", "rows": "\(message.update.rows.count)"])
          continue
        }
        answers.publish(
          message.topic, epoch: epoch, sequence: message.sequence, isSnapshot: message.isSnapshot,
          payload)
      } catch {
        logger.error("a stream could not be encoded", metadata: ["error": "\(error)"])
      }
    }
  }
}
