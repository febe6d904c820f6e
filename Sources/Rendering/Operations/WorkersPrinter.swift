// SPDX-License-Identifier: Apache-2.0

public import Broker

/// Who has joined the broker, and what waits there.
public struct WorkersPrinter {
  private let status: BrokerStatus

  public init(_ status: BrokerStatus) { self.status = status }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.workers/v1", WorkersJSON(status))
    case .csv:
      page.csv([
        "name", "process", "services", "in_flight", "done", "free", "silent_milliseconds",
        "draining", "quarantined",
      ])
      for worker in status.workers {
        page.csv([
          worker.name, "\(worker.process)", worker.services.joined(separator: " "),
          "\(worker.inFlight)", "\(worker.done)", "\(worker.credit)",
          "\(worker.silentMilliseconds)", "\(worker.draining)", "\(worker.quarantined)",
        ])
      }
    case .table, .md: printTables(on: page)
    }
  }

  private func printTables(on page: Page) {
    var table = Table(columns: [
      .init(title: "WORKER"), .init(title: "PROCESS", isNumber: true, rank: 2),
      .init(title: "SERVICES", rank: 1), .init(title: "RUNNING", isNumber: true),
      .init(title: "DONE", isNumber: true), .init(title: "FREE", isNumber: true, rank: 3),
      .init(title: "LAST SEEN", isNumber: true), .init(title: "STATE"),
    ])
    for worker in status.workers {
      table.rows.append([
        worker.name, "\(worker.process)", worker.services.joined(separator: ", "),
        "\(worker.inFlight)", Text.grouped(worker.done), "\(worker.credit)",
        "\(worker.silentMilliseconds) ms ago",
        worker.quarantined ? "quarantined" : worker.draining ? "draining" : "ready",
      ])
    }
    table.print(on: page)
    var queues = Table(columns: [
      .init(title: "QUEUE"), .init(title: "WAITING", isNumber: true),
      .init(title: "RUNNING", isNumber: true), .init(title: "OLDEST", isNumber: true),
    ])
    for queue in status.jobQueues {
      queues.rows.append([
        queue.service, "\(queue.queued)", "\(queue.inFlight)", "\(queue.oldestMilliseconds) ms",
      ])
    }
    page.line()
    queues.print(on: page)
    page.line(
      page.dim(
        """
        finished \(Text.grouped(status.finished)) · requeued \(status.requeued) · dead letters \
        \(status.deadLetters) · late results \(status.duplicates) · topics \(status.topics) · up \
        \(status.upMilliseconds / 1_000) s
        """))
  }
}

extension BrokerStatus {
  /// The queues of services that do work; the broker's own has none.
  fileprivate var jobQueues: [Queue] { queues.filter { $0.service != "broker" } }
}

/// `solvent.workers/v1`
private struct WorkersJSON: Encodable {
  struct Worker: Encodable {
    var name: String
    var process: Int
    var services: [String]
    var inFlight: Int
    var done: UInt64
    var free: Int
    var silentMilliseconds: Int
    var draining: Bool
    var quarantined: Bool
  }

  struct Queue: Encodable {
    var service: String
    var waiting: Int
    var inFlight: Int
    var oldestMilliseconds: Int
  }

  var release: String
  var workers: [Worker]
  var queues: [Queue]
  var finished: UInt64
  var requeued: UInt64
  var deadLetters: UInt64
  var duplicates: UInt64
  var heldBytes: Int
  var topics: Int
  var upMilliseconds: Int

  init(_ status: BrokerStatus) {
    release = status.release
    workers = status.workers.map {
      Worker(
        name: $0.name, process: $0.process, services: $0.services, inFlight: $0.inFlight,
        done: $0.done, free: $0.credit, silentMilliseconds: $0.silentMilliseconds,
        draining: $0.draining, quarantined: $0.quarantined)
    }
    queues = status.jobQueues.map {
      Queue(
        service: $0.service, waiting: $0.queued, inFlight: $0.inFlight,
        oldestMilliseconds: $0.oldestMilliseconds)
    }
    finished = status.finished
    requeued = status.requeued
    deadLetters = status.deadLetters
    duplicates = status.duplicates
    heldBytes = status.heldBytes
    topics = status.topics
    upMilliseconds = status.upMilliseconds
  }
}
