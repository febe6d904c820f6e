// SPDX-License-Identifier: Apache-2.0

import Broker
import Testing

@Suite("Header")
struct HeaderTests {
  @Test("Every command survives its 32 bytes", arguments: Command.allCases)
  func roundTrip(_ command: Command) throws {
    let header = Header(
      command, flags: 5, attempt: 3, service: 0xABCD,
      job: JobID(epoch: 0x0102_0304_0506_0708, sequence: .max - 1), argument: 99)
    var bytes = [UInt8](repeating: 0, count: 32)
    bytes.withUnsafeMutableBytes { header.write(to: $0) }
    #expect(try bytes.withUnsafeBytes { try Header($0) } == header)
  }

  @Test func theLayoutIsFixed() {
    var bytes = [UInt8](repeating: 0, count: 32)
    let header = Header(.job, service: 2, job: JobID(epoch: 3, sequence: 4), argument: 5)
    bytes.withUnsafeMutableBytes { header.write(to: $0) }
    #expect(
      bytes == [
        0x53, 0x56, 2, 4, 0, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0,
        0, 0, 0,
      ])
  }

  @Test func otherVersionsAreTold() {
    var bytes = [UInt8](repeating: 0, count: 32)
    bytes.withUnsafeMutableBytes { Header(.hello).write(to: $0) }
    bytes[2] = 9
    let problem = #expect(throws: Header.Problem.self) {
      try bytes.withUnsafeBytes { try Header($0) }
    }
    #expect(problem == .version(9))
  }
}

extension ProducerMachine<String> {
  mutating func received(
    _ header: Header, _ payload: String?, now: UInt64, _ actions: inout [Action]
  ) {
    received(header, payload, bytes: payload?.utf8.count ?? 0, now: now, &actions)
  }
}

@Suite("Producer")
struct ProducerMachineTests {
  static func welcome(jobs: Int = 10, bytes: Int = 100) -> Welcome {
    Welcome(
      broker: 1, release: "t", heartbeatMilliseconds: 100, livenessMilliseconds: 500,
      jobsMax: jobs, bytesMax: bytes, number: 4)
  }

  static func text(_ actions: [ProducerMachine<String>.Action]) -> [String] {
    actions.compactMap { action in
      switch action {
      case .hello: "hello"
      case .send(let header, _), .sendWithControl(let header, _, _):
        header.command == .heartbeat
          ? nil
          : "\(header.command) \(header.job.sequence)"
            + (header.flags & Header.redelivered != 0 ? " again" : "")
      case .ended(let id, let outcome, _):
        switch outcome {
        case .result: "result \(id.sequence)"
        case .committed: "committed \(id.sequence)"
        case .failed(let code, _): "failed \(id.sequence) \(code.map { "\($0)" } ?? "?")"
        }
      case .progress(let id, let permille, _): "progress \(id.sequence) \(permille)"
      case .unserved(let id): "unserved \(id.sequence)"
      case .connection(let note): "\(note)"
      }
    }
  }

