// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Foundation
import Reporting
import TestSupport
import Testing

@testable import Ledger

/// Streams beside sums of everything that was added, recomputed each time.
@Suite("Streams of cost")
struct CostStreamTests {
  /// Streams of an empty ledger.
  static func streams() throws -> CostStreams {
    let folder = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try CostStreams(Ledger(path: folder + "/ledger.sqlite"))
  }

  /// What a commit adds: lines in the order of bucket, series and meter.
  static func change(_ sequence: Int64, _ lines: [CostOracle.Line]) throws -> Ledger.Change {
    let models = CostOracle.series.map { $0["model"] ?? "" }
    let products = CostOracle.series.map { $0["product"] ?? "" }
    let codes = Array(0..<5 as Range<UInt32>)
    let table = try SeriesTable(
      count: 5,
      columns: [
        .init(dimension: "model", values: models, codes: codes),
        .init(dimension: "product", values: products, codes: codes),
      ])
    let batch = try UsageBatch(
      count: 0, baseTime: 0, timeDeltas: [], seriesTable: table, series: [], quantities: [],
      evidence: .measured)
    let job = try PricingJob(
      key: BatchKey(source: "s", stream: [], start: 0, end: 1), rowsRead: 0, rowsQuarantined: 0,
      rowsDuplicate: 0, batch: batch, rates: [], book: [], currency: "USD")
    var made = PricingOutcome.Lines()
    for line in lines.sorted(by: {
      ($0.bucket.index, $0.series, $0.meter.rawValue)
        < ($1.bucket.index, $1.series, $1.meter.rawValue)
    }) {
      try made.append(
        bucket: line.bucket.index, series: UInt32(line.series), line.meter, line.quantity,
        line.pricing, line.evidence, line.cost)
    }
    return Ledger.Change(sequence: sequence, outcome: try PricingOutcome(job: job, lines: made))
  }

  /// The rows of a topic, from all lines so far.
  static func rows(_ topic: CostTopic, _ lines: [CostOracle.Line]) throws -> [CostUpdate.Row] {
    let unit: Int64 =
      switch topic.unit {
      case .bucket: 900_000
      case .hour: 3_600_000
      case .day: 86_400_000
      }
    let groups = Dictionary(grouping: lines) { line in
      let name =
        switch topic.split {
        case .product: CostOracle.dimension("product", of: line)
        case .model: CostOracle.dimension("model", of: line)
        case .total: ""
        }
      return "\(line.bucket.start - line.bucket.start % unit) \(name)"
    }
    let all = try groups.map { key, lines in
      let parts = key.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      return CostUpdate.Row(
        time: Int64(parts[0]) ?? 0, name: String(parts[1]), totals: try CostOracle.totals(lines))
    }
    let newest = all.map(\.time).max() ?? 0
    return all.filter { $0.time > newest - topic.unit.window }
      .sorted { ($0.time, $0.name) < ($1.time, $1.name) }
  }

  @Test(
    "A follower shows every topic's window, as changes and as whole states",
    arguments: 0..<12 as Range<UInt64>)
  func oracle(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var streams = try Self.streams()
    var follower = CostStreamRows()
    var lines: [CostOracle.Line] = []
    var sequences: [String: UInt64] = [:]
    // A year and a half, so that hours leave their window; later commits are mostly later.
    let source = CostOracle(seed: seed, count: 300, span: 50_000).lines
      .sorted { $0.bucket.index / 3_000 < $1.bucket.index / 3_000 }
    for (sequence, start) in stride(from: 0, to: source.count, by: 10).enumerated() {
      let added = Array(source[start..<start + 10])
      lines += added
      try streams.add(Self.change(Int64(sequence) + 1, added))
      if random.below(3) == 0 { continue }  // Told with the next.
      for message in streams.takeChanges() {
        #expect(!message.isSnapshot && message.update.topic == message.topic)
        #expect(message.sequence == sequences[message.topic, default: 0] + 1, "seed \(seed)")
        sequences[message.topic] = message.sequence
        #expect(message.update.ledger == Int64(sequence) + 1 && message.update.currency == "USD")
        _ = follower.take(message.update, isSnapshot: false)
      }
      for topic in CostTopic.all {
        let expected = try Self.rows(topic, lines)
        #expect(follower.rows(of: topic.name) == expected, "seed \(seed): \(topic.name)")
      }
      var copy = streams
      for message in copy.snapshots() {
        let topic = try #require(CostTopic.all.first { $0.name == message.topic })
        #expect(message.update.rows == (try Self.rows(topic, lines)), "seed \(seed)")
        #expect(message.isSnapshot && message.sequence == sequences[message.topic])
      }
    }
    #expect(streams.takeChanges().count + follower.rows(of: "cost/day/total").count > 0)
  }

