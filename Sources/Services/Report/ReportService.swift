// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
public import Cluster
import ClusterAPI
import ClusterAccess
import Dispatch
import Economics
import Foundation
public import Host
import Ledger
import Logging
import Reporting
public import ServiceLifecycle
import Synchronization
import ZeroMQ

/// The ledger as a service: outcomes come in and are answered by commits, questions by rows.
///
///     loop thread          book thread                            question thread
///     ledger job ────────> waits, takes all that wait,            query ──> read-only ledger
///                          one transaction, COMMIT each
///                          ─> streams (at most 10 messages a second and topic)
///     simulations and searches ──> jobs for the workers (SpreadService)
public final class ReportService: Service {
  private let bookkeeper: Bookkeeper
  private let node: WorkerNode
  private let outbox: WorkerOutbox
  private let spread: SpreadService

  /// Opens the ledger, or creates it.
  /// - Throws: `LedgerError`, or what the database says.
  public init(parts: ServiceProcess.Parts, address: BrokerAddress, ledgerPath: String) throws {
    let instance = Instance.random()
    let hello = Hello(
      role: .report, name: parts.name, process: Int(getpid()), release: solventRelease,
      services: [
        ServiceName.ledger, ServiceName.books, ServiceName.query, ServiceName.scenario,
        ServiceName.search,
      ], instance: instance)
    let bookkeeper = try Bookkeeper(Ledger(path: ledgerPath), logger: parts.logger)
    let questions = QueryService(ledgerPath: ledgerPath)
    let spread = SpreadService(
      address: address, instance: instance, name: parts.name, logger: parts.logger)
    let node = try WorkerNode(
      loop: parts.loop, context: parts.context, address: address, hello: hello, slots: 64,
      logger: parts.logger,
      publishAll: { bookkeeper.publishAll() },
      cancelled: { spread.cancelled($0) },
      handler: { job in
        switch job.service {
        case ServiceName.ledger: bookkeeper.book(job)
        case ServiceName.books: bookkeeper.bookEntries(job)
        case ServiceName.scenario, ServiceName.search: spread.take(job)
        default: questions.answer(job)
        }
      })
    self.bookkeeper = bookkeeper
    self.node = node
    let outbox = WorkerOutbox(node)
    self.outbox = outbox
    bookkeeper.attach(outbox)
    questions.attach(outbox)
    self.spread = spread
    spread.attach(outbox)
  }

  public func run() async throws {
    await node.start()
    // Conflated: however fast bookings come, a topic changes at most ten times a second, and telling
    // of changes takes at most a twentieth of the time.
    let publishing = Task { [bookkeeper] in
      var pause = Duration.milliseconds(100)
      while !Task.isCancelled {
        try? await Task.sleep(for: pause)
        let took = await bookkeeper.publishChanges()
        pause = max(.milliseconds(100), min(.seconds(1), took * 19))
      }
    }
    try? await gracefulShutdown()
    await spread.close()
    await node.drainAndLeave()
    publishing.cancel()
    bookkeeper.finish()
    await outbox.close()
    await node.stop()
  }
}

/// A larger frame would cost its sender the connection.
let messageBytesMax = Socket.frameBytesMax - 64 * 1_024

/// Answers questions on a thread of its own, from a read-only view, so that they never hold up a
/// commit.
final class QueryService: Sendable {
  private let path: String
  private let thread = DispatchQueue(label: "solvent.questions")
  private let outbox = Mutex<WorkerOutbox?>(nil)

  init(ledgerPath: String) { path = ledgerPath }

  func attach(_ outbox: WorkerOutbox) { self.outbox.withLock { $0 = outbox } }

  func answer(_ job: Job) {
    guard let outbox = outbox.withLock({ $0 }) else { return }
    thread.async { [path] in outbox.finished(job.id, Self.outcome(of: job, path)) }
  }

  private static func outcome(of job: Job, _ path: String) -> JobOutcome {
    do {
      switch try job.payload.decode(ReportRequest.self) {
      case .draft(let query):
        let inputs = try StatementInputs(query.books, from: Ledger(readingAt: path))
        return .result(try SharedMessage(encoding: ScenarioDraft.answer(query, inputs)))
      case .statement(let query):
        let inputs = try StatementInputs(query, from: Ledger(readingAt: path))
        return .result(try SharedMessage(encoding: StatementAnswer(inputs)))
      case .cost(let query):
        let answer = try CostSum.answer(query, from: Ledger(readingAt: path))
        let message = try SharedMessage(encoding: answer)
        guard message.count <= messageBytesMax else {
          throw QueryError(
            """
            the answer has \(answer.rows.count) rows, too many for one message; ask for a shorter \
            span (--since, --until) or fewer columns (--by)
            """)
        }
        return .result(message)
      }
    } catch {
      return .failed(.rejected, retryable: false, try? SharedMessage(Array("\(error)".utf8)))
    }
  }
}
