// SPDX-License-Identifier: Apache-2.0

import Broker
import Testing

/// The broker's decisions as transcripts: an event in, what it does out.
@Suite("Broker")
struct BrokerMachineTests {
  /// A machine and its clock, with actions written as short texts.
  struct Bench: ~Copyable {
    var machine: BrokerMachine<String>
    var now: UInt64 = 1_000_000_000
    var texts: [String] = []
    /// As the broker names the jobs to workers, by worker and number.
    var ids: [PeerID: [UInt64: JobID]] = [:]

    static let routes: Set<[String]> = [
      ["price"], ["ledger"], ["simulate"], ["price", "ledger"], ["broker"], ["price", "price"],
    ]
    /// `price` and `simulate` may be offered by anybody; `ledger` commits; `simulate` is interactive.
    static let access = AccessTable(
      roles: [
        .client: .init(name: "client", peersMax: 100, routes: routes, hasOwnServices: true),
        .worker: .init(
          name: "worker", peersMax: 100, offers: ["price", "ledger", "simulate"],
          hasOwnServices: true, topics: [""]),
        PeerRole(rawValue: 3): .init(
          name: "owner", isExclusive: true, peersMax: 4, offers: ["ledger"], routes: routes,
          topics: ["cost"], mayQuarantine: true),
      ],
      services: [
        "ledger": .init(commits: true, lossesMax: 5), "simulate": .init(isInteractive: true),
      ])

    init(_ change: (inout BrokerMachine<String>.Settings) -> Void = { _ in }) {
      var settings = BrokerMachine<String>.Settings(access: Self.access)
      settings.heartbeatMilliseconds = 100
      settings.livenessMilliseconds = 500
      change(&settings)
      machine = BrokerMachine(settings: settings, release: "t", identity: 7, now: now)
    }

    private mutating func take(_ actions: [BrokerMachine<String>.Action]) {
      for action in actions {
        switch action {
        case .send(let peer, let header, let payload): sent(peer, header, payload, nil)
        case .sendWithControl(let peer, let header, let payload, let control):
          sent(peer, header, payload, control)
        case .welcome(let peer, _): texts.append("\(peer) welcome")
        case .refuse(let peer, let code, _): texts.append("\(peer) refused: \(code)")
        case .status(let peer, _, _): texts.append("\(peer) status")
        case .publish(let topic, let header, let payload):
          if header.command == .caughtUp { continue }
          let name = topic.hasPrefix("@") ? String(topic.dropFirst(18)) : topic
          texts.append("publish \(name) \(header.argument) \(payload ?? "head")")
        case .note: break
        }
      }
    }

    private mutating func sent(
      _ peer: PeerID, _ header: Header, _ payload: String?, _ control: String?
    ) {
      if header.command == .heartbeat { return }
      if header.command == .job { ids[peer, default: [:]][header.job.sequence] = header.job }
      var text = "\(peer) \(header.command)"
      if header.job != .none { text += " \(header.job.sequence)" }
      if let payload { text += " '\(payload)'" }
      if let control { text += " control '\(control)'" }
      if header.attempt > 0 { text += " attempt \(header.attempt)" }
      if header.command == .fail { text += " code \(header.lowArgument)" }
      texts.append(text)
    }

    /// What happened since the last call.
    mutating func said() -> [String] {
      defer { texts = [] }
      return texts
    }

    mutating func worker(
      _ number: UInt32, _ services: [String] = ["price"], slots: UInt64 = 1,
      role: PeerRole = .worker, instance: UInt64 = 0
    ) {
      var actions: [BrokerMachine<String>.Action] = []
      let peer = PeerID(.worker, number)
      machine.greeted(
        Hello(
          role: role, name: "w\(number)", process: 1, release: "t", services: services,
          instance: .init(low: UInt64(number), high: instance)),
        by: peer, now: now, &actions)
      machine.received(
        Header(.ready, argument: slots), nil, bytes: 0, from: peer, now: now, &actions)
      take(actions)
    }

    mutating func producer(
      _ number: UInt32, _ routes: [[String]] = [["price"]], role: PeerRole = .client,
      instance: UInt64? = nil
    ) {
      var actions: [BrokerMachine<String>.Action] = []
      machine.greeted(
        Hello(
          role: role, name: "p\(number)", process: 1, release: "t", routes: routes,
          instance: .init(low: instance ?? UInt64(number), high: 1)),
        by: PeerID(.client, number), now: now, &actions)
      take(actions)
    }

