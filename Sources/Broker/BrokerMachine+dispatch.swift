// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Which worker gets which job.
///
/// Each producer has a queue of its own at each service, and producers take turns by deficit round robin
/// (Shreedhar and Varghese, "Efficient fair queuing using deficit round robin", SIGCOMM 1995, section 3):
/// a turn adds ``quantum`` times the weight, a job costs ``quantum`` and its bytes. A worker that has room
/// takes from its interactive services first; one job in ``batchShare`` is of another service, so that
/// nothing starves.
///
/// Special jobs stand beside the queues, since not every worker may have them: a job over which a worker
/// was lost goes alone to a worker that has nothing else, so that the next loss is certainly its own; a
/// job that must not go to a certain worker goes to another if there is one.
extension BrokerMachine {
  static var quantum: Int { 4_096 }
  static var batchShare: Int { 8 }

  // Not checked for exclusive access: the proof stands above `Worker`.
  final class Service {
    let name: String
    let rules: AccessTable.Service
    /// Producers that have jobs here, in the order of their turns.
    @exclusivity(unchecked) var turns: Deque<Flow> = []
    @exclusivity(unchecked) var special: [Job] = []
    @exclusivity(unchecked) var ready: Deque<Worker> = []
    @exclusivity(unchecked) var offering: [Worker] = []
    /// Routes of producers that lead here.
    @exclusivity(unchecked) var routes = 0
    @exclusivity(unchecked) var waiting = 0
    @exclusivity(unchecked) var inFlight = 0

    init(name: String, rules: AccessTable.Service) {
      self.name = name
      self.rules = rules
    }

    /// Whether anybody offers it whose answers count.
    var isOffered: Bool { offering.contains { !$0.isQuarantined } }
  }

  /// The jobs of one producer at one service.
  final class Flow {
    let quantum: Int
    @exclusivity(unchecked) var queue: Deque<Job> = []
    /// Entries of `queue` that are no longer queued: they hold no payload, and go when they are half.
    @exclusivity(unchecked) var stale = 0
    @exclusivity(unchecked) var deficit = 0
    @exclusivity(unchecked) var hasTurn = false

    init(weight: Int) { quantum = BrokerMachine.quantum * weight }

    /// The first job that still waits.
    func first() -> Job? {
      while let job = queue.first {
        if job.isQueued(in: self) { return job }
        queue.removeFirst()
        stale -= 1
      }
      return nil
    }

    /// A job in the middle is gone.
    func leftOne() {
      stale += 1
      guard stale > 16, 2 * stale > queue.count else { return }
      queue.removeAll { !$0.isQueued(in: self) }
      stale = 0
    }
  }

  // MARK: Queues

  mutating func enqueue(_ job: Job, _ now: UInt64, _ actions: inout [Action]) {
    let service = job.service
    job.state = .queued(since: now)
    service.waiting += 1
    if job.isSpecial {
      job.flow = nil
      service.special.append(job)
      return placeSpecial(service, now, &actions)
    }
    // The usual case: nobody waits and a worker has room.
    if service.turns.isEmpty, let worker = nextReady(service) {
      job.flow = nil
      return hand(job, to: worker, now, &actions)
    }
    let flow = flow(of: job)
    job.flow = flow
    flow.queue.append(job)
    takeTurn(flow, service)
    handOut(service, now, &actions)
  }

  /// A job comes back that nobody has tried: it is the first again.
  mutating func putBack(_ job: Job, _ now: UInt64, _ actions: inout [Action]) {
    let service = job.service
    if job.isSpecial { return enqueue(job, now, &actions) }
    job.state = .queued(since: now)
    service.waiting += 1
    let flow = flow(of: job)
    job.flow = flow
    flow.queue.prepend(job)
    takeTurn(flow, service)
    handOut(service, now, &actions)
  }

  private func takeTurn(_ flow: Flow, _ service: Service) {
    if flow.hasTurn { return }
    flow.hasTurn = true
    service.turns.append(flow)
  }

