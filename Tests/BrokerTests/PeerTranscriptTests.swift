// SPDX-License-Identifier: Apache-2.0

import Broker
import Determinism
import Testing

@Suite("Worker's transcripts")
struct WorkerTranscriptTests {
  typealias Machine = WorkerMachine<String>

  static let hello = Hello(
    role: .worker, name: "w", process: 1, release: "t", services: ["price", "simulate"],
    instance: .init(low: 1, high: 1))

  static func job(_ sequence: UInt64, service: UInt16 = 0, attempt: UInt8 = 0) -> Header {
    Header(
      .job, attempt: attempt, service: service, job: JobID(epoch: 1, sequence: sequence))
  }

  static func id(_ sequence: UInt64) -> JobID { JobID(epoch: 1, sequence: sequence) }

  /// A worker that offers `price` and `simulate`, with 3 slots.
  static func live() -> Machine {
    var machine = Machine(hello, slots: 3, now: 0)
    var actions: [Machine.Action] = []
    machine.welcomed(ProducerMachineTests.welcome(), now: 1, &actions)
    return machine
  }

  static func headers(_ actions: [Machine.Action]) -> [Header] {
    actions.compactMap { if case .send(let header, _) = $0 { header } else { nil } }
  }

  @Test func itGreetsUntilItIsWelcomed() {
    var machine = Machine(Self.hello, slots: 3, now: 0)
    var actions: [Machine.Action] = []
    for step in 0...11 as ClosedRange<UInt64> {
      machine.tick(now: 1_000_000_000 + step * 50_000_000, &actions)
    }
    // Every 200 ms.
    #expect(WorkerMachineTests.text(actions) == ["hello", "hello", "hello"])
    #expect(machine.isLive == false)
    actions = []
    machine.welcomed(ProducerMachineTests.welcome(), now: 2_000_000_000, &actions)
    #expect(WorkerMachineTests.text(actions) == ["joined", "ready 0 3"] && machine.isLive)
    #expect(actions.contains { if case .publishAll = $0 { true } else { false } })
  }