    /// Jobs wait also while nobody offers the service, unless a test says otherwise.
    mutating func submit(
      _ sequence: UInt64, _ payload: String, by number: UInt32 = 1, route: UInt16 = 0,
      lease: UInt64 = 0, waits: Bool = true, avoiding: UInt32 = 0, control: String? = nil
    ) {
      let header = Header(
        .job, flags: waits ? Header.waits : 0, service: route,
        job: JobID(epoch: 1, sequence: sequence),
        argument: Header.argument(UInt32(lease), worker: avoiding))
      receive(header, payload, PeerID(.client, number), control: control)
    }

    mutating func answer(
      _ command: Command, _ sequence: UInt64, _ payload: String? = nil, by number: UInt32,
      service: UInt16 = 0, flags: UInt8 = 0, attempt: UInt8 = 0, argument: UInt64 = 0
    ) {
      let header = Header(
        command, flags: flags, attempt: attempt, service: service,
        job: ids[PeerID(.worker, number)]?[sequence] ?? JobID(epoch: 1, sequence: sequence),
        argument: argument)
      receive(header, payload, PeerID(.worker, number))
    }

    mutating func receive(
      _ header: Header, _ payload: String?, _ peer: PeerID, control: String? = nil
    ) {
      var actions: [BrokerMachine<String>.Action] = []
      let controlBytes = control?.utf8.count ?? 0
      machine.received(
        header, payload, control: control, controlBytes: controlBytes,
        bytes: (payload?.utf8.count ?? 0) + controlBytes, from: peer, now: now, &actions)
      take(actions)
    }

    mutating func full(_ peer: PeerID, _ header: Header) {
      var actions: [BrokerMachine<String>.Action] = []
      machine.full(peer, header, now: now, &actions)
      take(actions)
    }

    mutating func unreachable(_ peer: PeerID) {
      var actions: [BrokerMachine<String>.Action] = []
      machine.unreachable(peer, now: now, &actions)
      take(actions)
    }

    /// Lets time pass in heartbeat steps; those in `alive` are heard at each.
    mutating func pass(_ milliseconds: UInt64, alive: [PeerID] = []) {
      for _ in 0..<(milliseconds / 100) {
        now += 100_000_000
        var actions: [BrokerMachine<String>.Action] = []
        for peer in alive {
          machine.received(Header(.heartbeat), nil, bytes: 0, from: peer, now: now, &actions)
        }
        machine.tick(now: now, &actions)
        take(actions)
      }
    }

    mutating func publish(
      _ topic: String, _ sequence: UInt64, _ payload: String, whole: Bool = false,
      by number: UInt32 = 1, epoch: UInt64 = 5
    ) {
      var actions: [BrokerMachine<String>.Action] = []
      let header = Header(
        .publish, flags: whole ? Header.snapshot : 0, job: JobID(epoch: epoch, sequence: 0),
        argument: sequence)
      machine.published(
        header, topic: topic, payload, bytes: 1, by: PeerID(.worker, number), now: now, &actions)
      take(actions)
    }

    /// Under a token, which is left out of what is said, as is the mark.
    mutating func subscribed(_ prefix: String) {
      var actions: [BrokerMachine<String>.Action] = []
      machine.subscribed("@0123456789abcdef/\(prefix)", &actions)
      take(actions)
    }
  }

  static let producer = PeerID(.client, 1)
  /// What an object of the broker costs beside its bytes.
  static let overhead = 512

