// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import Dispatch
import Economics
import Foundation
import Ledger
import Logging
import Reporting
import Synchronization
import ZeroMQ

/// Owns the ledger on a thread of its own: books what waits, then publishes what changed.
final class Bookkeeper: Sendable {
  private static let batchesPerTransaction = 64

  private struct Inbox {
    var jobs: [Job] = []
    var isScheduled = false
  }

  /// Touched by the book thread only; the mutex proves it to the compiler.
  private struct Books {
    let ledger: Ledger
    var streams: CostStreams
    let epoch: UInt64
  }

  private let thread = DispatchQueue(label: "solvent.books")
  private let inbox = Mutex(Inbox())
  private let books: Mutex<Books>
  private let node = Mutex<WorkerNode?>(nil)
  private let logger: Logger

  init(_ ledger: sending Ledger, logger: Logger) throws {
    self.logger = logger
    let streams = try CostStreams(ledger)
    let epoch = try ledger.nextEpoch()
    let head = ledger.head
    logger.notice(
      "ledger open",
      metadata: ["sequence": "\(head.sequence)", "epoch": "\(epoch)"])
    books = Mutex(Books(ledger: ledger, streams: streams, epoch: epoch))
  }

  func attach(_ node: WorkerNode) { self.node.withLock { $0 = node } }

  /// Waits until all that was taken is answered, and closes the ledger.
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
    let isFirst = inbox.withLock { inbox in
      inbox.jobs.append(job)
      let isFirst = !inbox.isScheduled
      inbox.isScheduled = true
      return isFirst
    }
    if isFirst { thread.async { self.bookAll() } }
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
      guard let node = node.withLock({ $0 }) else { return }
      Task { await node.finished(job.id, outcome) }
    }
  }

  private func bookAll() {
    while true {
      let jobs = inbox.withLock { inbox in
        let jobs = Array(inbox.jobs.prefix(Self.batchesPerTransaction))
        inbox.jobs.removeFirst(jobs.count)
        if jobs.isEmpty { inbox.isScheduled = false }
        return jobs
      }
      if jobs.isEmpty { return }
      book(jobs)
    }
  }

  private func book(_ jobs: [Job]) {
    guard let node = node.withLock({ $0 }) else { return }
    var outcomes: [(outcome: PricingOutcome, bytes: [UInt8])] = []
    var accepted: [JobID] = []
    var answers: [(JobID, JobOutcome)] = []
    for job in jobs {
      do {
        outcomes.append((try job.payload.decode(PricingOutcome.self), job.payload.array))
        accepted.append(job.id)
      } catch {
        answers.append((job.id, Self.refusal(.rejected, "\(error)")))
      }
    }
    let verdicts = commit(outcomes, accepted, node)
    for (id, verdict) in zip(accepted, verdicts) { answers.append((id, answer(id, verdict))) }
    let all = answers
    Task { for (id, answer) in all { await node.finished(id, answer) } }
  }

  /// Commits; when the disk is full, waits and tries again, keeping the leases alive meanwhile.
  private func commit(
    _ outcomes: [(outcome: PricingOutcome, bytes: [UInt8])], _ ids: [JobID], _ node: WorkerNode
  ) -> [Ledger.Verdict] {
    var isInTrouble = false
    while true {
      do {
        let verdicts = try books.withLock { books in
          let (verdicts, changes) = try books.ledger.commit(outcomes)
          for change in changes { try books.streams.add(change) }
          return verdicts
        }
        if isInTrouble { logger.notice("the ledger can be written again") }
        return verdicts
      } catch {
        if !isInTrouble {
          logger.error(
            "the ledger cannot be written; nothing is acknowledged until it can",
            metadata: ["error": "\(error)"])
        }
        isInTrouble = true
        Task { for id in ids { await node.progressed(id, permille: 0) } }
        sleep(1)
      }
    }
  }

  private func answer(_ id: JobID, _ verdict: Ledger.Verdict) -> JobOutcome {
    switch verdict {
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
      let (messages, epoch) = self.books.withLock { ($0.streams.wholeStates(), $0.epoch) }
      self.publish(messages, epoch)
    }
  }

  /// Publishes what changed since the last call.
  /// - Returns: how long that kept the book thread.
  func publishChanges() async -> Duration {
    await withCheckedContinuation { continuation in
      thread.async {
        let took = ContinuousClock().measure {
          let (messages, epoch) = self.books.withLock { books in
            (books.streams.takeChanges() + books.streams.wholeStates(onlyDue: true), books.epoch)
          }
          self.publish(messages, epoch)
        }
        continuation.resume(returning: took)
      }
    }
  }

  private func publish(_ messages: [CostStreams.Message], _ epoch: UInt64) {
    guard !messages.isEmpty, let node = node.withLock({ $0 }) else { return }
    do {
      let encoded = try messages.map { ($0, try SharedMessage(encoding: $0.update)) }
        .filter { message, payload in
          if payload.count <= messageBytesMax { return true }
          logger.error(
            "a topic is too large to be published",
            metadata: ["topic": "\(message.topic)", "rows": "\(message.update.rows.count)"])
          return false
        }
      Task {
        for (message, payload) in encoded {
          await node.publish(
            message.topic, epoch: epoch, sequence: message.sequence, isWhole: message.isWhole,
            payload)
        }
      }
    } catch {
      logger.error("a stream could not be encoded", metadata: ["error": "\(error)"])
    }
  }
}