  @Test func windowsAreAsLongAsTheyAreSaidToBe() throws {
    #expect(CostTopic.all.count == 9 && Set(CostTopic.all.map(\.name)).count == 9)
    let day: Int64 = 96  // In buckets.
    for (unit, span) in [("bucket", 2 * day), ("hour", 93 * day), ("day", 3_660 * day)] {
      var streams = try Self.streams()
      var line = CostOracle(seed: 1, count: 1).lines[0]
      line.bucket = TimeBucket(index: 1_878_720)
      let first = line
      line.bucket = TimeBucket(index: line.bucket.index + span)
      try streams.add(Self.change(1, [first, line]))
      let topic = "cost/\(unit)/total"
      let rows = streams.snapshots().first { $0.topic == topic }?.update.rows ?? []
      #expect(rows.map(\.time) == [line.bucket.start], "\(unit)")
      // What is too old when it comes is not taken.
      _ = streams.takeChanges()
      try streams.add(Self.change(2, [first]))
      #expect(!streams.takeChanges().contains { $0.topic == topic }, "\(unit)")
      // One bucket, hour or day later it is within.
      var within = first
      within.bucket = TimeBucket(
        index: first.bucket.index + (unit == "bucket" ? 1 : unit == "hour" ? 4 : day))
      try streams.add(Self.change(3, [within]))
      let told = streams.takeChanges().first { $0.topic == topic }?.update.rows ?? []
      #expect(told.map(\.time) == [within.bucket.start], "\(unit)")
    }
  }

  @Test func everySixtyFourthMessageAsksForAWholeState() throws {
    var streams = try Self.streams()
    let line = CostOracle(seed: 1, count: 1).lines[0]
    for number in 1...130 as ClosedRange<Int64> {
      try streams.add(Self.change(number, [line]))
      _ = streams.takeChanges()
      let due = streams.snapshots(onlyDue: true)
      #expect(due.count == (number % 64 == 0 ? 9 : 0), "\(number)")
      #expect(due.allSatisfy { $0.sequence == UInt64(number) && $0.isSnapshot })
    }
    // Asked for, each is whole at any time, and the count begins anew.
    #expect(streams.snapshots().count == 9)
  }

  @Test func whatDidNotChangeIsNotTold() throws {
    var streams = try Self.streams()
    #expect(streams.takeChanges().isEmpty)
    let lines = CostOracle(seed: 3, count: 2, span: 1).lines
    try streams.add(Self.change(1, [lines[0]]))
    #expect(streams.takeChanges().count == 9 && streams.takeChanges().isEmpty)
  }

  @Test("Messages that repeat change nothing", arguments: 0..<10 as Range<UInt64>)
  func idempotence(_ seed: UInt64) throws {
    var streams = try Self.streams()
    var follower = CostStreamRows()
    for (sequence, line) in CostOracle(seed: seed, count: 20, span: 300).lines.enumerated() {
      try streams.add(Self.change(Int64(sequence) + 1, [line]))
      for message in streams.takeChanges() {
        #expect(!follower.take(message.update, isSnapshot: false).isEmpty, "seed \(seed)")
        let before = follower
        #expect(follower.take(message.update, isSnapshot: false).isEmpty, "seed \(seed)")
        #expect(follower == before, "seed \(seed)")
      }
    }
    let before = follower
    for message in streams.snapshots() {
      #expect(follower.take(message.update, isSnapshot: true).isEmpty, "seed \(seed)")
    }
    #expect(follower == before && follower.ledger == 20 && follower.currency == "USD")
  }

  @Test func aWholeStateReplacesWhatIsShown() throws {
    var follower = CostStreamRows()
    func row(_ time: Int64, _ name: String) throws -> CostUpdate.Row {
      .init(time: time, name: name, totals: try StatementBench.usage("1", tokens: 1))
    }
    func update(_ rows: [CostUpdate.Row], ledger: Int64) -> CostUpdate {
      CostUpdate(
        topic: "cost/day/model", ledger: ledger, currency: "USD", rows: rows, total: CostTotals())
    }
    _ = follower.take(update([try row(0, "a"), try row(0, "b")], ledger: 5), isSnapshot: true)
    _ = follower.take(update([try row(0, "b")], ledger: 4), isSnapshot: true)
    #expect(follower.rows(of: "cost/day/model") == [try row(0, "b")])
    #expect(follower.ledger == 5)  // It never goes back.
    _ = follower.take(update([try row(0, "a")], ledger: 6), isSnapshot: false)
    #expect(follower.rows(of: "cost/day/model") == [try row(0, "a"), try row(0, "b")])
    #expect(follower.rows(of: "cost/day/total").isEmpty)
    // A topic that is not known has no window.
    let far = [try row(0, "x"), try row(.max, "y")]
    _ = follower.take(
      CostUpdate(topic: "other", ledger: 6, currency: "USD", rows: far, total: CostTotals()),
      isSnapshot: true)
    #expect(follower.rows(of: "other").count == 2)
  }
}
