// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Determinism
import Testing

@testable import Broker

/// The broker's books after every event, whatever happens: by seed, with workers and producers that
/// do anything the protocol allows.
@Suite("Broker by seed")
struct BrokerInvariantTests {
  typealias Machine = BrokerMachine<String>

  /// A worker as the broker sees it: what it was given and has not answered.
  struct ScriptedWorker {
    var services: [String]
    var jobs: [Header] = []
    var isConnected = true
  }

  /// A producer: what it submitted, and what has ended.
  struct ScriptedProducer {
    var outstanding: Set<JobID> = []
    var isConnected = true
  }

  struct World: ~Copyable {
    var machine: Machine
    var random: SplitMix64
    var now: UInt64 = 1_000_000_000
    var workers: [PeerID: ScriptedWorker] = [:]
    var producers: [PeerID: ScriptedProducer] = [:]
    var ended: [JobID: Int] = [:]
    var bytes: [JobID: Int] = [:]
    var nextWorker: UInt32 = 0
    var nextProducer: UInt32 = 0
    var nextJob: UInt64 = 0
    static let routes = [["price"], ["price", "ledger"], ["simulate"]]
    static let offers = [["price"], ["ledger"], ["price", "ledger"], ["simulate", "price"]]

    init(seed: UInt64) {
      random = SplitMix64(seed: seed)
      var settings = Machine.Settings(access: BrokerMachineTests.Bench.access)
      settings.heartbeatMilliseconds = 100
      settings.livenessMilliseconds = 500
      settings.leaseMilliseconds = 700
      settings.attemptsMax = 4
      settings.jobsMax = 12
      settings.bytesMax = 8 * 520
      machine = Machine(settings: settings, release: "t", identity: 7, now: now)
    }

    mutating func pick<Key: Comparable, Value>(_ values: [Key: Value]) -> Key? {
      let keys = values.keys.sorted()
      return keys.isEmpty ? nil : keys[Int(random.below(UInt64(keys.count)))]
    }

    /// Notes what the broker says.
    mutating func take(_ actions: [Machine.Action]) {
      for action in actions {
        switch action {
        case .send(let peer, let header, _), .sendWithControl(let peer, let header, _, _):
          if peer.side == .worker {
            if header.command == .job {
              // As WorkerMachine does: one that comes again while it runs is run once.
              workers[peer]?.jobs.removeAll { $0.job == header.job }
              workers[peer]?.jobs.append(header)
            }
            if header.command == .bye { workers[peer] = nil }
          } else if [.result, .commit, .fail].contains(header.command),
            header.flags & Header.retryable == 0
          {
            ended[header.job, default: 0] += 1
            producers[peer]?.outstanding.remove(header.job)
          } else if header.command == .fail {
            // No room: as if it had never been submitted.
            producers[peer]?.outstanding.remove(header.job)
          } else if header.command == .bye {
            producers[peer] = nil
          }
        case .welcome, .refuse, .status, .publish, .note: break
        }
      }
    }

    mutating func receive(_ header: Header, _ payload: String? = nil, _ peer: PeerID) {
      var actions: [Machine.Action] = []
      machine.received(
        header, payload, bytes: payload?.utf8.count ?? 0, from: peer, now: now, &actions)
      take(actions)
    }

    mutating func joinWorker() {
      let peer = PeerID(.worker, nextWorker)
      nextWorker += 1
      let services = Self.offers[Int(random.below(4))]
      workers[peer] = ScriptedWorker(services: services)
      var actions: [Machine.Action] = []
      machine.greeted(
        Hello(
          role: .worker, name: "w\(peer.number % 3)", process: 1, release: "t", services: services,
          instance: .init(low: UInt64(peer.number), high: 2)),
        by: peer, now: now, &actions)
      take(actions)
      receive(Header(.ready, argument: 1 + random.below(3)), nil, peer)
    }

    mutating func joinProducer() {
      let peer = PeerID(.client, nextProducer)
      nextProducer += 1
      producers[peer] = ScriptedProducer()
      var actions: [Machine.Action] = []
      machine.greeted(
        Hello(
          role: .client, name: "p", process: 1, release: "t", routes: Self.routes,
          instance: .init(low: UInt64(peer.number), high: 1)),
        by: peer, now: now, &actions)
      take(actions)
    }

