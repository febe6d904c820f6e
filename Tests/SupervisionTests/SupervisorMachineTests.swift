// SPDX-License-Identifier: Apache-2.0

import Supervision
import Testing

/// Transcripts: an event in, actions out.
@Suite("Supervision")
struct SupervisorMachineTests {
  typealias Child = SupervisorMachine.Child
  typealias Action = SupervisorMachine.Action

  static let broker = Child("broker", .broker)
  static let report = Child("report", .report)
  static let ingest = Child("ingest", .ingest)
  static let workers = [Child("worker-1", .worker), Child("worker-2", .worker)]
  static let second: UInt64 = 1_000_000_000

  static func running() -> SupervisorMachine {
    var machine = SupervisorMachine([broker, report, ingest] + workers)
    for (index, child) in ([broker, report, ingest] + workers).enumerated() {
      #expect(machine.started(child, pid: Int32(10 + index), now: 0) == [.membersChanged])
    }
    return machine
  }

  @Test func theBrokerIsStartedFirst() {
    let machine = SupervisorMachine([Self.ingest, Self.broker, Self.report])
    #expect(
      machine.begin() == [
        .start(Self.broker, afterMilliseconds: 0), .start(Self.report, afterMilliseconds: 0),
        .start(Self.ingest, afterMilliseconds: 0),
      ])
    #expect(machine.members.isEmpty)
  }

  @Test func whatEndsIsStartedAgainAndListedWithItsNewProcess() {
    var machine = Self.running()
    #expect(
      machine.ended(Self.report, .signal(9), now: 5 * Self.second) == [
        .report("report (process 11) was killed by signal 9; starting it again"),
        .start(Self.report, afterMilliseconds: 0),
      ])
    #expect(machine.members.map(\.name) == ["broker", "ingest", "worker-1", "worker-2"])
    #expect(machine.started(Self.report, pid: 99, now: 5 * Self.second) == [.membersChanged])
    #expect(machine.members.first { $0.name == "report" }?.pid == 99)
  }

  /// The first three are immediate, then 200, 400, … 5,000 ms.
  @Test func whatKeepsEndingByItselfIsGivenTime() {
    var machine = Self.running()
    var delays: [Int] = []
    for pid in Int32(20)..<30 {
      for case .start(_, let milliseconds) in machine.ended(Self.ingest, .status(1), now: 1) {
        delays.append(milliseconds)
      }
      _ = machine.started(Self.ingest, pid: pid, now: 0)
    }
    #expect(delays == [0, 0, 0, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    // One that ran for a while begins anew.
    let actions = machine.ended(Self.ingest, .status(1), now: 2 * Self.second)
    #expect(actions.last == .start(Self.ingest, afterMilliseconds: 0))
  }

  @Test func aKilledChildIsNotAtFaultHoweverSoon() {
    var machine = Self.running()
    for pid in Int32(20)..<30 {
      let actions = machine.ended(Self.ingest, .signal(9), now: 1)
      #expect(actions.last == .start(Self.ingest, afterMilliseconds: 0))
      _ = machine.started(Self.ingest, pid: pid, now: 0)
    }
  }

  @Test func whatCannotBeStartedIsTriedAgainInASecond() {
    var machine = SupervisorMachine([Self.broker])
    #expect(
      machine.failedToStart(Self.broker, "no memory") == [
        .report("broker cannot be started: no memory"),
        .start(Self.broker, afterMilliseconds: 1_000),
      ])
  }

  @Test func stoppingGoesFromIntakeToBroker() {
    var machine = Self.running()
    #expect(machine.stop(now: 0) == [.terminate(pid: 12)])
    #expect(machine.stop(now: 0) == [])
    #expect(
      machine.ended(Self.ingest, .status(0), now: 1) == [.terminate(pid: 13), .terminate(pid: 14)])
    #expect(machine.ended(Self.workers[0], .status(0), now: 1) == [])
    #expect(machine.ended(Self.workers[1], .status(0), now: 1) == [.terminate(pid: 11)])
    #expect(machine.ended(Self.report, .status(0), now: 1) == [.terminate(pid: 10)])
    #expect(machine.ended(Self.broker, .status(0), now: 1) == [.finished])
    #expect(machine.members.isEmpty)
  }

  @Test func whatDoesNotEndInItsTimeIsKilledOnce() {
    var machine = Self.running()
    _ = machine.stop(now: 0)
    #expect(machine.tick(now: 5 * Self.second) == [])
    #expect(machine.tick(now: 6 * Self.second) == [.kill(pid: 12)])
    #expect(machine.tick(now: 7 * Self.second) == [])
    #expect(
      machine.ended(Self.ingest, .signal(9), now: 7 * Self.second)
        == [.terminate(pid: 13), .terminate(pid: 14)])
  }

  @Test func aStageWithoutProcessesIsPassedOver() {
    var machine = SupervisorMachine([Self.broker, Self.ingest])
    _ = machine.started(Self.broker, pid: 10, now: 0)
    #expect(machine.stop(now: 0) == [.terminate(pid: 10)])
    // It was on its way when the stop was asked for.
    #expect(machine.started(Self.ingest, pid: 12, now: 1) == [.terminate(pid: 12)])
  }

  @Test func stoppingNothingIsDoneAtOnce() {
    var machine = SupervisorMachine([Self.broker])
    #expect(machine.stop(now: 0) == [.finished])
    #expect(machine.failedToStart(Self.broker, "late") == [])
  }
}