  private func flow(of job: Job) -> Flow {
    let producer = job.producer
    let route = Int(job.routeNumber)
    if let known = producer.flows[route][job.stage] { return known }
    let flow = Flow(weight: producer.weight)
    producer.flows[route][job.stage] = flow
    return flow
  }

  /// Takes a job from its queue or its worker; what it held there is free.
  mutating func release(_ job: Job) {
    switch job.state {
    case .queued:
      job.service.waiting -= 1
      job.state = .over
      if let flow = job.flow {
        job.flow = nil
        flow.leftOne()
        // Who waits for nothing has no turn; it may be gone altogether.
        if flow.first() == nil { endTurn(flow, job.service) }
      } else {
        job.service.special.removeAll { $0 === job }
        unsettled.append(job.service)
      }
    case .running(let worker, _):
      job.service.inFlight -= 1
      if worker.isSolo {
        worker.isSolo = false
        freed.append(worker)
      }
      job.state = .over
      if isPlanted(.brokerLeaksCredit) { return }
      worker.inFlight -= 1
    case .over:
      break
    }
  }

  /// The next job of a service, whose producer's turn it is.
  private func next(_ service: Service) -> (Job, Flow)? {
    var visited = 0
    while let flow = service.turns.first {
      guard let job = flow.first() else {
        service.turns.removeFirst()
        flow.hasTurn = false
        flow.deficit = 0
        continue
      }
      if flow.deficit >= job.cost || service.turns.count == 1 { return (job, flow) }
      // Once around, each gets what a turn gives; then as many turns as the cheapest job still needs.
      let turns = visited < service.turns.count ? 1 : Self.turnsNeeded(service)
      if turns == 1 {
        flow.deficit += flow.quantum
        if flow.deficit >= job.cost { return (job, flow) }
        service.turns.append(service.turns.removeFirst())
        visited += 1
      } else {
        for flow in service.turns { flow.deficit += (turns - 1) * flow.quantum }
        visited = 0
      }
    }
    return nil
  }

  private static func turnsNeeded(_ service: Service) -> Int {
    service.turns.lazy.compactMap { flow in
      flow.first().map { ($0.cost - flow.deficit + flow.quantum - 1) / flow.quantum }
    }.min() ?? 1
  }

  private func take(_ job: Job, from flow: Flow, _ service: Service) {
    flow.queue.removeFirst()
    job.flow = nil
    flow.deficit = max(0, flow.deficit - job.cost)
    guard let next = flow.first() else {
      service.turns.removeFirst()
      flow.hasTurn = false
      flow.deficit = 0
      return
    }
    // Its turn is over unless what is left pays for another job.
    if service.turns.count > 1 && flow.deficit < next.cost {
      service.turns.append(service.turns.removeFirst())
    }
  }

  private func endTurn(_ flow: Flow, _ service: Service) {
    guard flow.hasTurn else { return }
    service.turns.removeAll { $0 === flow }
    flow.hasTurn = false
    flow.deficit = 0
  }

  // MARK: Workers

  /// Gives queued jobs of a service to ready workers, each in turn.
  mutating func handOut(_ service: Service, _ now: UInt64, _ actions: inout [Action]) {
    while service.waiting > service.special.count, let (job, flow) = next(service) {
      guard let worker = nextReady(service) else { return }
      take(job, from: flow, service)
      hand(job, to: worker, now, &actions)
    }
  }

  /// Gives a worker that has room what its services have for it.
  mutating func serve(_ worker: Worker, _ now: UInt64, _ actions: inout [Action]) {
    for service in worker.services where !service.special.isEmpty {
      placeSpecial(service, now, &actions)
    }
    while worker.isReady, let service = choose(worker), let (job, flow) = next(service) {
      take(job, from: flow, service)
      hand(job, to: worker, now, &actions)
    }
    list(worker)
  }

