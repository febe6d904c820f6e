// SPDX-License-Identifier: Apache-2.0

import Cluster
import Economics
import Foundation
import Host
import Logging
import Reporting
import Synchronization
import Testing
import ZeroMQ

@Suite("Subscribers", .serialized, .timeLimit(.minutes(2)))
struct SubscriberProcessTests {
  final class Follower: Sendable {
    private let rows = Mutex(CostStreamRows())
    private let changed: AsyncStream<Void>.Continuation
    /// An element after each update that was taken.
    let changes: AsyncStream<Void>
    let node: SubscriberNode

    init(_ loop: PollLoop, _ context: Context, _ address: BrokerAddress, _ topic: String) throws {
      let hub = Hub()
      (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
      node = try SubscriberNode(
        loop: loop, context: context, address: address, prefixes: [topic],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      ) { hub.follower?.take($0) }
      hub.set(self)
    }

    private func take(_ update: SubscriberNode.Update) {
      rows.withLock { rows in
        switch update {
        case .replace(_, _, let payload):
          if let update = try? payload.decode(CostUpdate.self) {
            _ = rows.take(update, isSnapshot: true)
          }
        case .apply(_, _, let payload):
          if let update = try? payload.decode(CostUpdate.self) {
            _ = rows.take(update, isSnapshot: false)
          }
        case .caughtUp: break
        }
      }
      changed.yield()
    }

    /// Waits, as long as the suite may take, until what it shows is as expected.
    func shows(_ topic: String, _ isExpected: ([String]) -> Bool) async {
      if isExpected(shown(topic)) { return }
      for await _ in changes where isExpected(shown(topic)) { return }
    }

    /// What it shows, as text: time, name, requests, cost.
    func shown(_ topic: String) -> [String] {
      rows.withLock { $0.rows(of: topic) }.map {
        "\($0.time / 1_000) \($0.name) \($0.totals.quantity(.requests)) \($0.totals.cost.nano)"
      }
    }

    final class Hub: Sendable {
      private struct Weak: Sendable { weak var follower: Follower? }
      private let held = Mutex(Weak())
      var follower: Follower? { held.withLock { $0.follower } }
      func set(_ follower: Follower) { held.withLock { $0.follower = follower } }
    }
  }

  /// What the ledger says, in the same form.
  static func ledger(_ cluster: TestCluster, _ unit: String) throws -> [String] {
    let csv = try cluster.solvent("cost", "--by", "\(unit),model", "--csv").out
    let lines = csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let cost = try #require(lines.first?.firstIndex(of: "cost"))
    let formatter = ISO8601DateFormatter()
    return try lines.dropFirst().map { line in
      let text = unit == "day" ? "\(line[0])T00:00:00Z" : String(line[0])
      let time = Int(try #require(formatter.date(from: text)).timeIntervalSince1970)
      return "\(time) \(line[1]) \(line[2]) \(try SampleLog.nano(line[cost]))"
    }.sorted()
  }

  @Test func whoeverJoinsAtAnyMomentEndsUpWithTheLedger() async throws {
    let cluster = try TestCluster()
    let log = SampleLog(rows: 40_000, seed: 5)
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    let path = try ClusterProcessTests.write(cluster, "log.csv", log.text)
    let address = try BrokerAddress(DataDirectory(data: cluster.data).broker)
    let loop = PollLoop(name: "test")
    loop.start()
    let context = try Context()
    async let imported = Self.imported(path, prices: prices, into: cluster)
    // Twenty join while bookings arrive; each joins when the one before shows something.
    var followers: [Follower] = []
    for index in 0..<20 {
      let topic = index % 2 == 0 ? "cost/hour/model" : "cost/day/model"
      let follower = try Follower(loop, context, address, topic)
      try await follower.node.start()
      await follower.shows(topic) { !$0.isEmpty }
      followers.append(follower)
    }
    #expect(await imported == 0)
    let expected = [
      "cost/hour/model": try Self.ledger(cluster, "hour"),
      "cost/day/model": try Self.ledger(cluster, "day"),
    ]
    for (index, follower) in followers.enumerated() {
      let topic = index % 2 == 0 ? "cost/hour/model" : "cost/day/model"
      await follower.shows(topic) { $0.sorted() == expected[topic]! }
      #expect(follower.shown(topic).sorted() == expected[topic]!, "subscriber \(index)")
    }
    for follower in followers { await follower.node.stop() }
    loop.stop()
  }

  /// The exit status of an import, which runs beside the test.
  static func imported(_ path: String, prices: String, into cluster: TestCluster) async -> Int32 {
    await withCheckedContinuation { continuation in
      Thread {
        let output = try? cluster.solvent(
          "ingest", "--prices", prices, "--batch-rows", "200", path)
        continuation.resume(returning: output?.status ?? -1)
      }.start()
    }
  }
}