    mutating func submit() {
      guard let peer = pick(producers) else { return joinProducer() }
      nextJob += 1
      let id = JobID(epoch: UInt64(peer.number) + 1, sequence: nextJob)
      let payload = String(repeating: "x", count: Int(random.below(60)))
      producers[peer]?.outstanding.insert(id)
      receive(
        Header(
          .job, flags: random.below(4) == 0 ? 0 : Header.waits, service: UInt16(random.below(3)),
          job: id, argument: random.below(2) * 300), payload, peer)
    }

    /// A worker answers one of its jobs, in the number of the service under which it came.
    mutating func answer(_ peer: PeerID, isCalm: Bool = false) {
      guard let worker = workers[peer], !worker.jobs.isEmpty else { return }
      let place = Int(random.below(UInt64(worker.jobs.count)))
      let job = worker.jobs[place]
      var header = Header(
        .result, attempt: job.attempt, service: job.service, job: job.job)
      let commits = worker.services[Int(job.service)] == "ledger"
      if commits { header.command = .commit }
      switch isCalm ? 0 : random.below(8) {
      case 0...4: break
      case 5: header.command = commits ? .result : .commit  // Neither may say that.
      case 6:
        header.command = .fail
        header.flags = Header.retryable
        header.argument = UInt64(FailureCode.unavailable.rawValue)
      default:
        header.command = .fail
        header.argument = UInt64(FailureCode.rejected.rawValue)
      }
      workers[peer]?.jobs.remove(at: place)
      receive(header, "r", peer)
    }

    mutating func tick(alive: Bool) {
      now += 100_000_000
      for peer in workers.keys.sorted() where alive || random.below(5) > 0 {
        receive(Header(.heartbeat), nil, peer)
      }
      for peer in producers.keys.sorted() where alive || random.below(8) > 0 {
        receive(Header(.heartbeat), nil, peer)
      }
      var actions: [Machine.Action] = []
      machine.tick(now: now, &actions)
      take(actions)
      // Whom the broker has lost is gone here too.
      for peer in workers.keys where machine.workers[peer] == nil { workers[peer] = nil }
      for peer in producers.keys where machine.producers[peer] == nil { producers[peer] = nil }
    }

    mutating func leave(_ peer: PeerID) {
      var actions: [Machine.Action] = []
      machine.unreachable(peer, now: now, &actions)
      take(actions)
      workers[peer] = nil
      producers[peer] = nil
    }

    mutating func step() {
      switch random.below(40) {
      case 0...1: joinWorker()
      case 2: joinProducer()
      case 3...15: submit()
      case 16...29: if let peer = pick(workers) { answer(peer) }
      case 30...34: tick(alive: false)
      case 35: if let peer = pick(workers) { leave(peer) }
      case 36: if random.below(4) == 0, let peer = pick(producers) { leave(peer) }
      case 37: if let peer = pick(workers) { receive(Header(.bye), nil, peer) }
      case 38:
        guard let peer = pick(producers),
          let id = producers[peer]?.outstanding.sorted().first
        else { return }
        producers[peer]?.outstanding.remove(id)
        receive(Header(.cancel, job: id), nil, peer)
      default:
        guard let peer = pick(workers), let job = workers[peer]?.jobs.first else { return }
        receive(Header(.progress, service: job.service, job: job.job, argument: 5), nil, peer)
      }
    }

