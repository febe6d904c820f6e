// SPDX-License-Identifier: Apache-2.0

@testable import Broker

/// Somebody who asks: workers for sums, the ledger for what it holds.
struct Asker {
  let number: Int
  /// What was asked and not answered, by the number of the question.
  var open: [UInt64: UInt64] = [:]
  var next: UInt64 = 0
  var machine: MachineBox?

  /// The first never has enough: as long as it runs, eleven of its questions are open.
  var isGreedy: Bool { number == 0 }

  final class MachineBox {
    var value: ProducerMachine<SimulatedCluster.Payload>
    init(_ value: consuming ProducerMachine<SimulatedCluster.Payload>) { self.value = value }
  }
}

/// Questions, whoever makes trouble, and what must be true of the broker after every event.
extension SimulatedCluster {
  /// Questions of an asker that is not greedy, in a life.
  private static let questions: UInt64 = 12

  func startAsker(_ index: Int, _ instance: Instance) {
    var machine = ProducerMachine<Payload>(
      Hello(
        role: .client, name: "asker-\(index)", process: 1, release: "sim",
        routes: [["ask"], ["query"]], instance: instance), now: now)
    machine.resendInterval = .max
    machine.fault = fault
    askers[index].machine = .init(machine)
    askers[index].open = [:]
    schedule(random.time(10...300), .ask(index, life: processes[.asker(index)]?.life ?? 0))
  }

  func ask(_ index: Int, _ life: Int) {
    guard isAlive(.asker(index), life) else { return }
    if waitsFrozen(.asker(index), .ask(index, life: life)) { return }
    let asker = askers[index]
    if asker.isGreedy {
      guard weather.isGreedy else { return }
      while askers[index].open.count < 11 { submit(index) }
      return schedule(random.time(200...600), .ask(index, life: life))
    }
    // The others ask now and then, and change their minds now and then.
    if !isHealing && asker.next < Self.questions * UInt64(life) { submit(index) }
    if !isHealing, random.chance(0.1), let number = asker.open.keys.sorted().first {
      askers[index].open[number] = nil
      var actions: [ProducerMachine<Payload>.Action] = []
      askers[index].machine?.value.cancel(JobID(epoch: 1, sequence: number), &actions)
      perform(actions, index)
    }
    schedule(random.time(20...250), .ask(index, life: life))
  }

  /// Ids are those that ingest uses too: whose they are must not matter.
  private func submit(_ index: Int) {
    askers[index].next += 1
    let number = askers[index].next
    let kills = !askers[index].isGreedy && !isHealing && random.chance(weather.poison)
    askers[index].open[number] = now
    let payload = Payload.question(asker: index, number, kills: kills)
    let route = !kills && !askers[index].isGreedy && random.chance(0.4) ? 1 : 0
    var actions: [ProducerMachine<Payload>.Action] = []
    askers[index].machine?.value.submit(
      JobID(epoch: 1, sequence: number), .init(route: route, payload, bytes: payload.bytes),
      &actions)
    perform(actions, index)
  }

  func tickAsker(_ index: Int) {
    var actions: [ProducerMachine<Payload>.Action] = []
    askers[index].machine?.value.tick(now: now, &actions)
    perform(actions, index)
    guard isHealing, let oldest = askers[index].open.values.min() else { return }
    if !askers[index].isGreedy && now - oldest > 20_000_000_000 {
      fail("I13: asker \(index) waits for 20 s: \(describe())")
    }
  }

  func toAsker(_ index: Int, _ wire: Wire) {
    var actions: [ProducerMachine<Payload>.Action] = []
    if case .welcome(let welcome)? = wire.payload {
      // The broker may have forgotten it, and its jobs come anew.
      deaths = deaths.filter { Int($0.key >> 48) != index }
      askers[index].machine?.value.welcomed(welcome, now: now, &actions)
    } else {
      askers[index].machine?.value.received(
        wire.header, wire.payload, bytes: wire.payload?.bytes ?? 0, now: now, &actions)
    }
    perform(actions, index)
  }

  private func perform(_ actions: [ProducerMachine<Payload>.Action], _ index: Int) {
    for action in actions {
      switch action {
      case .hello(let hello):
        send(Wire(header: Header(.hello), payload: .hello(hello)), from: .asker(index), .client)
      case .send(let header, let payload):
        send(Wire(header: header, payload: payload), from: .asker(index), .client)
      case .sendWithControl(let header, let payload, let control):
        send(
          Wire(header: header, payload: payload, control: control), from: .asker(index), .client)
      case .ended(let id, let outcome, _): ended(index, id.sequence, outcome)
      case .progress, .connection, .unserved: break
      }
    }
  }

  private func ended(
    _ index: Int, _ number: UInt64, _ outcome: ProducerMachine<Payload>.Outcome
  ) {
    askers[index].open[number] = nil
    switch outcome {
    case .result(.answer(asker: index, number)?): break
    case .result(let other): fail("A10: asker \(index) was told \(String(describing: other))")
    case .committed: fail("A4: a question was committed")
    case .failed: break
    }
    // The next at once, so that its queue is never empty.
    if askers[index].isGreedy { submit(index) }
  }

