// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ReportService

/// Transcripts: an event in, actions out.
@Suite("Bookkeeping")
struct BookkeepingMachineTests {
  typealias Machine = BookkeepingMachine<Int, String>

  static func text(_ actions: [Machine.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .commit(let jobs): "commit \(jobs)"
      case .answer(let job, let result): "answer \(job) \(result)"
      case .keepAlive(let jobs): "keep alive \(jobs)"
      case .retry(let milliseconds): "retry in \(milliseconds)"
      case .reportTrouble(let reason): "trouble: \(reason)"
      case .reportRecovery: "recovered"
      }
    }
  }

  @Test func whatComesDuringATransactionIsInTheNextOne() {
    var machine = Machine()
    #expect(Self.text(machine.received(1)) == ["commit [1]"])
    #expect(machine.received(2).isEmpty && machine.received(3).isEmpty)
    #expect(Self.text(machine.committed(["ok"])) == ["answer 1 ok", "commit [2, 3]"])
    #expect(
      Self.text(machine.committed(["ok", "already"])) == ["answer 2 ok", "answer 3 already"])
    #expect(machine.isIdle)
  }

  @Test func aTransactionTakes64AtMost() {
    var machine = Machine()
    _ = machine.received(0)
    for job in 1...100 { #expect(machine.received(job).isEmpty) }
    let next = machine.committed(["ok"])
    #expect(Self.text(next).last == "commit \(Array(1...64))")
    let rest = machine.committed((1...64).map { _ in "ok" })
    #expect(Self.text(rest).last == "commit \(Array(65...100))")
  }

  @Test func aFullDiskIsReportedOnceAndNothingIsAnsweredMeanwhile() {
    var machine = Machine()
    _ = machine.received(1)
    #expect(
      Self.text(machine.failed("disk full")) == [
        "trouble: disk full", "keep alive [1]", "retry in 1000",
      ])
    #expect(machine.received(2).isEmpty)
    #expect(Self.text(machine.retryDue()) == ["commit [1]"])
    #expect(Self.text(machine.failed("disk full")) == ["keep alive [1]", "retry in 1000"])
    #expect(Self.text(machine.retryDue()) == ["commit [1]"])
    #expect(Self.text(machine.committed(["ok"])) == ["recovered", "answer 1 ok", "commit [2]"])
    #expect(!machine.isIdle)
  }

  @Test func eventsThatMeanNothingNowDoNothing() {
    var machine = Machine()
    #expect(machine.retryDue().isEmpty)
    #expect(machine.committed([]).isEmpty)
    #expect(machine.failed("late").isEmpty)
    _ = machine.received(1)
    // No trouble, no retry.
    #expect(machine.retryDue().isEmpty)
  }

  @Test func aRefusalIsAnAnswerLikeAnyOther() {
    var machine = Machine()
    _ = machine.received(7)
    #expect(Self.text(machine.committed(["refused"])) == ["answer 7 refused"])
  }
}