  /// A message can be lost with a connection that neither side saw break.
  @Test func whatNothingIsHeardOfIsSentAgain() {
    var machine = ProducerMachine<String>(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"]],
        instance: .init(low: 1, high: 1)), now: 0)
    var actions: [ProducerMachine<String>.Action] = []
    for sequence in 1...2 as ClosedRange<UInt64> {
      machine.submit(JobID(epoch: 1, sequence: sequence), .init(route: 0, "a", bytes: 1), &actions)
    }
    machine.welcomed(Self.welcome(), now: 0, &actions)
    actions = []
    let second: UInt64 = 1_000_000_000
    for time in 1...60 as ClosedRange<UInt64> {
      // The broker is alive, and tells of the second job only.
      machine.received(Header(.heartbeat), nil, now: time * second, &actions)
      if time <= 20 {
        machine.received(
          Header(.progress, job: JobID(epoch: 1, sequence: 2)), nil, now: time * second, &actions)
      }
      machine.tick(now: time * second, &actions)
    }
    let sent = Self.text(actions).filter { $0.hasPrefix("job") }
    // At 30 and 60 s the first, at 50 s the second.
    #expect(sent == ["job 1 again", "job 2 again", "job 1 again"])
  }

  /// With nothing else outstanding that could end and make room.
  @Test func aLoneJobThatFoundNoRoomGoesAgain() {
    var machine = ProducerMachine<String>(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"]],
        instance: .init(low: 1, high: 1)), now: 0)
    var actions: [ProducerMachine<String>.Action] = []
    machine.submit(JobID(epoch: 1, sequence: 1), .init(route: 0, "a", bytes: 1), &actions)
    machine.welcomed(Self.welcome(), now: 0, &actions)
    actions = []
    machine.received(
      Header(.fail, flags: Header.retryable, job: JobID(epoch: 1, sequence: 1), argument: 5), nil,
      now: 1,
      &actions)
    machine.tick(now: 200_000_000, &actions)
    #expect(Self.text(actions) == ["job 1 again"])
  }

  @Test func whatIsNotAnsweredIsSentAgainAfterEachWelcome() {
    var machine = ProducerMachine<String>(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"]],
        instance: .init(low: 1, high: 1)), now: 0)
    var actions: [ProducerMachine<String>.Action] = []
    machine.submit(JobID(epoch: 1, sequence: 1), .init(route: 0, "a", bytes: 1), &actions)
    machine.submit(JobID(epoch: 1, sequence: 2), .init(route: 0, "b", bytes: 1), &actions)
    #expect(Self.text(actions) == [])  // No broker yet.
    machine.welcomed(Self.welcome(), now: 1, &actions)
    #expect(Self.text(actions) == ["joined", "job 1", "job 2"])
    actions = []
    machine.received(
      Header(.commit, job: JobID(epoch: 1, sequence: 1)), nil, now: 2, &actions)
    machine.received(Header(.who), nil, now: 3, &actions)  // The broker was started again.
    machine.welcomed(Self.welcome(), now: 4, &actions)
    #expect(Self.text(actions) == ["committed 1", "hello", "joined", "job 2 again"])
  }

  @Test func creditIsKept() {
    var machine = ProducerMachine<String>(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"]],
        instance: .init(low: 1, high: 1)), now: 0)
    var actions: [ProducerMachine<String>.Action] = []
    machine.welcomed(Self.welcome(jobs: 2, bytes: 5), now: 1, &actions)
    for (sequence, bytes) in [(1, 4), (2, 4), (3, 1)] as [(UInt64, Int)] {
      machine.submit(
        JobID(epoch: 1, sequence: sequence), .init(route: 0, "x", bytes: bytes), &actions)
    }
    #expect(Self.text(actions) == ["joined", "job 1"])
    actions = []
    machine.received(Header(.result, job: JobID(epoch: 1, sequence: 1)), "r", now: 2, &actions)
    #expect(Self.text(actions) == ["result 1", "job 2", "job 3"])
  }

  @Test func anAnswerCountsOnce() {
    var machine = ProducerMachine<String>(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"]],
        instance: .init(low: 1, high: 1)), now: 0)
    var actions: [ProducerMachine<String>.Action] = []
    machine.welcomed(Self.welcome(), now: 1, &actions)
    machine.submit(JobID(epoch: 1, sequence: 1), .init(route: 0, "x", bytes: 1), &actions)
    let commit = Header(.commit, job: JobID(epoch: 1, sequence: 1))
    machine.received(commit, nil, now: 2, &actions)
    machine.received(commit, nil, now: 3, &actions)
    #expect(Self.text(actions) == ["joined", "job 1", "committed 1"])
  }
}

@Suite("Worker")
struct WorkerMachineTests {
  static func text(_ actions: [WorkerMachine<String>.Action]) -> [String] {
    actions.compactMap { action in
      switch action {
      case .hello: "hello"
      case .send(let header, let payload):
        header.command == .heartbeat
          ? nil
          : "\(header.command) \(header.job.sequence) \(header.argument)"
            + (payload.map { " '\($0)'" } ?? "")
      case .run(let header, let service, let payload, _):
        "run \(header.job.sequence) \(service) '\(payload)'"
      case .cancel(let id): "cancel \(id.sequence)"
      case .publishAll: nil
      case .connection(let note): "\(note)"
      case .left: "left"
      }
    }
  }

  static func worker(_ actions: inout [WorkerMachine<String>.Action]) -> WorkerMachine<String> {
    var machine = WorkerMachine<String>(
      Hello(
        role: .worker, name: "w", process: 1, release: "t", services: ["price"],
        instance: .init(low: 1, high: 1)), slots: 2,
      now: 0)
    machine.welcomed(ProducerMachineTests.welcome(), now: 1, &actions)
    return machine
  }

  @Test func aResultOutlivesTheBrokerThatAskedForIt() {
    var actions: [WorkerMachine<String>.Action] = []
    var machine = Self.worker(&actions)
    let job = Header(.job, service: 0, job: JobID(epoch: 1, sequence: 5))
    machine.received(job, "a", now: 2, &actions)
    machine.received(Header(.who), nil, now: 3, &actions)
    machine.welcomed(ProducerMachineTests.welcome(), now: 4, &actions)
    #expect(
      Self.text(actions) == [
        "joined", "ready 0 2", "run 5 price 'a'", "hello", "joined", "ready 0 2",
      ])
    actions = []
    machine.finished(JobID(epoch: 1, sequence: 5), .result("A"), &actions)
    guard case .send(let header, _) = actions[0] else {
      Issue.record("no result was sent")
      return
    }
    #expect(header.service == 0 && header.job == JobID(epoch: 1, sequence: 5))
  }

  @Test func aJobThatComesAgainWhileItRunsRunsOnce() {
    var actions: [WorkerMachine<String>.Action] = []
    var machine = Self.worker(&actions)
    let job = Header(.job, service: 0, job: JobID(epoch: 1, sequence: 5))
    machine.received(job, "a", now: 2, &actions)
    machine.received(job, "a", now: 3, &actions)
    #expect(Self.text(actions).filter { $0.hasPrefix("run") }.count == 1)
  }

  @Test func aDrainedWorkerLeavesWhenTheBrokerKnows() {
    var actions: [WorkerMachine<String>.Action] = []
    var machine = Self.worker(&actions)
    actions = []
    machine.drain(&actions)
    machine.received(Header(.bye), nil, now: 2, &actions)
    #expect(Self.text(actions) == ["bye 0 0", "left"])
  }

  @Test func silenceOfTheBrokerIsNoticed() {
    var actions: [WorkerMachine<String>.Action] = []
    var machine = Self.worker(&actions)
    actions = []
    for step in 1...12 as ClosedRange<UInt64> {
      machine.tick(now: 1 + step * 50_000_000, &actions)
    }
    #expect(Self.text(actions).prefix(2) == ["lost", "hello"])
  }
}