  private func key(_ asker: Int, _ number: UInt64) -> UInt64 {
    UInt64(asker) << 48 | UInt64(processes[.asker(asker)]?.life ?? 0) << 32 | number
  }

  func countDeath(_ asker: Int, _ number: UInt64) {
    deaths[key(asker, number), default: 0] += 1
    // Two, and those that had it in their queues when its lease ran out.
    if deaths[key(asker, number)] == 5 { fail("A2: question \(number) killed five workers") }
  }

  // MARK: Whoever makes trouble

  func misbehave(_ node: Node, _ life: Int) {
    guard isAlive(node, life) else { return }
    if isHealing { return crash(node, restartAfter: 0) }
    schedule(random.time(60...200), .misbehave(node, life: life))
    let instance = processes[node]?.instance ?? .init(low: 0, high: 0)
    switch node {
    case .impostor:
      send(
        Wire(header: Header(.hello), payload: .hello(Self.ledgerHello("impostor", instance))),
        from: node, .worker)
    default:
      let hello = Hello(
        role: .worker, name: "rogue", process: 1, release: "sim", services: ["price", "ask"],
        instance: instance)
      send(Wire(header: Header(.hello), payload: .hello(hello)), from: node, .worker)
      send(Wire(header: Header(.ready, argument: 1)), from: node, .worker)
      // Results of jobs that its earlier lives were given.
      if let id = seenByRogue.randomElement(&random), !givenToRogue.contains(id) {
        send(
          Wire(header: Header(.result, job: id), payload: .forged(1)), from: node, .worker)
      }
      if random.chance(0.1) {
        seenByRogue = (seenByRogue + givenToRogue).suffix(20)
        givenToRogue = []
        crash(node, restartAfter: random.time(20...200))
      }
    }
  }

  /// A result from a worker that is at the job, or was, is not a stranger's.
  func isKnownToRogue(_ job: JobID) -> Bool {
    guard let instance = processes[.rogue]?.instance, let job = broker.jobs[job] else {
      return false
    }
    if job.had.contains(where: { $0.instance == instance }) { return true }
    if case .running(let worker, _) = job.state { return worker.instance == instance }
    return false
  }

  func toTroublemaker(_ node: Node, _ wire: Wire) {
    guard wire.header.command == .job else { return }
    if node == .rogue { givenToRogue.append(wire.header.job) }
    // A COMMIT where nothing commits; or, where it would, an honest failure.
    let header =
      node == .rogue && random.chance(weather.rogue)
      ? Header(.commit, service: wire.header.service, job: wire.header.job)
      : Header(
        .fail, flags: Header.retryable, service: wire.header.service, job: wire.header.job,
        argument: UInt64(FailureCode.unavailable.rawValue))
    send(Wire(header: header), from: node, .worker)
    // Who has the role by right must get it again.
    if node == .impostor { crash(node, restartAfter: random.time(200...900)) }
  }

  // MARK: The broker after every event

  /// For people who look for a mistake.
  func describe() -> String {
    let jobs = broker.jobs.values.map { job in
      let state =
        switch job.state {
        case .queued: "queued"
        case .running(let worker, _): "on \(worker.name)"
        case .over: "over"
        }
      return
        "\(job.producer.name) \(job.name.sequence) \(job.service.name) \(state) losses \(job.losses) "
        + "attempt \(job.attempt) solo \(job.needsSolo)"
    }
    let workers = broker.workers.values.map {
      "\($0.name) \($0.inFlight)+\($0.takenAway.count)/\($0.granted) clearing \($0.isClearing) "
        + "solo \($0.isSolo) full \($0.isFull)"
    }
    return (jobs + workers).joined(separator: "; ")
  }

  func checkBroker() {
    guard violations.isEmpty, events % 4 == 0 else { return }
    let jobs = broker.jobs.values
    let entries = broker.topics.values.reduce(0) {
      $0 + ($1.snapshot == nil ? 0 : 1) + $1.changes.count
    }
    let overhead = BrokerMachine<Held>.Settings.overhead
    let counted = broker.jobBytes + broker.topicBytes - overhead * (jobs.count + entries)
    if meter.live != counted {
      fail("I9: the broker holds \(meter.live) bytes and counts \(counted)")
    }
    for job in jobs where job.losses > 0 {
      if case .running(let worker, _) = job.state, worker.inFlight > 1 {
        fail("A2: \(job.name), over which a worker was lost, is not alone on \(worker.name)")
      }
    }
    for job in jobs where broker.producers[job.producer.id] !== job.producer {
      fail("A5: job \(job.name) belongs to a producer that is gone")
    }
    for (name, topic) in broker.topics {
      if broker.workers[topic.publisher] == nil { fail("A5: topic \(name) has no publisher") }
      if topic.bytes > broker.settings.topicBytesMax {
        fail("B4: topic \(name) has \(topic.bytes) bytes")
      }
    }
    for producer in broker.producers.values
    where producer.bytes > broker.settings.bytesMax + 24 * 16 && producer.jobs > 1 {
      fail("B4: \(producer.name) has \(producer.bytes) bytes")
    }
    let owners = Set(
      broker.workers.values.filter { $0.hello.role == Self.ledgerRole }.map(\.instance))
    if owners.count > 1 { fail("A4: two processes have the role of the ledger") }
  }
}
