// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Rendering
import Reporting
import ZeroMQ

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follows costs as they are booked.",
    discussion: """
      Topics: cost/{bucket,hour,day}/{product,model,total}. On a terminal, shows the newest rows \
      and updates them; otherwise prints each changed row as a line of JSON.
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
        "'\(topic)' is not a known topic; choose one of \(names.joined(separator: ", "))")
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
      return CostUpdatePrinter(topic: topic, ledger: follower.ledger, currency: follower.currency)
        .print(changed, on: Terminal.page(.json))
    }
    let rows = follower.rows(of: topic).suffix(20)
    let printer = CostPrinter(.init(rows: Array(rows), currency: follower.currency), zone: "UTC")
    Terminal.write("\u{1B}[2J\u{1B}[H", to: 1)
    Terminal.print("\(topic)   ledger \(follower.ledger)   Ctrl-C stops")
    Terminal.print("cost  \(Self.sparkline(follower.rows(of: topic)))")
    printer.print(on: Terminal.page(.table))
  }

  /// The priced cost of the last times, all names together.
  private static func sparkline(_ rows: [CostUpdate.Row]) -> String {
    let sums = Dictionary(grouping: rows, by: \.time).mapValues { rows in
      rows.reduce(0) { $0 + $1.totals.cost.approximate }
    }
    return Text.sparkline(sums.sorted { $0.key < $1.key }.suffix(40).map(\.value))
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
