// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Broker

/// The table of a job's states and events in `docs/PROTOCOL.md`, cell by cell: the broker is driven into the
/// state, the event is applied, and the cell must say what became of the job and what was sent.
@Suite("The table of a job's states")
struct JobTableTests {
  typealias Bench = BrokerMachineTests.Bench

  enum State: String, CaseIterable { case over, queued, running }

  /// What a row is about. The job is the first of producer 1, `W` is worker 1; worker 2 offers the same and has
  /// no room, so that what goes back to its queue stays there.
  struct Event: Sendable {
    /// Of ``JobTableTests/routes``.
    var route: UInt16 = 0
    var services = ["price", "ledger"]
    var waits = true
    var lease: UInt64 = 0
    /// Jobs that `W` takes while the job is over.
    var slots: UInt64 = 1
    /// In `over`, it was given to `W` before.
    var hadIt = false
    var jobsMax = 1_024
    /// The worker that the table calls `W`, by state.
    var worker: @Sendable (State) -> UInt32 = { _ in 1 }
    /// What happens between the usual way into the state and the event.
    var prepare: @Sendable (inout Bench, State) -> Void = { _, _ in }
    var apply: @Sendable (inout Bench) -> Void
  }

  static let price: UInt16 = 0
  static let priceAndLedger: UInt16 = 1
  static let ledger: UInt16 = 2
  static let unserved: UInt16 = 3
  static let routes = [["price"], ["price", "ledger"], ["ledger"], ["simulate"]]
  static let name = JobID(epoch: 1, sequence: 1)
  /// The job that keeps worker 2 busy.
  static let filler: UInt64 = 99
  /// A failure code that no broker makes.
  static let code: UInt64 = 77
  static let everybody = [
    PeerID(.client, 1), PeerID(.client, 2), PeerID(.worker, 1), PeerID(.worker, 2),
  ]

  // MARK: Events

  static func submit(_ bench: inout Bench, _ event: Event) {
    bench.submit(1, "a", route: event.route, lease: event.lease, waits: event.waits)
  }

  static func says(
    _ command: Command, on route: UInt16, services: [String] = ["price", "ledger"],
    flags: UInt8 = 0, argument: UInt64 = 0
  ) -> Event {
    let service: UInt16 = route == ledger ? 1 : 0
    return Event(route: route, services: services, hadIt: true) {
      $0.answer(command, 1, "r", by: 1, service: service, flags: flags, argument: argument)
    }
  }

  static func fails(flags: UInt8 = 0, on route: UInt16) -> Event {
    says(.fail, on: route, flags: flags, argument: code)
  }

  static func producerSays(_ command: Command) -> Event {
    Event { $0.receive(Header(command, job: name), nil, PeerID(.client, 1)) }
  }

  /// Worker 1 has it, its lease runs out, and where the job is to run, worker 2 gets it.
  static func late(_ command: Command) -> Event {
    var event = says(command, on: price, argument: code)
    event.lease = 50
    event.worker = { $0 == .running ? 2 : 1 }
    event.prepare = { bench, state in
      if state == .over { return }
      if state == .queued { bench.receive(Header(.ready, argument: 1), nil, PeerID(.worker, 1)) }
      bench.pass(100, alive: everybody)
      if state == .running { bench.answer(.result, filler, by: 2) }
    }
    return event
  }

  static func lastWorker(waits: Bool, _ apply: @escaping @Sendable (inout Bench) -> Void) -> Event {
    Event(
      waits: waits, prepare: { bench, _ in bench.unreachable(PeerID(.worker, 2)) }, apply: apply)
  }

  static func quarantine(_ bench: inout Bench) {
    bench.producer(3, role: PeerRole(rawValue: 3))
    bench.receive(Header(.quarantine, argument: 1), nil, PeerID(.client, 3))
  }

