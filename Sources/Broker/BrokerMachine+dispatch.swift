// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Which worker gets which job: a queue and a ring of ready workers for each service.
extension BrokerMachine {
  // Not checked for exclusive access: the proof stands above `Worker`.
  final class Service {
    let number: UInt16
    let name: String
    @exclusivity(unchecked) var queue: Deque<Job> = []
    @exclusivity(unchecked) var ready: Deque<Worker> = []
    @exclusivity(unchecked) var inFlight = 0

    init(number: UInt16, name: String) {
      self.number = number
      self.name = name
    }
  }

  mutating func enqueue(
    _ job: Job, first: Bool, _ now: UInt64, _ actions: inout [Action]
  ) {
    let service = job.service
    job.isQueued = true
    job.queuedAt = now
    if first { service.queue.prepend(job) } else { service.queue.append(job) }
    handOut(service, now, &actions)
  }

  /// Gives queued jobs to ready workers, each in turn.
  mutating func handOut(
    _ service: Service, _ now: UInt64, _ actions: inout [Action]
  ) {
    while let job = service.queue.first {
      guard job.isQueued, job.service === service, jobs[job.id] === job else {
        service.queue.removeFirst()  // Cancelled, or finished by a late result.
        continue
      }
      guard let worker = nextReady(service, avoiding: job.tried.last) else { return }
      service.queue.removeFirst()
      hand(job, to: worker, service, now, &actions)
    }
  }

  func nextReady(_ service: Service, avoiding name: String?) -> Worker? {
    // A requeued job should go elsewhere if there is an elsewhere: look once around.
    var turns = service.ready.count
    while let worker = service.ready.popFirst() {
      let index = worker.services.firstIndex { $0 === service } ?? 0
      worker.isListed[index] = false
      guard worker.isReady else { continue }
      turns -= 1
      if worker.name == name && turns > 0 {
        service.ready.append(worker)
        worker.isListed[index] = true
        continue
      }
      return worker
    }
    return nil
  }

  mutating func hand(
    _ job: Job, to worker: Worker, _ service: Service, _ now: UInt64, _ actions: inout [Action]
  ) {
    worker.held.insert(job.id)
    service.inFlight += 1
    list(worker, at: service)
    job.isQueued = false
    job.worker = worker
    job.leaseEnds = now &+ job.leaseMilliseconds &* 1_000_000
    let header = Header(
      .job, flags: job.attempt > 0 ? Header.redelivered : 0, attempt: UInt8(job.attempt),
      service: service.number, job: job.id, argument: job.leaseMilliseconds)
    actions.append(.send(worker.id, header, job.payload))
  }

  func list(_ worker: Worker) {
    for service in worker.services { list(worker, at: service) }
  }

  func list(_ worker: Worker, at service: Service) {
    guard let index = worker.services.firstIndex(where: { $0 === service }),
      !worker.isListed[index], worker.isReady
    else { return }
    worker.isListed[index] = true
    service.ready.append(worker)
  }
}
