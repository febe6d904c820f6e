// SPDX-License-Identifier: Apache-2.0

/// Who leaves, falls silent or lets a lease run out, and what becomes of their jobs.
extension BrokerMachine {
  mutating func endDrainIfIdle(_ worker: Worker, _ actions: inout [Action]) {
    guard worker.isDraining, worker.held.isEmpty, !worker.isGone else { return }
    worker.isGone = true
    workers[worker.id] = nil
    actions.append(.send(worker.id, Header(.bye), nil))
    actions.append(.note(.left(worker.id, name: worker.name)))
  }

  /// The router has no such peer any more.
  public mutating func unreachable(_ peer: PeerID, now: UInt64, _ actions: inout [Action]) {
    if let worker = workers[peer] { lose(worker, .unreachable, now, &actions) }
    if let producer = producers[peer] { drop(producer) }
  }

  /// The peer's queue is full: it takes nothing until it answers something.
  public mutating func full(_ peer: PeerID, _ header: Header) {
    guard let worker = workers[peer] else { return }
    worker.isFull = true
    worker.held.remove(header.job)
    if let job = jobs[header.job], job.worker === worker { job.leaseEnds = 0 }
  }

  mutating func lose(
    _ worker: Worker, _ reason: LossReason, _ now: UInt64, _ actions: inout [Action]
  ) {
    worker.isGone = true
    workers[worker.id] = nil
    // In the order of hand-out; each goes to the head, so the last one first keeps the order.
    let orphans = jobs.values.filter { $0.worker === worker }.sorted { $0.id > $1.id }
    for job in orphans {
      #if PLANTED_FAULTS
        if settings.fault == .brokerForgetsOrphans {
          release(job)
          continue
        }
      #endif
      release(job)
      requeue(job, from: worker, now, &actions)
    }
    actions.append(
      .note(.lost(worker.id, name: worker.name, requeued: orphans.count, reason: reason)))
  }

  /// A producer's journal resubmits what matters, so its queued jobs go; what runs may finish.
  mutating func drop(_ producer: Producer) {
    producer.isGone = true
    producers[producer.id] = nil
    for job in jobs.values where job.producer === producer && job.isQueued {
      release(job)
      forget(job)
    }
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
    }
    // In a fixed order, so that a run can be replayed.
    for peer in workers.keys.sorted() { actions.append(.send(peer, Header(.heartbeat), nil)) }
    for peer in producers.keys.sorted() { actions.append(.send(peer, Header(.heartbeat), nil)) }
    if now &- lastHeads >= 1_000_000_000 {
      lastHeads = now
      announceHeads(now, &actions)
    }
  }

  mutating func expirePeers(_ now: UInt64, _ actions: inout [Action]) {
    let liveness = UInt64(settings.livenessMilliseconds) * 1_000_000
    let silent = workers.values.filter { now &- $0.lastHeard > liveness }
    for worker in silent.sorted(by: { $0.id < $1.id }) { lose(worker, .silent, now, &actions) }
    for producer in producers.values where now &- producer.lastHeard > liveness {
      drop(producer)
    }
  }

  mutating func expireLeases(_ now: UInt64, _ actions: inout [Action]) {
    #if PLANTED_FAULTS
      if settings.fault == .brokerIgnoresLeases { return }
    #endif
    let expired = jobs.values.filter { $0.worker != nil && $0.leaseEnds < now }
    for job in expired.sorted(by: { $0.id < $1.id }) {
      guard let worker = job.worker else { continue }
      let header = Header(.cancel, service: job.service.number, job: job.id)
      actions.append(.send(worker.id, header, nil))
      release(job)
      requeue(job, from: worker, now, &actions)
    }
  }
}