  /// By the first cell of their rows.
  static let events: [String: Event] = [
    "JOB; a worker has room": Event { $0.submit(1, "a") },
    "JOB; no worker has room": Event(slots: 0) { $0.submit(1, "a") },
    "JOB; nobody offers the service": Event(route: unserved) {
      $0.submit(1, "a", route: unserved, waits: false)
    },
    "JOB; only workers in quarantine offer the service": Event(
      slots: 0,
      prepare: { bench, _ in
        bench.unreachable(PeerID(.worker, 2))
        quarantine(&bench)
      }, apply: { $0.submit(1, "a", waits: false) }),
    "JOB with flag 8; nobody offers the service": Event(route: unserved) {
      $0.submit(1, "a", route: unserved)
    },
    "JOB; beyond the credit, or no memory": Event(
      jobsMax: 1,
      prepare: { bench, state in
        if state == .over { bench.submit(2, "b", route: unserved) }
      }, apply: { $0.submit(1, "a") }),
    "CANCEL": producerSays(.cancel),
    "BYE": producerSays(.bye),
    "P is lost": Event { $0.unreachable(PeerID(.client, 1)) },
    "READY or CREDIT; it has room": Event {
      $0.receive(Header(.ready, argument: 1), nil, PeerID(.worker, 1))
    },
    "RESULT; not at the last service": says(.result, on: priceAndLedger, services: ["price"]),
    "RESULT; at the last service": says(.result, on: price),
    "RESULT; at the last service, which commits": says(.result, on: ledger),
    "COMMIT; at the last service, which commits": says(.commit, on: ledger),
    "COMMIT; anywhere else": says(.commit, on: price),
    "FAIL with flag 4": fails(flags: Header.retryable, on: price),
    "FAIL; the first, another worker can try, the service does not commit": fails(on: price),
    "FAIL; otherwise": fails(on: ledger),
    "PROGRESS": says(.progress, on: price),
    "its fifth hand-out comes to nothing": fifthHandOut,
    "the lease ends": Event(lease: 50) { $0.pass(100, alive: everybody) },
    "W is lost": Event { $0.unreachable(PeerID(.worker, 1)) },
    "W is lost, the last loss that the service allows": Event(
      worker: { _ in 2 },
      prepare: { bench, _ in
        bench.unreachable(PeerID(.worker, 1))
        bench.answer(.result, filler, by: 2)
      }, apply: { $0.unreachable(PeerID(.worker, 2)) }),
    "W says the same HELLO again": Event { $0.worker(1, ["price", "ledger"], slots: 0) },
    "W says another HELLO": Event { $0.worker(1, ["ledger", "price"], slots: 0) },
    "W is quarantined": Event { quarantine(&$0) },
    "the JOB does not fit into W's queue": Event {
      $0.full(PeerID(.worker, 1), Header(.job, job: $0.ids[PeerID(.worker, 1)]![1]!))
    },
    "the last worker of the service is lost; untried, without flag 8":
      lastWorker(waits: false) { $0.unreachable(PeerID(.worker, 1)) },
    "the last worker of the service leaves; untried, without flag 8":
      lastWorker(waits: false) { $0.receive(Header(.bye), nil, PeerID(.worker, 1)) },
    "the last worker of the service is quarantined; untried, without flag 8":
      lastWorker(waits: false) { quarantine(&$0) },
    "the last worker of the service is lost; with flag 8":
      lastWorker(waits: true) { $0.unreachable(PeerID(.worker, 1)) },
    "RESULT, late; at the last service": late(.result),
    "FAIL, late": late(.fail),
    "RESULT, COMMIT, FAIL or PROGRESS; never given the job": Event {
      let known = JobID(epoch: Instance(low: 1, high: 1).namespaced(1), sequence: 1)
      for command in [Command.result, .commit, .fail, .progress] {
        $0.receive(Header(command, job: known), "r", PeerID(.worker, 2))
      }
    },
  ]

  /// Four failures that may pass, from one worker after the other.
  static var fifthHandOut: Event {
    @Sendable func fail(_ bench: inout Bench) {
      let worker: UInt32 = bench.machine.isRunning(name, on: PeerID(.worker, 1)) ? 1 : 2
      bench.answer(.fail, 1, by: worker, flags: Header.retryable)
    }
    return Event(
      prepare: { bench, _ in
        bench.answer(.result, filler, by: 2)
        for _ in 0..<4 { fail(&bench) }
      }, apply: { fail(&$0) })
  }