@Suite("Subscriber")
struct SubscriberMachineTests {
  static func header(_ sequence: UInt64, epoch: UInt64 = 1, whole: Bool = false) -> Header {
    Header(
      .publish, flags: whole ? Header.snapshot : 0, job: JobID(epoch: epoch, sequence: 0),
      argument: sequence)
  }

  static func text(_ actions: [SubscriberMachine<String>.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .replace(_, let sequence, let payload): "replace \(sequence) \(payload)"
      case .apply(_, let sequence, let payload): "apply \(sequence) \(payload)"
      case .join: "join"
      case .caughtUp: "caught up"
      }
    }
  }

  /// One that has seen everything that was there: nothing.
  static func live() -> SubscriberMachine<String> {
    var machine = SubscriberMachine<String>(now: 0)
    var actions: [SubscriberMachine<String>.Action] = []
    machine.received(Header(.caughtUp), topic: "", nil, now: 0, &actions)
    return machine
  }

  @Test func nothingIsShownBeforeAWholeState() {
    var machine = SubscriberMachine<String>(now: 0)
    var actions: [SubscriberMachine<String>.Action] = []
    // News may be here before what it is news of, which is on its way.
    machine.received(Self.header(3), topic: "t", "3", now: 1, &actions)
    machine.received(Self.header(3, whole: true), topic: "t", "III", now: 2, &actions)
    machine.received(Self.header(3), topic: "t", "3", now: 3, &actions)
    machine.received(Self.header(4), topic: "t", "4", now: 4, &actions)
    machine.received(Header(.caughtUp), topic: "", nil, now: 5, &actions)
    #expect(Self.text(actions) == ["replace 3 III", "apply 4 4", "caught up"])
  }

  @Test func eachPrefixHasItsMark() {
    var machine = SubscriberMachine<String>(prefixes: 2, now: 0)
    var actions: [SubscriberMachine<String>.Action] = []
    machine.received(Header(.caughtUp), topic: "", nil, now: 1, &actions)
    #expect(Self.text(actions) == [] && !machine.isLive)
    machine.received(Header(.caughtUp), topic: "", nil, now: 2, &actions)
    #expect(Self.text(actions) == ["caught up"] && machine.isLive)
  }

  @Test func aGapIsHealed() {
    var machine = Self.live()
    var actions: [SubscriberMachine<String>.Action] = []
    machine.received(Self.header(1, whole: true), topic: "t", "I", now: 1, &actions)
    machine.received(Self.header(3), topic: "t", "3", now: 2, &actions)
    machine.received(Self.header(4), topic: "t", "4", now: 3, &actions)
    machine.received(Self.header(4, whole: true), topic: "t", "IV", now: 4, &actions)
    #expect(Self.text(actions) == ["replace 1 I", "join", "replace 4 IV"])
    #expect(machine.gaps == 1)
  }

  @Test func aLostTailIsFoundByTheHead() {
    var machine = Self.live()
    var actions: [SubscriberMachine<String>.Action] = []
    machine.received(Self.header(1, whole: true), topic: "t", "I", now: 1, &actions)
    var head = Self.header(2)
    head.command = .heartbeat
    machine.received(head, topic: "t", nil, now: 2, &actions)
    #expect(Self.text(actions) == ["replace 1 I", "join"])
  }

  @Test func aPublisherThatWasStartedAgainReplacesEverything() {
    var machine = Self.live()
    var actions: [SubscriberMachine<String>.Action] = []
    machine.received(Self.header(9, whole: true), topic: "t", "IX", now: 1, &actions)
    machine.received(Self.header(0, epoch: 2, whole: true), topic: "t", "new", now: 2, &actions)
    machine.received(Self.header(1, epoch: 2), topic: "t", "1", now: 3, &actions)
    #expect(Self.text(actions) == ["replace 9 IX", "replace 0 new", "apply 1 1"])
  }
}