  @Test(
    "Each end of a job has its answer",
    arguments: [
      // outcome, command, flags, argument
      (Machine.Outcome.result("r"), Command.result, 0, 0), (.committed("c"), .commit, 0, 0),
      (.committed(nil), .commit, 0, 0),
      (.failed(.unavailable, retryable: true, nil), .fail, Header.retryable, 2),
      (.failed(.rejected, retryable: false, "why"), .fail, 0, 1),
      (.failed(.conflict, retryable: false, nil), .fail, 0, 6),
    ] as [(Machine.Outcome, Command, UInt8, UInt64)])
  func outcomes(_ outcome: Machine.Outcome, _ command: Command, _ flags: UInt8, _ argument: UInt64)
  {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(5, service: 1, attempt: 2), "x", now: 2, &actions)
    actions = []
    machine.finished(Self.id(5), outcome, &actions)
    #expect(
      Self.headers(actions) == [
        Header(
          command, flags: flags, attempt: 2, service: 1, job: Self.id(5), argument: argument)
      ])
    #expect(machine.runningCount == 0)
    // Once.
    actions = []
    machine.finished(Self.id(5), outcome, &actions)
    #expect(actions.isEmpty)
  }

  @Test func theEndOfARepeatedJobIsThatOfTheLastAttempt() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(5), "x", now: 2, &actions)
    machine.received(Self.job(5, attempt: 1), "x", now: 3, &actions)
    machine.received(Self.job(5, attempt: 3), "x", now: 4, &actions)
    #expect(WorkerMachineTests.text(actions) == ["run 5 price 'x'"] && machine.runningCount == 1)
    actions = []
    machine.finished(Self.id(5), .result("r"), &actions)
    #expect(Self.headers(actions).map(\.attempt) == [3])
  }

  @Test(
    "What cannot be run is rejected, for good",
    arguments: [
      // service, payload
      (0, nil), (2, "x"), (3, "x"), (.max, "x"),
    ] as [(UInt16, String?)])
  func rejected(_ service: UInt16, _ payload: String?) {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(5, service: service, attempt: 1), payload, now: 2, &actions)
    #expect(
      Self.headers(actions) == [
        Header(.fail, attempt: 1, service: service, job: Self.id(5), argument: 1)
      ])
    #expect(machine.runningCount == 0)
  }

  @Test func progressIsToldWhileTheJobRuns() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.progressed(Self.id(5), permille: 10, nil, &actions)
    #expect(actions.isEmpty)
    machine.received(Self.job(5), "x", now: 2, &actions)
    actions = []
    machine.progressed(Self.id(5), permille: 250, "quarter", &actions)
    machine.progressed(Self.id(5), permille: -3, nil, &actions)
    #expect(WorkerMachineTests.text(actions) == ["progress 5 250 'quarter'", "progress 5 0"])
    machine.finished(Self.id(5), .result("r"), &actions)
    actions = []
    machine.progressed(Self.id(5), permille: 999, nil, &actions)
    #expect(actions.isEmpty)
  }

  @Test func progressWaitsForABroker() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(5), "x", now: 2, &actions)
    machine.received(Header(.who), nil, now: 3, &actions)
    actions = []
    machine.progressed(Self.id(5), permille: 500, nil, &actions)
    #expect(actions.isEmpty)
    machine.welcomed(ProducerMachineTests.welcome(), now: 4, &actions)
    actions = []
    machine.progressed(Self.id(5), permille: 500, nil, &actions)
    #expect(Self.headers(actions).map(\.service) == [0])
  }

  @Test func onlyWhatRunsIsCancelled() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(5), "x", now: 2, &actions)
    actions = []
    for sequence in [5, 6] as [UInt64] {
      machine.received(Header(.cancel, job: Self.id(sequence)), nil, now: 3, &actions)
    }
    #expect(WorkerMachineTests.text(actions) == ["cancel 5"])
    // It answers all the same: the broker waits for the place.
    actions = []
    machine.finished(Self.id(5), .failed(.unavailable, retryable: true, nil), &actions)
    #expect(Self.headers(actions).count == 1)
  }

  @Test func aDrainingWorkerFinishesWhatItHasAndThenLeaves() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(1), "a", now: 2, &actions)
    machine.received(Self.job(2), "b", now: 2, &actions)
    actions = []
    machine.drain(&actions)
    machine.drain(&actions)  // Once is enough.
    #expect(WorkerMachineTests.text(actions) == ["bye 0 0"] && machine.isLive)
    actions = []
    machine.finished(Self.id(2), .result("B"), &actions)
    machine.finished(Self.id(1), .committed(nil), &actions)
    #expect(WorkerMachineTests.text(actions) == ["result 2 0 'B'", "commit 1 0"])
    actions = []
    machine.received(Header(.bye), nil, now: 5, &actions)
    #expect(WorkerMachineTests.text(actions) == ["left"] && machine.isLive == false)
    // Gone for good, whatever still comes.
    actions = []
    machine.received(Header(.who), nil, now: 6, &actions)
    machine.tick(now: 9_000_000_000, &actions)
    #expect(actions.isEmpty)
  }

  @Test func aDrainingWorkerThatLosesItsBrokerTellsTheNext() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(1), "a", now: 2, &actions)
    machine.drain(&actions)
    actions = []
    machine.received(Header(.who), nil, now: 3, &actions)
    machine.tick(now: 4, &actions)
    #expect(WorkerMachineTests.text(actions) == ["hello"])
    actions = []
    machine.welcomed(ProducerMachineTests.welcome(), now: 5, &actions)
    // It grants nothing: it has only results to give.
    #expect(WorkerMachineTests.text(actions) == ["joined", "bye 0 0"])
    actions = []
    machine.finished(Self.id(1), .result("A"), &actions)
    machine.received(Header(.bye), nil, now: 6, &actions)
    #expect(WorkerMachineTests.text(actions) == ["result 1 0 'A'", "left"])
  }

  @Test func aWorkerWithoutBrokerAndJobsLeavesAtOnce() {
    var machine = Machine(Self.hello, slots: 3, now: 0)
    var actions: [Machine.Action] = []
    machine.drain(&actions)
    #expect(WorkerMachineTests.text(actions) == ["left"])
  }

  @Test func aWorkerWithoutBrokerLeavesWhenItsLastJobIsDone() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Self.job(1), "a", now: 2, &actions)
    machine.received(Header(.who), nil, now: 3, &actions)
    actions = []
    machine.drain(&actions)
    machine.tick(now: 4, &actions)
    #expect(WorkerMachineTests.text(actions) == [])
    machine.finished(Self.id(1), .result("A"), &actions)
    actions = []
    machine.tick(now: 5, &actions)
    #expect(WorkerMachineTests.text(actions) == ["left"])
  }

  @Test func aByeThatNobodyAskedForIsGreeted() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Header(.bye), nil, now: 2, &actions)
    #expect(WorkerMachineTests.text(actions) == ["hello"] && machine.isLive == false)
  }

  @Test func aSnapshotAsksForEverythingThatIsPublished() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Header(.snapshot), nil, now: 2, &actions)
    guard case .publishAll = actions.first, actions.count == 1 else {
      Issue.record("\(actions)")
      return
    }
  }

  @Test(
    "A refusal is noted with its reason",
    arguments: [(1, ErrorCode.version), (2, .malformed), (3, .role), (99, nil)]
      as [(UInt64, ErrorCode?)])
  func refusals(_ argument: UInt64, _ code: ErrorCode?) {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.received(Header(.error, argument: argument), nil, reason: "why", now: 2, &actions)
    guard case .connection(let note) = actions.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(note == .refused(code, "why"))
  }

  @Test func aTickThatComesLateBlamesNobody() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.tick(now: 50_000_000, &actions)
    actions = []
    // Stopped for an hour: what the broker sent in it is still unread.
    machine.tick(now: 3_600_000_000_000, &actions)
    #expect(WorkerMachineTests.text(actions) == [] && machine.isLive)
    // Still nothing at the ticks that follow: now it is lost.
    for step in 1...3 as ClosedRange<UInt64> {
      machine.tick(now: 3_600_000_000_000 + step * 50_000_000, &actions)
    }
    #expect(WorkerMachineTests.text(actions).first == "lost")
  }
}