  // MARK: Cells

  struct Cell: Sendable, CustomTestStringConvertible {
    var event: String
    var state: State
    var text: String
    var testDescription: String { "\(state): \(event)" }
  }

  /// The rows of the table: the first cell, then one for each state.
  static func rows() throws -> [[String]] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/PROTOCOL.md")
    let lines = try String(contentsOf: file, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("| job |") })
    return lines[start...].prefix { $0.hasPrefix("|") }.dropFirst(2).map { line in
      line.dropFirst().dropLast().split(separator: "|").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }.filter { !$0[0].hasPrefix("**") }
  }

  static func cells() -> [Cell] {
    ((try? rows()) ?? []).flatMap { row in
      zip(State.allCases, row.dropFirst()).map { Cell(event: row[0], state: $0, text: $1) }
    }.filter { $0.text != "–" }
  }

  @Test func everyRowIsAnEventAndEveryEventARow() throws {
    let rows = try Self.rows()
    #expect(rows.allSatisfy { $0.count == 4 })
    #expect(rows.map { $0[0] }.sorted() == Self.events.keys.sorted())
  }

  @Test("The broker does as the cell says", arguments: cells())
  func agrees(_ cell: Cell) throws {
    let event = try #require(Self.events[cell.event])
    var bench = Self.bench(in: cell.state, event)
    event.prepare(&bench, cell.state)
    try #require(Self.state(bench) == cell.state)
    _ = bench.said()
    event.apply(&bench)
    let state = Self.state(bench)
    let sent = Self.words(bench.said(), worker: event.worker(cell.state))
    let text =
      state == cell.state && sent.isEmpty
      ? "="
      : ([state.rawValue] + (sent.isEmpty ? [] : [sent.joined(separator: ", ")]))
        .joined(separator: "; ")
    #expect(text == cell.text)
  }

  /// The usual way into a state.
  static func bench(in state: State, _ event: Event) -> Bench {
    var bench = Bench { $0.jobsMax = event.jobsMax }
    bench.producer(1, routes)
    bench.producer(2, routes)
    bench.worker(2, ["price", "ledger"])
    bench.submit(filler, "f", by: 2)
    let slots: UInt64 = state == .queued ? 0 : state == .running || event.hadIt ? 1 : event.slots
    bench.worker(1, event.services, slots: slots)
    if state != .over || event.hadIt { submit(&bench, event) }
    if state == .over && event.hadIt {
      bench.receive(Header(.cancel, job: name), nil, PeerID(.client, 1))
    }
    return bench
  }

  static func state(_ bench: borrowing Bench) -> State {
    guard let job = bench.machine.jobs.values.first(where: { $0.name == name }) else {
      return .over
    }
    return switch job.state {
    case .queued: .queued
    case .running: .running
    case .over: .over
    }
  }

  /// What was sent about the job, as the table writes it.
  static func words(_ said: [String], worker: UInt32) -> [String] {
    said.compactMap { text in
      let words = text.split(separator: " ")
      guard words.count < 3 || words[2] != "\(filler)" else { return nil }
      let peer: String
      switch words[0] {
      case "client-1": peer = "P"
      case "worker-\(worker)": peer = "W"
      default: return words[0].hasPrefix("worker") ? text : nil
      }
      switch words[1] {
      case "fail": return "\(peer) FAIL \(words.last == "\(code)" ? "n" : words.last!)"
      case "refused:": return "\(peer) ERROR \(errors[String(words[2])]!)"
      default: return "\(peer) \(words[1].uppercased())"
      }
    }
  }

  static let errors = ["role": 3, "quarantined": 6]
}

extension BrokerMachine {
  fileprivate func isRunning(_ name: JobID, on worker: PeerID) -> Bool {
    guard let worker = workers[worker] else { return false }
    return jobs.values.contains { $0.name == name && $0.isRunning(on: worker) }
  }
}
