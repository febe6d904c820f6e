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

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follows a stream of costs as they are booked.",
    discussion: """
      Topics: cost/{bucket,hour,day}/{product,model,total}. On a terminal the newest rows are shown
      and renewed; otherwise each row that changes is a line of JSON.
      """)

  @OptionGroup var cluster: ClusterOptions

  @Option(help: "Stop after this many updates.")
  var updates: Int?

  @Argument(
    help: "The topic to follow.",
    completion: .list(CostTopic.all.map(\.name)))
  var topic = "cost/day/model"

  func validate() throws {
    let names = CostTopic.all.map(\.name)
    guard names.contains(topic) else {
      throw ValidationError(
        "there is no topic '\(topic)'; topics are \(names.joined(separator: ", "))")
    }
  }

  func run() async throws {
    // Whether a broker is there is asked first: a subscription alone would wait silently.
    _ = try await cluster.brokerStatus()
    let loop = PollLoop(name: "solvent-watch")
    loop.start()
    let (stream, continuation) = AsyncStream<SubscriberNode.Update>.makeStream(
      bufferingPolicy: .bufferingNewest(10_000))
    let node = try SubscriberNode(
      loop: loop, context: Context(), address: cluster.address(), prefixes: [topic],
      logger: ClusterOptions.quietLogger
    ) { continuation.yield($0) }
    try await node.start()
    var follower = CostFollower()
    var seen = 0
    for await update in stream {
      let changed = try follower.take(update)
      show(follower, changed)
      seen += 1
      if let updates, seen >= updates { break }
    }
    await node.stop()
    loop.stop()
  }

  private func show(_ follower: CostFollower, _ changed: [CostUpdate.Row]) {
    guard Terminal.isOutputTerminal else {
      for row in changed { Terminal.print(Self.json(topic, follower, row).text) }
      return
    }
    let rows = follower.rows(of: topic).suffix(20)
    let printer = CostPrinter(.init(rows: Array(rows), currency: follower.currency), zone: "UTC")
    Terminal.write("\u{1B}[2J\u{1B}[H", to: 1)
    Terminal.print("\(topic)   ledger \(follower.ledger)   Ctrl-C ends")
    Terminal.print("cost  \(Self.sparkline(follower.rows(of: topic)))")
    printer.print(.table)
  }

  /// The priced cost of the last times, all names together.
  private static func sparkline(_ rows: [CostUpdate.Row]) -> String {
    let sums = Dictionary(grouping: rows, by: \.time).mapValues { rows in
      rows.reduce(0) { $0 + $1.totals.cost.approximate }
    }
    return Text.sparkline(sums.sorted { $0.key < $1.key }.suffix(40).map(\.value))
  }

  private static func json(
    _ topic: String, _ follower: CostFollower, _ row: CostUpdate.Row
  ) -> JSONText {
    .object([
      ("topic", .string(topic)), ("ledger", .number("\(follower.ledger)")),
      ("time", .string(Instant.text(row.time))), ("name", .string(row.name)),
      ("requests", .number("\(row.totals.quantity(.requests))")),
      ("input_tokens", .number("\(row.totals.quantity(.inputTokens))")),
      ("output_tokens", .number("\(row.totals.quantity(.outputTokens))")),
      ("cost", row.totals.hasPriced ? .string(row.totals.cost.decimal) : .null),
      ("currency", .string(follower.currency)),
      ("unpriced", .bool(row.totals.hasUnpriced)),
    ])
  }
}

extension CostAnswer {
  /// An answer that shows rows of a stream.
  init(rows: [CostUpdate.Row], currency: String) {
    var total = CostTotals()
    var shown: [Row] = []
    for row in rows {
      shown.append(.init(key: [Instant.text(row.time), row.name], totals: row.totals))
      try? total.add(row.totals)
    }
    self.init(
      by: ["time", "name"], rows: shown, total: total, currency: currency, sequence: 0, chain: [],
      firstTime: nil, lastTime: nil)
  }
}