@Suite("Producer's transcripts")
struct ProducerTranscriptTests {
  typealias Machine = ProducerMachine<String>

  static func id(_ sequence: UInt64) -> JobID { JobID(epoch: 1, sequence: sequence) }

  static func live(jobs: Int = 10, bytes: Int = 100) -> Machine {
    var machine = Machine(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"], ["simulate"]],
        instance: .init(low: 1, high: 1)),
      now: 0)
    var actions: [Machine.Action] = []
    machine.welcomed(ProducerMachineTests.welcome(jobs: jobs, bytes: bytes), now: 1, &actions)
    return machine
  }

  static func submit(
    _ machine: inout Machine, _ sequences: ClosedRange<UInt64>, bytes: Int = 1,
    _ actions: inout [Machine.Action]
  ) {
    for sequence in sequences {
      machine.submit(id(sequence), .init(route: 0, "x", bytes: bytes), &actions)
    }
  }

  static func answer(
    _ machine: inout Machine, _ command: Command, _ sequence: UInt64, flags: UInt8 = 0,
    argument: UInt64 = 0, _ actions: inout [Machine.Action]
  ) {
    machine.received(
      Header(command, flags: flags, job: id(sequence), argument: argument), nil, now: 2, &actions)
  }

  @Test func aJobCarriesItsRouteLeaseAndWhetherItMayRepeat() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.submit(
      Self.id(1),
      .init(
        route: 1, "x", control: "c", bytes: 2, leaseMilliseconds: 77, waits: true, avoiding: 3),
      redelivered: true, &actions)
    guard case .sendWithControl(let header, "x", "c")? = actions.first else {
      Issue.record("\(actions)")
      return
    }
    #expect(
      header
        == Header(
          .job, flags: Header.redelivered | Header.waits, service: 1, job: Self.id(1),
          argument: 3 << 32 | 77))
  }

  @Test func aJobIsKnownByItsId() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...1, &actions)
    Self.submit(&machine, 1...1, bytes: 50, &actions)
    #expect(ProducerMachineTests.text(actions) == ["job 1"])
    #expect(machine.outstanding == 1 && machine.outstandingBytes == 1)
    // Ended, it may be submitted again: only the caller knows why.
    Self.answer(&machine, .commit, 1, &actions)
    actions = []
    Self.submit(&machine, 1...1, &actions)
    #expect(ProducerMachineTests.text(actions) == ["job 1"])
  }

  @Test(
    "Each answer ends the job once",
    arguments: [
      // command, argument, text
      (Command.result, 0, "result 1"), (.commit, 0, "committed 1"),
      (.fail, 3, "failed 1 poison"), (.fail, 6, "failed 1 conflict"),
      (.fail, 1, "failed 1 rejected"),
      (.fail, 99, "failed 1 ?"),
    ] as [(Command, UInt64, String)])
  func answers(_ command: Command, _ argument: UInt64, _ text: String) {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...1, &actions)
    actions = []
    Self.answer(&machine, command, 1, argument: argument, &actions)
    Self.answer(&machine, command, 1, argument: argument, &actions)
    Self.answer(&machine, command, 2, argument: argument, &actions)  // Never submitted.
    #expect(ProducerMachineTests.text(actions) == [text])
    #expect(machine.outstanding == 0 && machine.outstandingBytes == 0)
  }

  @Test func aJobForWhichThereWasNoRoomGoesAgainWhenThereIs() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...3, &actions)
    actions = []
    Self.answer(&machine, .fail, 2, flags: Header.retryable, argument: 5, &actions)
    #expect(ProducerMachineTests.text(actions) == [] && machine.outstanding == 3)
    Self.answer(&machine, .result, 1, &actions)
    #expect(ProducerMachineTests.text(actions) == ["result 1", "job 2 again"])
  }

  @Test func aJobThatIsToldTwiceThatThereIsNoRoomStillWaits() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...1, &actions)
    actions = []
    // It was sent twice, before and after a WELCOME, and each got its answer.
    Self.answer(&machine, .fail, 1, flags: Header.retryable, argument: 5, &actions)
    Self.answer(&machine, .fail, 1, flags: Header.retryable, argument: 5, &actions)
    #expect(machine.outstanding == 1)
    #expect(ProducerMachineTests.text(actions) == [])
  }

  @Test func whatWaitsGoesInTheOrderOfSubmission() {
    var machine = Self.live(jobs: 2)
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...5, &actions)
    for sequence in [2, 1, 3, 4] as [UInt64] {
      Self.answer(&machine, .result, sequence, &actions)
    }
    #expect(
      ProducerMachineTests.text(actions) == [
        "job 1", "job 2", "result 2", "job 3", "result 1", "job 4", "result 3", "job 5",
        "result 4",
      ])
  }

  @Test func aJobGreaterThanTheCreditGoesAlone() {
    var machine = Self.live(bytes: 10)
    var actions: [Machine.Action] = []
    machine.submit(Self.id(1), .init(route: 0, "x", bytes: 6), &actions)
    machine.submit(Self.id(2), .init(route: 0, "x", bytes: 50), &actions)
    machine.submit(Self.id(3), .init(route: 0, "x", bytes: 1), &actions)
    // Not even a small one overtakes it: it would wait for ever.
    #expect(ProducerMachineTests.text(actions) == ["job 1"])
    Self.answer(&machine, .result, 1, &actions)
    Self.answer(&machine, .result, 2, &actions)
    #expect(
      ProducerMachineTests.text(actions) == ["job 1", "result 1", "job 2", "result 2", "job 3"])
  }

  @Test func cancellingTellsTheBrokerAndMakesRoom() {
    var machine = Self.live(jobs: 1)
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...3, &actions)
    actions = []
    machine.cancel(Self.id(2), &actions)  // Not sent yet: nobody needs to know.
    #expect(ProducerMachineTests.text(actions) == [])
    machine.cancel(Self.id(1), &actions)
    #expect(ProducerMachineTests.text(actions) == ["cancel 1", "job 3"])
    #expect(machine.outstanding == 1)
    // The answer to what was given up is nothing.
    actions = []
    Self.answer(&machine, .result, 1, &actions)
    machine.cancel(Self.id(1), &actions)
    #expect(actions.isEmpty)
  }

  @Test func progressIsPassedOnWhileTheJobIsOutstanding() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    Self.submit(&machine, 1...1, &actions)
    actions = []
    Self.answer(&machine, .progress, 1, argument: 300, &actions)
    Self.answer(&machine, .progress, 2, argument: 300, &actions)
    Self.answer(&machine, .progress, 1, argument: .max, &actions)
    #expect(ProducerMachineTests.text(actions) == ["progress 1 300", "progress 1 \(Int.max)"])
  }

  @Test func aProducerThatLeavesSaysSoAndGreetsNoMore() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.leave(&actions)
    machine.received(Header(.who), nil, now: 2, &actions)
    machine.received(Header(.bye), nil, now: 3, &actions)
    #expect(ProducerMachineTests.text(actions) == ["bye 0"] && machine.isLive == false)
    actions = []
    Self.submit(&machine, 1...1, &actions)
    #expect(actions.isEmpty)
  }

  @Test func aProducerThatHasLeftIsSilent() {
    var machine = Self.live()
    var actions: [Machine.Action] = []
    machine.leave(&actions)
    actions = []
    for step in 1...40 as ClosedRange<UInt64> {
      machine.tick(now: step * 50_000_000, &actions)
    }
    #expect(ProducerMachineTests.text(actions) == [])
  }

  @Test("Credit is kept whatever comes", arguments: 0..<100 as Range<UInt64>)
  func credit(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let (jobsMax, bytesMax) = (Int(1 + random.below(5)), Int(10 + random.below(50)))
    var machine = Self.live(jobs: jobsMax, bytes: bytesMax)
    var sizes: [JobID: Int] = [:]
    var atBroker: Set<JobID> = []
    var ended: [JobID: Int] = [:]
    var submitted: [JobID] = []
    var cancelled: Set<JobID> = []
    // A job for which there was no room waits for the next change.
    var waitsForChange = false

    func take(_ actions: [Machine.Action]) {
      for action in actions {
        switch action {
        case .send(let header, _) where header.command == .job:
          #expect(atBroker.insert(header.job).inserted, "seed \(seed): \(header.job) sent twice")
        case .send(let header, _) where header.command == .cancel: atBroker.remove(header.job)
        case .ended(let id, _, _): ended[id, default: 0] += 1
        default: break
        }
      }
      let bytes = atBroker.reduce(0) { $0 + (sizes[$1] ?? 0) }
      #expect(atBroker.count <= jobsMax, "seed \(seed)")
      #expect(bytes <= bytesMax || atBroker.count == 1, "seed \(seed)")
    }

    for step in 0..<300 as Range<UInt64> {
      var actions: [Machine.Action] = []
      let outstanding = machine.outstanding
      let some = atBroker.sorted()
      switch random.below(10) {
      case 0...3:
        let id = Self.id(step)
        sizes[id] = Int(1 + random.below(30))
        submitted.append(id)
        machine.submit(id, .init(route: 0, "x", bytes: sizes[id]!), &actions)
      case 4...6 where !some.isEmpty:
        let id = some[Int(random.below(UInt64(some.count)))]
        atBroker.remove(id)
        machine.received(Header(.result, job: id), "r", now: step, &actions)
      case 7 where some.count > 1:
        let id = some[Int(random.below(UInt64(some.count)))]
        atBroker.remove(id)
        machine.received(
          Header(.fail, flags: Header.retryable, job: id, argument: 5), nil, now: step, &actions)
        waitsForChange = true
      case 8 where !submitted.isEmpty:
        let id = submitted[Int(random.below(UInt64(submitted.count)))]
        if ended[id] == nil { cancelled.insert(id) }
        machine.cancel(id, &actions)
      case 9 where random.below(4) == 0:
        machine.received(Header(.who), nil, now: step, &actions)
        atBroker = []  // The next broker knows nothing.
        machine.welcomed(
          ProducerMachineTests.welcome(jobs: jobsMax, bytes: bytesMax), now: step, &actions)
      default: break
      }
      take(actions)
      // No credit lies idle: the first that waits does not fit beside those that are there.
      if outstanding != machine.outstanding { waitsForChange = false }
      let bytes = atBroker.reduce(0) { $0 + (sizes[$1] ?? 0) }
      let first = submitted.first {
        ended[$0] == nil && !cancelled.contains($0) && !atBroker.contains($0)
      }
      if let first, !waitsForChange {
        let fits = atBroker.isEmpty || bytes + (sizes[first] ?? 0) <= bytesMax
        #expect(atBroker.count == jobsMax || !fits, "seed \(seed) step \(step): \(first) waits")
      }
      let open = Set(submitted).subtracting(ended.keys).subtracting(cancelled)
      #expect(machine.outstanding == open.count, "seed \(seed) step \(step)")
      #expect(
        machine.outstandingBytes == open.reduce(0) { $0 + (sizes[$1] ?? 0) }, "seed \(seed)")
    }
    // Everything that is left comes to an end, in at most as many rounds as there are jobs.
    for _ in 0..<300 where machine.outstanding > 0 {
      var actions: [Machine.Action] = []
      if let id = atBroker.sorted().first {
        atBroker.remove(id)
        machine.received(Header(.result, job: id), "r", now: 1_000, &actions)
      } else {
        machine.welcomed(
          ProducerMachineTests.welcome(jobs: jobsMax, bytes: bytesMax), now: 1_000, &actions)
      }
      take(actions)
    }
    #expect(machine.outstanding == 0, "seed \(seed)")
    #expect(ended.values.allSatisfy { $0 == 1 } && Set(ended.keys).isDisjoint(with: cancelled))
  }
}

