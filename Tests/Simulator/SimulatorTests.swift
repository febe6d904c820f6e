// SPDX-License-Identifier: Apache-2.0

import Broker
import Foundation
import Testing

/// The cluster under every misfortune, thousands of times. A failure names its seed, and the seed
/// replays it: `SOLVENT_SEED=123 swift test --filter Simulator`.
@Suite("Simulated cluster")
struct SimulatorTests {
  /// Seeds in all; `SOLVENT_SEEDS` asks for more.
  static let seeds =
    ProcessInfo.processInfo.environment["SOLVENT_SEEDS"].flatMap { UInt64($0) } ?? 5_000
  static let only = ProcessInfo.processInfo.environment["SOLVENT_SEED"].flatMap { UInt64($0) }
  private static let parts: UInt64 = 4

  @Test("Nothing is lost, nothing counts twice, everything comes right", arguments: 0..<parts)
  func everySeedHolds(_ part: UInt64) {
    if let only = Self.only {
      if part == 0 { Self.run(only) }
      return
    }
    for seed in stride(from: part, to: Self.seeds, by: Int(Self.parts)) { Self.run(seed) }
  }

  private static func run(_ seed: UInt64) {
    let cluster = SimulatedCluster(seed: seed)
    cluster.run()
    if let violation = cluster.violations.first {
      Issue.record("seed \(seed): \(violation); weather \(cluster.weather)")
    }
  }

  @Test func theSameSeedIsTheSameRun() {
    for seed in 0..<20 as Range<UInt64> {
      let (first, second) = (SimulatedCluster(seed: seed), SimulatedCluster(seed: seed))
      first.run()
      second.run()
      #expect(first.trace == second.trace && first.events == second.events, "seed \(seed)")
    }
  }

  /// Each planted fault with a seed that finds it, as `docs/TESTING.md` lists them.
  static let findings: [(fault: PlantedFault, seed: UInt64)] = [
    (.brokerForgetsOrphans, 3), (.brokerTakesAnyStage, 5), (.brokerIgnoresLeases, 7),
    (.brokerLeaksCredit, 0), (.brokerDropsPoison, 4), (.brokerKeepsOldOwner, 73),
    (.brokerForgetsChanges, 24), (.brokerSharesIDs, 0), (.brokerKeepsVanished, 1),
    (.brokerKeepsOutcomeUncounted, 0),
    (.brokerKeepsTopics, 1), (.brokerIgnoresTopicBytes, 0), (.brokerSkipsMark, 0),
    (.brokerAdmitsTwoOwners, 1),
    (.brokerForgetsControl, 0), (.brokerKeepsFull, 10),
    (.brokerForgetsUnserved, 3), (.brokerHandsSuspectsTogether, 3),
    (.brokerKeepsCancelled, 1), (.brokerNeverBlames, 4), (.brokerRegreetsFresh, 4),
    (.brokerTakesAnyCommit, 2), (.brokerTakesStrangersResult, 43), (.subscriberNeverRejoins, 33),
    (.brokerStarvesBatch, 29), (.brokerCancelsForOthers, 127), (.journalAcksEarly, 31),
    (.journalDropsAtSend, 3),
    (.journalReusesSequence, 3), (.ledgerAnswersEarly, 39), (.ledgerCommitsTwice, 85),
    (.ledgerForgetsKeys, 3), (.producerCountsTwice, 107),
    (.producerForgetsAtWelcome, 1), (.producerForgetsUnserved, 3), (.workerKeepsResults, 0),
    (.subscriberIgnoresGaps, 3), (.subscriberAppliesTwice, 2), (.subscriberIgnoresEpochs, 3),
  ]

  @Test("Every planted fault is found", arguments: PlantedFault.allCases)
  func faultIsFound(_ fault: PlantedFault) {
    let listed = Self.findings.first { $0.fault == fault }?.seed
    for seed in listed.map({ [$0] }) ?? Array(0..<3_000) {
      let cluster = SimulatedCluster(seed: seed, fault: fault)
      cluster.run()
      if !cluster.violations.isEmpty {
        if listed == nil { print("FOUND (.\(fault.rawValue), \(seed)),") }
        return
      }
    }
    Issue.record("\(fault) was not found")
  }
}
