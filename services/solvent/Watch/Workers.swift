// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

struct Workers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists who has joined the broker, and what waits there.")

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let status = try await cluster.brokerStatus()
    switch output.format {
    case .json: Terminal.print(Self.json(status).text)
    case .csv:
      Terminal.print("name,process,services,in_flight,done,free,silent_ms,draining")
      for worker in status.workers {
        Terminal.print(
          """
          \(CSVText.cell(worker.name)),\(worker.process),\(worker.services.joined(separator: " ")),\
          \(worker.inFlight),\(worker.done),\(worker.credit),\(worker.silentMilliseconds),\
          \(worker.draining)
          """)
      }
    case .table, .md: Self.printTables(status, output.format)
    }
  }

  private static func printTables(_ status: BrokerStatus, _ format: OutputOptions.Format) {
    var table = Table(columns: [
      .init(title: "WORKER"), .init(title: "PROCESS", isNumber: true, rank: 2),
      .init(title: "OFFERS", rank: 1), .init(title: "RUNNING", isNumber: true),
      .init(title: "DONE", isNumber: true), .init(title: "FREE", isNumber: true, rank: 3),
      .init(title: "BEAT", isNumber: true), .init(title: "STATE"),
    ])
    for worker in status.workers {
      table.rows.append([
        worker.name, "\(worker.process)", worker.services.joined(separator: ", "),
        "\(worker.inFlight)", Text.grouped(worker.done), "\(worker.credit)",
        "\(worker.silentMilliseconds) ms", worker.draining ? "draining" : "ready",
      ])
    }
    table.print(as: format)
    var queues = Table(columns: [
      .init(title: "QUEUE"), .init(title: "WAITING", isNumber: true),
      .init(title: "RUNNING", isNumber: true), .init(title: "OLDEST", isNumber: true),
    ])
    for queue in status.queues where queue.service != "broker" {
      queues.rows.append([
        queue.service, "\(queue.queued)", "\(queue.inFlight)", "\(queue.oldestMilliseconds) ms",
      ])
    }
    Terminal.print()
    queues.print(as: format)
    Terminal.print(
      Terminal.dim(
        """
        finished \(Text.grouped(status.finished)) · requeued \(status.requeued) · dead letters \
        \(status.deadLetters) · late results \(status.duplicates) · topics \(status.topics) · up \
        \(status.upMilliseconds / 1_000) s
        """))
  }

  private static func json(_ status: BrokerStatus) -> JSONText {
    .object([
      ("schema", .string("solvent.workers/v1")),
      ("release", .string(status.release)),
      (
        "workers",
        .array(
          status.workers.map {
            .object([
              ("name", .string($0.name)), ("process", .number("\($0.process)")),
              ("services", .array($0.services.map(JSONText.string))),
              ("inFlight", .number("\($0.inFlight)")), ("done", .number("\($0.done)")),
              ("free", .number("\($0.credit)")),
              ("silentMilliseconds", .number("\($0.silentMilliseconds)")),
              ("draining", .bool($0.draining)),
            ])
          })
      ),
      (
        "queues",
        .array(
          status.queues.filter { $0.service != "broker" }.map {
            .object([
              ("service", .string($0.service)), ("waiting", .number("\($0.queued)")),
              ("inFlight", .number("\($0.inFlight)")),
              ("oldestMilliseconds", .number("\($0.oldestMilliseconds)")),
            ])
          })
      ),
      ("finished", .number("\(status.finished)")), ("requeued", .number("\(status.requeued)")),
      ("deadLetters", .number("\(status.deadLetters)")),
      ("duplicates", .number("\(status.duplicates)")),
      ("heldBytes", .number("\(status.heldBytes)")), ("topics", .number("\(status.topics)")),
    ])
  }
}