@Suite("Header's bytes")
struct HeaderBytesTests {
  static func read(_ bytes: [UInt8]) throws(Header.Problem) -> Header {
    var result: Result<Header, Header.Problem> = .failure(.malformed)
    bytes.withUnsafeBytes { raw in
      do throws(Header.Problem) {
        result = .success(try Header(raw))
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  static func bytes(_ header: Header) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: 32)
    bytes.withUnsafeMutableBytes { header.write(to: $0) }
    return bytes
  }

  @Test("Any header survives", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let header = Header(
        Command.allCases[Int(random.below(UInt64(Command.allCases.count)))],
        flags: UInt8(random.below(256)),
        attempt: UInt8(random.below(256)), service: UInt16(random.below(65_536)),
        job: JobID(epoch: random.next(), sequence: random.next()), argument: random.next())
      #expect(try Self.read(Self.bytes(header)) == header, "seed \(seed)")
    }
  }

  @Test("Another length is no header", arguments: [0, 1, 31, 33, 64])
  func lengths(_ count: Int) {
    let bytes = Self.bytes(Header(.job)) + [UInt8](repeating: 0, count: 32)
    #expect(throws: Header.Problem.malformed) { try Self.read(Array(bytes[..<count])) }
  }

  @Test("Each byte of the head is looked at", arguments: 0...3)
  func heads(_ place: Int) {
    var accepted: [UInt8] = []
    for value in 0...255 as ClosedRange<UInt8> {
      var bytes = Self.bytes(Header(.job))
      bytes[place] = value
      if (try? Self.read(bytes)) != nil { accepted.append(value) }
    }
    #expect(accepted == [[0x53], [0x56], [2], Array(1...18)][place])
  }

  @Test func commandsAreNumberedForEver() {
    #expect(
      Command.allCases.map { "\($0) \($0.rawValue)" } == [
        "hello 1", "welcome 2", "ready 3", "job 4", "result 5", "commit 6", "fail 7",
        "progress 8", "credit 9", "cancel 10", "heartbeat 11", "who 12", "bye 13", "snapshot 14",
        "error 16", "publish 15", "quarantine 17", "caughtUp 18",
      ])
  }

  @Test func jobsAreInTheOrderOfTheirLives() {
    let ids = [(1, 9), (2, 0), (2, 1), (3, 0)].map { JobID(epoch: $0, sequence: $1) }
    #expect(ids == ids.reversed().sorted() && ids[0].description == "1/9")
    #expect(JobID(epoch: 255, sequence: 7).description == "ff/7")
  }
}
