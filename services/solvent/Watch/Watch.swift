// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Rendering
import Reporting
import Synchronization
import ZeroMQ

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follows costs as they are booked.",
    discussion: """
      Topics: cost/{bucket,hour,day}/{product,model,total}. On a terminal, shows the newest rows \
      and updates them; otherwise, or with --json, prints a line of JSON for each update, with the rows \
      that changed and the total of the ledger.
      """)

  @OptionGroup var cluster: ClusterOptions

  @Flag(help: "Print a line of JSON for each update, on a terminal too.")
  var json = false

  @Option(help: "Stop after this many updates.")
  var updates: Int?

  @Argument(
    help: "The topic to follow.",
    completion: .list(CostTopic.all.map(\.name)))
  var topic = "cost/day/model"

  /// Updates that wait to be printed; when there are more, all rows are asked for again.
  private static let waitingMax = 10_000

  func validate() throws {
    let names = CostTopic.all.map(\.name)
    guard names.contains(topic) else {
      throw ValidationError(
        "'\(topic)' is not a known topic; choose one of \(names.joined(separator: ", "))")
    }
    if let updates, updates < 1 { throw ValidationError("--updates must be at least 1") }
  }

  func run() async throws {
    // Whether a broker is there is asked first: a subscription alone would wait silently.
    _ = try await cluster.brokerStatus()
    let loop = PollLoop(name: "solvent-watch")
    loop.start()
    let (stream, continuation) = AsyncStream<SubscriberNode.Update>.makeStream(
      bufferingPolicy: .bufferingOldest(Self.waitingMax))
    let hasOverflown = Atomic(false)
    let node = try SubscriberNode(
      loop: loop, context: Context(), address: cluster.address(), prefixes: ["\(topic)\0"],
      logger: ClusterOptions.quietLogger
    ) { update in
      if case .dropped = continuation.yield(update) {
        hasOverflown.store(true, ordering: .relaxed)
      }
    }
    try await node.start()
    try await follow(stream) {
      // What did not fit is not passed over: everything is asked for again.
      if hasOverflown.exchange(false, ordering: .relaxed) { try await node.restart() }
    }
    await node.stop()
    loop.stop()
  }

  private func follow(
    _ stream: AsyncStream<SubscriberNode.Update>, afterEach: () async throws -> Void
  ) async throws {
    var follower = CostFollower()
    var isCaughtUp = false
    var seen = 0
    for await update in stream {
      switch update {
      case .replace(_, _, let payload):
        let shown = follower.take(try payload.decode(CostUpdate.self), isSnapshot: true)
        show(follower, shown, isSnapshot: true, isCaughtUp)
      case .apply(_, _, let payload):
        let shown = follower.take(try payload.decode(CostUpdate.self), isSnapshot: false)
        show(follower, shown, isSnapshot: false, isCaughtUp)
      case .caughtUp:
        isCaughtUp = true
        let nothing = CostUpdate(
          topic: topic, ledger: follower.ledger, currency: follower.currency, rows: [],
          total: follower.total)
        show(follower, nothing, isSnapshot: false, true)
      }
      seen += 1
      if let updates, seen >= updates { return }
      try await afterEach()
    }
  }

  private func show(
    _ follower: CostFollower, _ update: CostUpdate, isSnapshot: Bool, _ isCaughtUp: Bool
  ) {
    guard Terminal.isOutputTerminal && !json else {
      return CostUpdatePrinter(topic: topic).print(
        update, isSnapshot: isSnapshot, isCaughtUp: isCaughtUp, on: Terminal.page(.json))
    }
    let rows = follower.rows(of: topic)
    let answer = CostAnswer(
      rows: Array(rows.suffix(20)), total: follower.total, currency: follower.currency)
    Terminal.write("\u{1B}[2J\u{1B}[H", to: 1)
    let shown =
      rows.count > 20 ? "the newest 20 of \(rows.count) rows; the total is the ledger's   " : ""
    Terminal.print("\(topic)   ledger \(follower.ledger)   \(shown)Ctrl-C stops")
    Terminal.print("cost  \(Self.sparkline(rows))")
    CostPrinter(answer, zone: "UTC").print(on: Terminal.page(.table))
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
  init(rows: [CostUpdate.Row], total: CostTotals, currency: String) {
    self.init(
      by: ["time", "name"],
      rows: rows.map { .init(key: [Instant.text($0.time), $0.name], totals: $0.totals) },
      total: total, currency: currency, sequence: 0, chain: [], firstTime: nil, lastTime: nil)
  }
}