    /// What must hold between any two events; empty when it does.
    func broken() -> [String] {
      var problems: [String] = []
      for job in machine.jobs.values {
        let isQueued = if case .queued = job.state { true } else { false }
        if isQueued {
          let special = job.service.special.count { $0 === job }
          let queued = job.flow?.queue.count { $0 === job } ?? 0
          if special + queued != 1 {
            problems.append("\(job.id) stands \(special) + \(queued) times in its queue")
          }
        }
        if case .running(let worker, _) = job.state {
          if machine.workers[worker.id] !== worker { problems.append("\(job.id) is at nobody") }
        }
        if case .over = job.state { problems.append("\(job.id) is over and still there") }
        if job.payload == nil { problems.append("\(job.id) has lost its payload") }
        if job.attempt >= machine.settings.attemptsMax {
          problems.append("\(job.id) has \(job.attempt) attempts")
        }
      }
      for service in machine.services.values {
        let own = machine.jobs.values.filter { $0.service === service }
        let running = own.count { if case .running = $0.state { true } else { false } }
        if service.inFlight != running || service.waiting != own.count - running {
          problems.append(
            "\(service.name): \(service.inFlight) in flight are \(running), \(service.waiting) waiting are "
              + "\(own.count - running)")
        }
        let idle = machine.workers.values.filter { worker in
          worker.isReady && worker.services.contains { $0 === service }
        }
        if service.waiting > service.special.count, let worker = idle.first {
          problems.append("\(service.name) waits while \(worker.id) is idle")
        }
        for worker in idle where service.ready.count(where: { $0 === worker }) != 1 {
          problems.append("\(worker.id) is not listed once at \(service.name)")
        }
        for flow in service.turns where flow.queue.count > 2 * (flow.queue.count - flow.stale) + 17
        {
          problems.append("\(service.name) keeps \(flow.stale) entries that are over")
        }
        if service.turns.count(where: { !$0.hasTurn }) > 0 { problems.append("a turn of nobody") }
      }
      if machine.jobBytes != machine.jobs.values.reduce(0, { $0 + $1.bytes }) {
        problems.append("\(machine.jobBytes) bytes of jobs")
      }
      for (peer, producer) in machine.producers {
        let own = machine.jobs.values.filter { $0.producer === producer }
        if producer.jobs != own.count { problems.append("\(peer): \(producer.jobs) jobs") }
        if producer.bytes != own.reduce(0, { $0 + $1.bytes }) {
          problems.append("\(peer): \(producer.bytes) bytes")
        }
        if producer.jobs > machine.settings.jobsMax
          || producer.bytes > machine.settings.bytesMax && producer.jobs > 1
        {
          problems.append("\(peer) has more than its credit")
        }
      }
      for (peer, worker) in machine.workers {
        if worker.used > worker.granted {
          problems.append("\(peer) has \(worker.used) of \(worker.granted)")
        }
        let running = machine.jobs.values.filter { $0.isRunning(on: worker) }
        if worker.inFlight != running.count { problems.append("\(peer) runs \(running.count)") }
        if running.contains(where: \.needsSolo) && running.count > 1 {
          problems.append("\(peer) has a job beside one that goes alone")
        }
      }
      for (id, count) in ended where count > 1 { problems.append("\(id) ended \(count) times") }
      return problems
    }
  }

  @Test("Anything in any order", arguments: 0..<150 as Range<UInt64>)
  func invariants(_ seed: UInt64) {
    var world = World(seed: seed)
    world.joinProducer()
    world.joinWorker()
    for step in 0..<400 {
      world.step()
      let broken = world.broken()
      #expect(broken.isEmpty, "seed \(seed), event \(step): \(broken)")
      if !broken.isEmpty { return }
    }
    let status = world.machine.status(now: world.now)
    let held = world.machine.producers.values.reduce(0) { $0 + $1.bytes }
    #expect(status.heldBytes == held, "seed \(seed)")

    // Now there are workers for everything, nobody leaves, and all of it comes to an end.
    for _ in 0..<10 { world.joinWorker() }
    for services in World.offers { world.join(services) }
    for _ in 0..<300 where !world.machine.jobs.isEmpty {
      for peer in world.workers.keys.sorted() { world.answer(peer, isCalm: true) }
      world.tick(alive: true)
    }
    #expect(world.machine.jobs.isEmpty, "seed \(seed)")
    #expect(world.broken().isEmpty, "seed \(seed)")
    for (peer, producer) in world.producers {
      #expect(producer.outstanding.isEmpty, "seed \(seed): \(peer) waits for ever")
    }
    let last = world.machine.status(now: world.now)
    #expect(last.heldBytes == 0 && last.queues.allSatisfy { $0.queued == 0 && $0.inFlight == 0 })
  }

  @Test("The same seed is the same run", arguments: [1, 2, 3] as [UInt64])
  func replay(_ seed: UInt64) {
    func run() -> [Int] {
      var world = World(seed: seed)
      for _ in 0..<500 { world.step() }
      let status = world.machine.status(now: world.now)
      return [
        Int(status.finished), Int(status.requeued), Int(status.deadLetters),
        Int(status.duplicates), world.machine.jobs.count,
      ]
    }
    let first = run()
    #expect(first == run() && first[0] > 0 && first[1] > 0, "seed \(seed): \(first)")
  }
}

extension BrokerInvariantTests.World {
  mutating func join(_ services: [String]) {
    let peer = PeerID(.worker, nextWorker)
    nextWorker += 1
    workers[peer] = .init(services: services)
    var actions: [BrokerMachine<String>.Action] = []
    machine.greeted(
      Hello(
        role: .worker, name: "z", process: 1, release: "t", services: services,
        instance: .init(low: UInt64(peer.number), high: 2)), by: peer, now: now, &actions)
    take(actions)
    receive(Header(.ready, argument: 4), nil, peer)
  }
}
