// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Who leaves, falls silent or lets a lease run out, and what becomes of their jobs.
extension BrokerMachine {
  mutating func endDrainIfIdle(_ worker: Worker, _ actions: inout [Action]) {
    guard worker.isDraining, worker.used == 0, !worker.isGone else { return }
    remove(worker, &actions)
    actions.append(.send(worker.id, Header(.bye), nil))
    actions.append(.note(.left(worker.id, name: worker.name)))
    for service in worker.services { tellUnserved(service, &actions) }
    unsettled += worker.services
  }

  /// The router has no such peer any more.
  public mutating func unreachable(_ peer: PeerID, now: UInt64, _ actions: inout [Action]) {
    if let worker = workers[peer] { lose(worker, .unreachable, now, &actions) }
    if let producer = producers[peer] { drop(producer, &actions) }
    settle(now, &actions)
  }

  /// The peer's queue is full and did not take the message: a worker takes nothing until it says
  /// something, and its job goes to another.
  public mutating func full(
    _ peer: PeerID, _ header: Header, now: UInt64, _ actions: inout [Action]
  ) {
    guard let worker = workers[peer] else { return }
    worker.isFull = true
    guard header.command == .job, let job = jobs[header.job], job.isRunning(on: worker) else {
      return
    }
    release(job)
    putBack(job, now, &actions)
  }

  /// Whoever was on this connection is somebody else now.
  mutating func forget(_ peer: PeerID, _ now: UInt64, _ actions: inout [Action]) {
    if let worker = workers[peer] { lose(worker, .replaced, now, &actions) }
    if let producer = producers[peer] { drop(producer, &actions) }
  }

  mutating func lose(
    _ worker: Worker, _ reason: LossReason, _ now: UInt64, _ actions: inout [Action]
  ) {
    let orphans = running(on: worker)
    remove(worker, &actions)
    for job in orphans {
      if isPlanted(.brokerForgetsOrphans) {
        release(job)
        continue
      }
      // A process that greets as another has not died over anything.
      requeue(job, from: worker, blaming: reason != .replaced, now, &actions)
    }
    actions.append(
      .note(.lost(worker.id, name: worker.name, requeued: orphans.count, reason: reason)))
    for service in worker.services {
      tellUnserved(service, &actions)
      placeSpecial(service, now, &actions)
    }
  }

  /// In the order of their ids, so that a run can be replayed.
  private func running(on worker: Worker) -> [Job] {
    guard worker.inFlight > 0 else { return [] }
    return jobs.values.filter { $0.isRunning(on: worker) }.sorted { $0.id < $1.id }
  }

  /// Takes what a worker has, which may still answer, and none of which is its fault.
  mutating func takeAllBack(_ worker: Worker, _ now: UInt64, _ actions: inout [Action]) {
    for job in running(on: worker) {
      release(job)
      job.had.append((worker.instance, worker.name))
      requeued += 1
      putBack(job, now, &actions)
    }
    worker.takenAway = [:]
  }

  private mutating func remove(_ worker: Worker, _ actions: inout [Action]) {
    worker.isGone = true
    workers[worker.id] = nil
    disconnected(worker.id, worker.hello.role)
    for service in worker.services {
      service.offering.removeAll { $0 === worker }
      service.ready.removeAll { $0 === worker }
      releaseIfUnused(service)
    }
    dropTopics(of: worker.id)
  }

  /// The last worker of a service is gone: whoever asked, and did not say that it waits, is told.
  mutating func tellUnserved(_ service: Service, _ actions: inout [Action]) {
    guard !service.isOffered, service.waiting > 0 else { return }
    let waiting = jobs.values.filter { $0.service === service && !$0.waits && $0.attempt == 0 }
    for job in waiting.sorted(by: { $0.id < $1.id }) {
      guard case .queued = job.state, job.had.isEmpty else { continue }
      let header = Header(.job, service: job.routeNumber, job: job.name)
      fail(header, to: job.producer, .unserved, &actions)
      release(job)
      forget(job)
    }
  }

  /// A producer sends again what matters, so its queued jobs go; what runs may end for nobody.
  mutating func drop(_ producer: Producer, _ actions: inout [Action]) {
    producer.isGone = true
    producers[producer.id] = nil
    disconnected(producer.id, producer.hello.role)
    unreadBytes -= producer.unreadBytes
    producer.unread = []
    producer.unreadBytes = 0
    if producer.jobs > 0 && !isPlanted(.brokerKeepsVanished) {
      let own = jobs.values.filter { $0.producer === producer }
      for job in own.sorted(by: { $0.id < $1.id }) { abandon(job, &actions, telling: false) }
    }
    for service in producer.routes.joined() { service.routes -= 1 }
    for service in producer.routes.joined() { releaseIfUnused(service) }
  }

  /// Call at every heartbeat interval.
  public mutating func tick(now: UInt64, _ actions: inout [Action]) {
    let interval = UInt64(settings.heartbeatMilliseconds) * 1_000_000
    // If we were late ourselves (stopped, swapped out), their messages are still in our queue:
    // silence proves nothing yet.
    let wasLate = now &- lastTick > 2 &* interval
    lastTick = now
    if !wasLate {
      expirePeers(now, &actions)
      expireLeases(now, &actions)
      settle(now, &actions)
    }
    // In a fixed order, so that a run can be replayed.
    for peer in workers.keys.sorted() { actions.append(.send(peer, Header(.heartbeat), nil)) }
    for peer in producers.keys.sorted() {
      if let producer = producers[peer] { unreadBytes += countSent(0, to: producer) }
      actions.append(.send(peer, Header(.heartbeat), nil))
    }
    replayForJoiners(&actions)
    if now &- lastHeads >= 1_000_000_000 {
      lastHeads = now
      announceHeads(now, &actions)
    }
  }

  mutating func expirePeers(_ now: UInt64, _ actions: inout [Action]) {
    let liveness = UInt64(settings.livenessMilliseconds) * 1_000_000
    let silent = workers.values.filter { now &- $0.lastHeard > liveness }
    for worker in silent.sorted(by: { $0.id < $1.id }) { lose(worker, .silent, now, &actions) }
    let vanished = producers.values.filter { now &- $0.lastHeard > liveness }
    for producer in vanished.sorted(by: { $0.id < $1.id }) { drop(producer, &actions) }
  }

  mutating func expireLeases(_ now: UInt64, _ actions: inout [Action]) {
    if isPlanted(.brokerIgnoresLeases) { return }
    let expired = jobs.values.filter {
      if case .running(_, let ends) = $0.state { ends < now } else { false }
    }
    for job in expired.sorted(by: { $0.id < $1.id }) {
      guard case .running(let worker, _) = job.state else { continue }
      worker.takenAway[job.id] = .max
      cancel(job, at: worker, &actions)
      requeue(job, from: worker, blaming: false, now, &actions)
    }
    for worker in workers.values.sorted(by: { $0.id < $1.id }) where !worker.takenAway.isEmpty {
      for (id, ends) in worker.takenAway.sorted(by: { $0.key < $1.key }) where ends < now {
        worker.takenAway[id] = .max
        actions.append(.send(worker.id, Header(.cancel, job: id), nil))
      }
    }
  }
}