  @Test func aJobGoesThroughItsRouteAndBack() {
    var bench = Bench()
    bench.producer(1, [["price", "ledger"]])
    bench.worker(1, ["price"])
    bench.worker(2, ["ledger"])
    #expect(
      bench.said() == ["client-1 welcome", "worker-1 welcome", "worker-2 welcome"])
    bench.submit(1, "rows")
    #expect(bench.said() == ["worker-1 job 1 'rows'"])
    bench.answer(.result, 1, "costs", by: 1)
    #expect(bench.said() == ["worker-2 job 1 'costs'"])
    bench.answer(.commit, 1, by: 2)
    #expect(bench.said() == ["client-1 commit 1"])
  }

  @Test func aJobWaitsForAWorkerWithCredit() {
    var bench = Bench()
    bench.producer(1)
    bench.submit(1, "a")
    bench.submit(2, "b")
    _ = bench.said()
    bench.worker(1, slots: 1)
    #expect(bench.said() == ["worker-1 welcome", "worker-1 job 1 'a'"])
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == ["client-1 result 1 'A'", "worker-1 job 2 'b'"])
  }

  @Test func workersTakeTurns() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1, slots: 2)
    bench.worker(2, slots: 2)
    _ = bench.said()
    for sequence in 1...4 as ClosedRange<UInt64> { bench.submit(sequence, "x") }
    #expect(
      bench.said() == [
        "worker-1 job 1 'x'", "worker-2 job 2 'x'", "worker-1 job 3 'x'", "worker-2 job 4 'x'",
      ])
  }

  @Test func aWorkerThatCannotBeReachedLosesItsJobsAtOnce() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a")
    _ = bench.said()
    bench.unreachable(PeerID(.worker, 1))
    #expect(bench.said() == ["worker-2 job 1 'a' attempt 1"])
  }

  @Test func aWorkerThatStopsBeatingLosesItsJobs() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a")
    _ = bench.said()
    bench.pass(700, alive: [Self.producer, PeerID(.worker, 2)])
    #expect(bench.said() == ["worker-2 job 1 'a' attempt 1"])
  }

  @Test func aBrokerThatWasLateItselfBlamesNobody() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    _ = bench.said()
    bench.now += 10_000_000_000  // Stopped for ten seconds: one tick, then the queued heartbeats.
    bench.pass(100, alive: [])
    #expect(bench.said() == [])
    bench.pass(300, alive: [Self.producer, PeerID(.worker, 1)])
    #expect(bench.said() == [])
  }

  @Test func aLeaseThatRunsOutMovesTheJobAndProgressRenewsIt() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a", lease: 1_000)
    _ = bench.said()
    let alive = [Self.producer, PeerID(.worker, 1), PeerID(.worker, 2)]
    bench.pass(800, alive: alive)
    bench.answer(.progress, 1, by: 1, argument: 500)
    #expect(bench.said() == ["client-1 progress 1"])
    bench.pass(800, alive: alive)
    #expect(bench.said() == [])
    bench.pass(400, alive: alive)
    #expect(bench.said() == ["worker-1 cancel 1", "worker-2 job 1 'a' attempt 1"])
  }

  @Test func theFirstResultCountsAndALateOneIsDropped() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a", lease: 100)
    let alive = [Self.producer, PeerID(.worker, 1), PeerID(.worker, 2)]
    bench.pass(300, alive: alive)
    _ = bench.said()
    bench.answer(.result, 1, "A", by: 1)  // Late, but nobody was earlier.
    #expect(bench.said() == ["worker-2 cancel 1", "client-1 result 1 'A'"])
    bench.answer(.result, 1, "A", by: 2)
    #expect(bench.said() == [])
    #expect(bench.machine.status(now: bench.now).duplicates == 1)
  }

  @Test func aLateResultOfAnEarlierStageIsNotTakenForTheNext() {
    var bench = Bench()
    bench.producer(1, [["price", "ledger"]])
    bench.worker(1, ["price"])
    bench.worker(2, ["price"])
    bench.worker(3, ["ledger"])
    bench.submit(1, "a", lease: 100)
    bench.pass(
      300, alive: [Self.producer, PeerID(.worker, 1), PeerID(.worker, 2), PeerID(.worker, 3)])
    bench.answer(.result, 1, "A", by: 2)
    _ = bench.said()
    bench.answer(.result, 1, "A", by: 1)  // Of `price`, while the job is at `ledger`.
    #expect(bench.said() == [])
    bench.answer(.commit, 1, by: 3)
    #expect(bench.said() == ["client-1 commit 1"])
  }

  @Test func aLateFailureDoesNotEndTheAttemptThatIsUnderWay() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a", lease: 100)
    bench.pass(300, alive: [Self.producer, PeerID(.worker, 1), PeerID(.worker, 2)])
    _ = bench.said()
    bench.answer(.fail, 1, by: 1, flags: Header.retryable, argument: 2)
    #expect(bench.said() == [])
    bench.answer(.result, 1, "A", by: 2)
    #expect(bench.said() == ["client-1 result 1 'A'"])
  }

  @Test func aJobThatKillsWorkersBecomesADeadLetter() {
    var bench = Bench()
    bench.producer(1)
    for number in 1...2 as ClosedRange<UInt32> {
      bench.worker(number)
      if number == 1 { bench.submit(9, "poison") }
      bench.unreachable(PeerID(.worker, number))
    }
    #expect(bench.said().last == "client-1 fail 9 code 3")
    #expect(bench.machine.status(now: bench.now).deadLetters == 1)
  }

  @Test func aFailureThatMayPassIsTriedElsewhereAndAnotherIsFinal() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a")
    _ = bench.said()
    bench.answer(.fail, 1, by: 1, flags: Header.retryable, argument: 2)
    #expect(bench.said() == ["worker-2 job 1 'a' attempt 1"])
    bench.answer(.fail, 1, "why", by: 2, attempt: 1, argument: 1)
    #expect(bench.said() == ["worker-1 job 1 'a' attempt 2"])  // Another may know better.
    bench.answer(.fail, 1, "why", by: 1, attempt: 2, argument: 1)
    #expect(bench.said() == ["client-1 fail 1 'why' code 1"])
  }

  @Test func aDrainingWorkerFinishesAndGetsNoMore() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1, slots: 2)
    bench.submit(1, "a")
    bench.receive(Header(.bye), nil, PeerID(.worker, 1))
    bench.submit(2, "b")
    _ = bench.said()
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == ["client-1 result 1 'A'", "worker-1 bye"])
    bench.worker(2)
    #expect(bench.said() == ["worker-2 welcome", "worker-2 job 2 'b'"])
  }

  @Test func acancelledJobIsForgotten() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    bench.submit(2, "b")
    _ = bench.said()
    bench.receive(Header(.cancel, job: JobID(epoch: 1, sequence: 1)), nil, Self.producer)
    bench.receive(Header(.cancel, job: JobID(epoch: 1, sequence: 2)), nil, Self.producer)
    #expect(bench.said() == ["worker-1 cancel 1"])
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == [])
    #expect(bench.machine.status(now: bench.now).heldBytes == 0)
  }

  @Test func strangersAreAskedWho() {
    var bench = Bench()
    bench.receive(Header(.heartbeat), nil, PeerID(.worker, 4))
    bench.submit(1, "a", by: 4)
    #expect(bench.said() == ["worker-4 who", "client-4 who"])
  }

  @Test func aProducerThatComesBackOwnsItsJobsAgain() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    bench.producer(2, instance: 1)  // The same program, connected anew.
    bench.submit(1, "a", by: 2)
    _ = bench.said()
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == ["client-2 result 1 'A'"])
  }

  /// With other routes it would be at a stage that the new greeting does not have.
  @Test func aJobIsNotTakenOverByAGreetingOfOtherRoutes() {
    var bench = Bench()
    bench.producer(1, [["price", "ledger"]])
    bench.worker(1)
    bench.submit(1, "a")
    bench.producer(2, [["price"]], instance: 1)
    bench.submit(1, "a", by: 2)
    _ = bench.said()
    bench.answer(.result, 1, "A", by: 1)
    bench.worker(2, ["ledger"])
    #expect(bench.said() == ["worker-2 welcome", "worker-2 job 1 'A'"])
    bench.answer(.commit, 1, by: 2)
    #expect(bench.said() == ["client-1 commit 1"])
  }

  @Test func creditBoundsWhatAProducerMayLeaveHere() {
    var bench = Bench { $0.bytesMax = 4 + 512 }
    bench.producer(1)
    bench.submit(1, "abcd")
    bench.submit(2, "e")
    #expect(bench.said().last == "client-1 fail 2 code 5")
    #expect(bench.machine.status(now: bench.now).heldBytes == 4 + Self.overhead)
  }

  @Test func rolesAreKeptApart() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    _ = bench.said()
    bench.receive(Header(.result), "x", Self.producer)
    bench.receive(Header(.job), "x", PeerID(.worker, 1))
    #expect(bench.said() == ["client-1 refused: role", "worker-1 refused: role"])
  }

  // MARK: Fairness

  @Test func producersTakeTurns() {
    var bench = Bench()
    bench.producer(1)
    bench.producer(2)
    for sequence in 1...4 as ClosedRange<UInt64> { bench.submit(sequence, "a") }
    bench.submit(5, "b", by: 2)
    bench.submit(6, "b", by: 2)
    _ = bench.said()
    bench.worker(1)
    var order: [UInt64] = []
    for _ in 0..<6 {
      guard let job = bench.said().last(where: { $0.contains(" job ") }) else { break }
      order.append(UInt64(job.split(separator: " ")[2])!)
      bench.answer(.result, order.last!, "r", by: 1)
    }
    #expect(order == [1, 5, 2, 6, 3, 4])
  }

  @Test func aTurnIsMeasuredInBytesAndWeighted() {
    var bench = Bench()
    bench.producer(1)
    bench.producer(2)
    // A large job costs as many turns as its bytes.
    let large = String(repeating: "x", count: 4 * 4_096)
    for sequence in 1...2 as ClosedRange<UInt64> { bench.submit(sequence, large) }
    for sequence in 11...18 as ClosedRange<UInt64> { bench.submit(sequence, "b", by: 2) }
    _ = bench.said()
    bench.worker(1)
    var order: [UInt64] = []
    for _ in 0..<10 {
      guard let job = bench.said().last(where: { $0.contains(" job ") }) else { break }
      order.append(UInt64(job.split(separator: " ")[2])!)
      bench.answer(.result, order.last!, "r", by: 1)
    }
    #expect(order.count == 10 && Set(order).count == 10)
    // By the time of the second large one, most of the small ones have gone.
    #expect(order.firstIndex(of: 2)! >= 7)
  }

  @Test func whatSomebodyWaitsForGoesFirstAndNothingStarves() {
    var bench = Bench()
    bench.producer(1, [["price"], ["simulate"]])
    for sequence in 1...3 as ClosedRange<UInt64> { bench.submit(sequence, "batch") }
    for sequence in 11...30 as ClosedRange<UInt64> { bench.submit(sequence, "ask", route: 1) }
    _ = bench.said()
    bench.worker(1, ["price", "simulate"])
    var order: [UInt64] = []
    for _ in 0..<23 {
      guard let job = bench.said().last(where: { $0.contains(" job ") }) else { break }
      order.append(UInt64(job.split(separator: " ")[2])!)
      bench.answer(.result, order.last!, "r", by: 1, service: order.last! < 10 ? 0 : 1)
    }
    // Seven that somebody waits for, then one of the others.
    #expect(order.firstIndex(of: 1) == 7 && order.firstIndex(of: 2) == 15)
    #expect(order.count == 23)
  }

  // MARK: Streams

  @Test func aLateSubscriberGetsTheWholeStateAndWhatFollowed() {
    var bench = Bench()
    bench.worker(1)
    bench.publish("cost", 7, "seven", whole: true)
    bench.publish("cost", 8, "8")
    bench.publish("cost", 9, "9")
    _ = bench.said()
    bench.subscribed("co")
    #expect(bench.said() == ["publish cost 7 seven", "publish cost 8 8", "publish cost 9 9"])
    bench.publish("cost", 9, "nine", whole: true)
    _ = bench.said()
    bench.subscribed("cost")
    #expect(bench.said() == ["publish cost 9 nine"])
  }

  @Test func aChangeWithoutItsStateIsNotKept() {
    var bench = Bench()
    bench.worker(1)
    _ = bench.said()
    bench.publish("cost", 4, "4")
    #expect(bench.said() == ["worker-1 snapshot", "publish cost 4 4"])
    bench.subscribed("cost")
    #expect(bench.said() == [])
  }

  @Test func headsAreToldOnceASecond() {
    var bench = Bench()
    bench.worker(1)
    bench.publish("cost", 1, "one", whole: true)
    _ = bench.said()
    bench.pass(2_000, alive: [PeerID(.worker, 1)])
    #expect(bench.said() == ["publish cost 1 head", "publish cost 1 head"])
  }
}
