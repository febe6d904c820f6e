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
import Journal
import Ledger
import Logging
public import ServiceLifecycle
import Usage
import ZeroMQ

/// Takes import jobs, and is itself the producer of pricing jobs.
///
///     import job ──> ImportRun (its own thread) ──> journal ──durable──> pricing job ──> broker
///                                                     ^                                   │
///                                                     └──────────── COMMIT ───────────────┘
public final class IngestService: Service {
  private let worker: WorkerNode
  private let producer: ProducerNode
  private let coordinator: ImportCoordinator
  private let outbox: WorkerOutbox
  private let batches: ProducerOutbox
  private let pending: [JournalContents.Batch]
  private let logger: Logger

  /// The routes of its jobs: to the ledger, and to a worker alone.
  private static let routes = [[ServiceName.price, ServiceName.ledger], [ServiceName.price]]
  static let booking = 0
  static let pricing = 1

  /// Opens the journal, and joins the broker when it runs.
  /// - Throws: `JournalError` for a journal that is damaged or in use, `ZeroMQError`,
  ///   `EndpointError`.
  public init(parts: ServiceProcess.Parts, address: BrokerAddress, dataDirectory: DataDirectory)
    throws
  {
    let logger = parts.logger
    self.logger = logger
    let ids = IDIndex()
    let (journal, contents) = try Journal.open(directory: dataDirectory.journal, ids: ids) {
      reason in
      if let reason {
        logger.error("\(reason)")
      } else {
        logger.notice("the journal is writable again")
      }
    }
    let pending = Self.lacking(contents, ledger: dataDirectory.ledger, logger)
    logger.notice(
      "journal open",
      metadata: [
        "frames": "\(contents.frames)", "bytes": "\(contents.bytes)",
        "pending": "\(pending.count)", "cutOff": "\(contents.cutOff)",
      ])
    let coordinator = ImportCoordinator(
      journal: journal, imports: contents.imports, ids: ids,
      pending: pending, dataDirectory: dataDirectory, logger: logger)
    // One process with two connections: the broker knows by the instance that they are one.
    let instance = Instance.random()
    let producer = try ProducerNode(
      loop: parts.loop, context: parts.context, address: address,
      hello: Hello(
        role: .ingest, name: parts.name, process: Int(getpid()), release: solventRelease,
        routes: Self.routes, instance: instance),
      logger: logger,
      events: .init(ended: { id, outcome, worker in coordinator.ended(id, outcome, by: worker) }))
    let worker = try WorkerNode(
      loop: parts.loop, context: parts.context, address: address,
      hello: Hello(
        role: .ingest, name: parts.name, process: Int(getpid()), release: solventRelease,
        services: [ServiceName.ingest, ServiceName.jobs], instance: instance),
      slots: 16, logger: logger, cancelled: { coordinator.cancelled($0) },
      handler: { job in
        switch job.service {
        case ServiceName.jobs: coordinator.takeJobs(job)
        default: coordinator.take(job)
        }
      })
    self.coordinator = coordinator
    self.producer = producer
    self.worker = worker
    self.pending = pending
    let outbox = WorkerOutbox(worker)
    self.outbox = outbox
    let batches = ProducerOutbox(producer)
    self.batches = batches
    coordinator.attach(outbox: outbox, batches: batches)
  }

  /// The batches that the ledger lacks: not only those whose booking was never noted, but also those
  /// that went with a ledger that was lost, or replaced by an older copy.
  private static func lacking(
    _ contents: JournalContents, ledger: String, _ logger: Logger
  ) -> [JournalContents.Batch] {
    guard !contents.batches.isEmpty else { return [] }
    do {
      let booked = try Ledger.bookedBatches(at: ledger)
      let lost = contents.batches.count { $0.isNoted && !booked.contains($0.key) }
      if lost > 0 {
        logger.warning(
          "the ledger lacks batches that it had once; they are booked again from the journal",
          metadata: ["batches": "\(lost)"])
      }
      return contents.batches.filter { !$0.isDiscarded && !booked.contains($0.key) }
    } catch {
      logger.warning(
        "the ledger could not be compared with the journal",
        metadata: ["error": "\(error)"])
      return contents.pending
    }
  }

  public func run() async throws {
    await producer.start()
    // On a thread of its own: it waits for the ledger.
    Thread.detachNewThread { [coordinator, pending, logger] in
      do {
        try coordinator.resubmit(pending)
      } catch is ImportInterrupted {
        // The next start goes on.
      } catch {
        logger.critical("the journal cannot be read again", metadata: ["error": "\(error)"])
      }
    }
    await worker.start()
    try? await gracefulShutdown()
    // What is in the journal goes on after the next start; an import that is cut off here goes on
    // where the journal ends when it is asked for again.
    coordinator.close()
    await worker.drainAndLeave()
    await outbox.close()
    await batches.close()
    await producer.stop()
    await worker.stop()
  }
}
