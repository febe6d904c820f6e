// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import IngestService

/// What becomes of a batch, as transcripts.
@Suite("Batches on their way to the ledger")
struct BatchMachineTests {
  typealias Action = BatchMachine.Action

  static let right: [UInt8] = [1]
  static let wrong: [UInt8] = [2]

  @Test func mostBatchesAreBookedAtOnce() {
    var machine = BatchMachine()
    #expect(machine.began(7) == [.book(7, expecting: [], avoiding: 0)])
    #expect(machine.booked(7) == [.booked(7)])
    // Once: an answer that comes again is nothing.
    #expect(machine.booked(7) == [] && machine.failed(7, reason: "late") == [])
  }

  @Test func oneInAHundredIsPricedTwice() {
    var machine = BatchMachine()
    let sampled = (0..<1_000 as Range<UInt64>).filter { machine.began($0) == [.price($0)] }
    #expect(sampled == [2, 102, 202, 302, 402, 502, 602, 702, 802, 902])
    #expect(
      machine.priced(102, Self.right, by: 5) == [.book(102, expecting: Self.right, avoiding: 5)])
    #expect(machine.booked(102) == [.booked(102)])
  }

  @Test func ofTwoThatDifferTheThirdDecidesAgainstTheSecond() {
    var machine = BatchMachine()
    _ = machine.began(2)
    _ = machine.priced(2, Self.right, by: 5)
    #expect(machine.mismatched(2, by: 6, reason: "differ") == [.compute(2)])
    #expect(
      machine.computed(2, Self.right) == [
        .quarantine(worker: 6, batch: 2, reason: "differ"),
        .book(2, expecting: Self.right, avoiding: 6),
      ])
    #expect(machine.booked(2) == [.booked(2)])
  }

  @Test func ofTwoThatDifferTheThirdDecidesAgainstTheFirst() {
    var machine = BatchMachine()
    _ = machine.began(2)
    _ = machine.priced(2, Self.wrong, by: 5)
    _ = machine.mismatched(2, by: 6, reason: "differ")
    #expect(
      machine.computed(2, Self.right) == [
        .quarantine(worker: 5, batch: 2, reason: "differ"),
        .book(2, expecting: Self.right, avoiding: 6),
      ])
  }

  @Test func anOutcomeOfAnotherBatchIsItsWorkersFault() {
    var machine = BatchMachine()
    _ = machine.began(7)
    #expect(machine.mismatched(7, by: 4, reason: "tokens") == [.compute(7)])
    #expect(
      machine.computed(7, Self.right) == [
        .quarantine(worker: 4, batch: 7, reason: "tokens"),
        .book(7, expecting: Self.right, avoiding: 4),
      ])
  }

  @Test func whatIsWrongAgainAndAgainIsParked() {
    var machine = BatchMachine()
    _ = machine.began(7)
    for worker in 1...3 as ClosedRange<UInt32> {
      #expect(machine.mismatched(7, by: worker, reason: "tokens") == [.compute(7)])
      #expect(machine.computed(7, Self.right).count == 2)
    }
    #expect(
      machine.mismatched(7, by: 4, reason: "tokens") == [
        .parked(7, reason: "workers priced it wrongly 3 times: tokens")
      ])
  }

  @Test func whatFailsIsParkedWithTheReason() {
    var machine = BatchMachine()
    _ = machine.began(2)
    #expect(machine.failed(2, reason: "poison") == [.parked(2, reason: "poison")])
    _ = machine.began(3)
    #expect(machine.failed(3, reason: "conflict") == [.parked(3, reason: "conflict")])
    // It may begin anew.
    #expect(machine.began(3) == [.book(3, expecting: [], avoiding: 0)])
  }
}
