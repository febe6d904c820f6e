// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Pricing
import Reporting
import TestSupport
import Testing

@testable import Ledger
@testable import ReportService

@Suite("Streams beside the ledger")
struct FollowingStreamsTests {
  /// An outcome of so many dollars is the greatest that there can be; so many of them are beyond all sums.
  private static let most: UInt64 = 1_000_000_000_000
  private static let tooMany = 171

  /// A row of gpt-4 at $1 per token.
  static func outcome(_ start: UInt64, tokens: UInt64) throws -> PricingOutcome {
    let batch = try UsageBatch(
      count: 1, baseTime: 1_690_848_000_000, timeDeltas: [0],
      seriesTable: SeriesTable(
        count: 1, columns: [.init(dimension: "model", values: ["gpt-4"], codes: [0])]),
      series: [0], quantities: [.init(meter: .inputTokens, values: [tokens])],
      evidence: .measured)
    return try Costing.price(
      PricingJob(
        key: BatchKey(source: "log", stream: [1], start: start, end: start + 1), rowsRead: 1,
        rowsQuarantined: 0, rowsDuplicate: 0, batch: batch,
        rates: [
          RateCard(
            provider: "", model: "gpt-4",
            rates: [
              .init(
                from: TimeBucket(index: 0), until: nil, meter: .inputTokens,
                price: try Money(decimal: "1"), evidence: .reported)
            ])
        ], book: [9], currency: "USD"))
  }

  static func commit(_ outcome: PricingOutcome, to ledger: Ledger) throws -> [Ledger.Change] {
    try ledger.commit([(outcome, try CBOREncoder().encode(outcome))]).changes
  }

  static func costs(_ messages: [CostStreams.Message]) -> [String: String] {
    var costs: [String: String] = [:]
    for message in messages where message.topic == "cost/day/model" {
      for row in message.update.rows { costs[row.name] = row.totals.cost.decimal }
    }
    return costs
  }

  @Test("A commit is published as a change, in the epoch of this run")
  func follows() throws {
    let path = try TemporaryPath()
    let ledger = try Ledger(path: path.path + "/ledger.sqlite")
    var streams = try FollowingStreams(ledger)
    let changes = try Self.commit(Self.outcome(0, tokens: 5), to: ledger)
    #expect(streams.follow(changes, of: ledger) == .followed)
    let (messages, epoch) = streams.changes()
    #expect(Self.costs(messages) == ["gpt-4": "5"])
    #expect(epoch == 1 && messages.allSatisfy { $0.sequence == 1 && !$0.isSnapshot })
    let none = streams.changes().messages
    #expect(none.isEmpty)
    let next = try FollowingStreams(ledger)
    #expect(next.epoch == 2)
  }

  @Test("What they cannot add makes them new, in an epoch that replaces the old")
  func remade() throws {
    let path = try TemporaryPath()
    let ledger = try Ledger(path: path.path + "/ledger.sqlite")
    var streams = try FollowingStreams(ledger)
    var changes = try Self.commit(Self.outcome(0, tokens: 5), to: ledger)
    #expect(streams.follow(changes, of: ledger) == .followed)
    _ = streams.changes()
    // The ledger takes the second batch; the streams are given some whose cost no sum can hold.
    changes = try Self.commit(Self.outcome(1, tokens: 2), to: ledger)
    var absurd = changes[0]
    absurd.outcome = try Self.outcome(1, tokens: Self.most)
    let tooMany = Array(repeating: absurd, count: Self.tooMany)
    guard case .remade = streams.follow(tooMany, of: ledger) else {
      Issue.record("not remade")
      return
    }
    let (messages, epoch) = streams.snapshots()
    #expect(epoch == 2 && Self.costs(messages) == ["gpt-4": "7"])
    #expect(messages.allSatisfy { $0.isSnapshot })
    // And they go on from there.
    changes = try Self.commit(Self.outcome(2, tokens: 1), to: ledger)
    #expect(streams.follow(changes, of: ledger) == .followed)
    let last = streams.changes().messages
    #expect(Self.costs(last) == ["gpt-4": "8"])
  }

  @Test("What cannot be rebuilt is tried again ever more rarely, and comes back by itself")
  func stale() throws {
    let path = try TemporaryPath()
    let ledger = try Ledger(path: path.path + "/ledger.sqlite")
    var streams = try FollowingStreams(ledger)
    // Batches whose sum no amount can hold: neither adding nor rebuilding works.
    var changes: [Ledger.Change] = []
    for start in 0..<UInt64(Self.tooMany) {
      changes += try Self.commit(Self.outcome(start, tokens: Self.most), to: ledger)
    }
    #expect(changes.count == Self.tooMany)
    func isStale(_ outcome: FollowingStreams.Outcome) -> Bool {
      if case .stale = outcome { true } else { false }
    }
    var tries: [Int] = []
    for attempt in 0..<40 {
      let outcome = streams.follow(changes, of: ledger)
      if isStale(outcome) { tries.append(attempt) } else { #expect(outcome == .waiting) }
    }
    #expect(tries == [0, 2, 5, 10, 19, 36])
    // Another ledger can be read: from its next try on they follow that.
    let other = try Ledger(path: path.path + "/other.sqlite")
    let good = try Self.commit(Self.outcome(0, tokens: 3), to: other)
    var outcome = FollowingStreams.Outcome.waiting
    while outcome == .waiting { outcome = streams.follow(good, of: other) }
    guard case .remade = outcome else {
      Issue.record("\(outcome)")
      return
    }
    let last = streams.snapshots().messages
    #expect(Self.costs(last) == ["gpt-4": "3"])
    let more = try Self.commit(Self.outcome(1, tokens: 4), to: other)
    #expect(streams.follow(more, of: other) == .followed)
  }
}
