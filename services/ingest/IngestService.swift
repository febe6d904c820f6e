// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import Dispatch
import Economics
import Foundation
import Ingestion
import Logging
import ServiceLifecycle
import ZeroMQ

/// Takes import jobs, and is itself the producer of pricing jobs.
///
///     import job ──> Importer (its own thread) ──> journal ──durable──> pricing job ──> broker
///                                                     ^                                   │
///                                                     └──────────── COMMIT ───────────────┘
final class IngestService: Service {
  private let worker: WorkerNode
  private let producer: ProducerNode
  private let desk: ImportDesk
  private let pending: [(sequence: UInt64, key: ImportKey, job: [UInt8])]
  private let logger: Logger

  init(parts: ServiceProcess.Parts, address: BrokerAddress, places: Places) throws {
    let logger = parts.logger
    self.logger = logger
    let ids = IDIndex()
    let (journal, contents) = try Journal.open(directory: places.journal, ids: ids) { reason in
      if let reason {
        logger.error("\(reason)")
      } else {
        logger.notice("the journal is written again")
      }
    }
    logger.notice(
      "journal open",
      metadata: [
        "frames": "\(contents.frames)", "bytes": "\(contents.bytes)",
        "pending": "\(contents.pending.count)", "cutOff": "\(contents.cutOff)",
      ])
    let desk = ImportDesk(
      journal: journal, imports: contents.imports, ids: ids,
      pending: contents.pending.map { ($0.sequence, $0.key) }, places: places, logger: logger)
    let producer = try ProducerNode(
      loop: parts.loop, context: parts.context, address: address,
      hello: Hello(
        role: .producer, name: parts.name, process: Int(getpid()), release: solventRelease,
        routes: [[ServiceName.price, ServiceName.ledger]]),
      logger: logger,
      events: .init(ended: { id, outcome in desk.ended(id, outcome) }))
    let worker = try WorkerNode(
      loop: parts.loop, context: parts.context, address: address,
      hello: Hello(
        role: .worker, name: parts.name, process: Int(getpid()), release: solventRelease,
        services: [ServiceName.ingest]),
      places: 8, logger: logger, cancelled: { desk.cancelled($0) },
      carryOut: { desk.take($0) })
    self.desk = desk
    self.producer = producer
    self.worker = worker
    pending = contents.pending
    desk.attach(worker: worker, producer: producer)
  }

  func run() async throws {
    await producer.start()
    for (sequence, _, job) in pending {
      await producer.submit(
        JobID(epoch: desk.epoch, sequence: sequence), try SharedMessage(job), mayRepeat: true)
    }
    await worker.start()
    try? await gracefulShutdown()
    // What is in the journal goes on after the next start; an import that is cut off here goes on
    // where the journal ends when it is asked for again.
    desk.close()
    await worker.drainAndLeave()
    await producer.stop()
    await worker.stop()
  }
}