  /// The service whose job the worker takes next.
  private func choose(_ worker: Worker) -> Service? {
    var batch: Service?
    var interactive: Service?
    for service in worker.services where service.waiting > service.special.count {
      if service.rules.isInteractive {
        interactive = interactive ?? service
      } else {
        batch = batch ?? service
      }
    }
    guard let interactive else { return batch }
    guard let batch else { return interactive }
    if isPlanted(.brokerStarvesBatch) { return interactive }
    return worker.streak + 1 < Self.batchShare ? interactive : batch
  }

  func nextReady(_ service: Service) -> Worker? {
    while let worker = service.ready.popFirst() {
      let index = worker.services.firstIndex { $0 === service } ?? 0
      worker.isListed[index] = false
      if worker.isReady { return worker }
    }
    return nil
  }

  mutating func hand(
    _ job: Job, to worker: Worker, _ now: UInt64, _ actions: inout [Action]
  ) {
    let service = job.service
    service.waiting -= 1
    service.inFlight += 1
    worker.inFlight += 1
    // It comes back to a worker that is still at it: one slot, not two.
    if !worker.takenAway.isEmpty { worker.takenAway[job.id] = nil }
    worker.streak = service.rules.isInteractive ? worker.streak + 1 : 0
    if job.needsSolo { worker.isSolo = true }
    job.state = .running(on: worker, leaseEnds: now &+ UInt64(job.leaseMilliseconds) &* 1_000_000)
    list(worker)
    let header = Header(
      .job, flags: job.attempt > 0 ? Header.redelivered : 0,
      attempt: UInt8(truncatingIfNeeded: min(255, job.attempt)),
      service: UInt16(worker.services.firstIndex { $0 === service } ?? 0), job: job.id,
      argument: Header.argument(job.leaseMilliseconds, worker: job.computedBy))
    if let payload = job.payload, let control = job.control, job.isAtLastStage,
      !isPlanted(.brokerForgetsControl)
    {
      actions.append(.sendWithControl(worker.id, header, payload, control))
    } else {
      actions.append(.send(worker.id, header, job.payload))
    }
  }

  func list(_ worker: Worker) {
    guard worker.isReady else { return }
    for index in worker.services.indices where !worker.isListed[index] {
      worker.isListed[index] = true
      worker.services[index].ready.append(worker)
    }
  }

  // MARK: Special jobs

  /// Gives special jobs to workers that may have them.
  mutating func placeSpecial(_ service: Service, _ now: UInt64, _ actions: inout [Action]) {
    for job in service.special {
      let usable = service.offering.filter { $0.isUsable }
      let others = usable.filter { !job.avoids($0) }
      let allowed = others.isEmpty ? usable : others
      if !job.needsSolo {
        guard let worker = allowed.first(where: { $0.isReady }) else { continue }
        service.special.removeAll { $0 === job }
        hand(job, to: worker, now, &actions)
      } else if let worker = allowed.first(where: { $0.used == 0 && !$0.isSolo }) {
        service.special.removeAll { $0 === job }
        worker.isClearing = false
        hand(job, to: worker, now, &actions)
      } else if !allowed.contains(where: { $0.isClearing }),
        let worker = allowed.min(by: { $0.used < $1.used })
      {
        worker.isClearing = true
      }
    }
    if !service.special.contains(where: { $0.needsSolo }) { endClearing(service, now, &actions) }
  }

  /// Call at the end of an event: a worker may have been kept empty for a job that is gone, or have got
  /// nothing beside one.
  mutating func settle(_ now: UInt64, _ actions: inout [Action]) {
    while let service = unsettled.popLast() { placeSpecial(service, now, &actions) }
    while let worker = freed.popLast() { serve(worker, now, &actions) }
  }

  /// Whoever was to be empty for a job that is gone takes part again.
  private mutating func endClearing(_ service: Service, _ now: UInt64, _ actions: inout [Action]) {
    for worker in service.offering where worker.isClearing {
      worker.isClearing = worker.services.contains { other in
        other.special.contains { $0.needsSolo }
      }
      if !worker.isClearing { serve(worker, now, &actions) }
    }
  }
}
