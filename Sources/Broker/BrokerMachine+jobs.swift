// SPDX-License-Identifier: Apache-2.0

/// The life of a job, from its submission to its answer.
extension BrokerMachine {
  // Not checked for exclusive access: the proof stands above `Worker`.
  final class Job {
    let id: JobID
    let route: [Service]
    let routeNumber: UInt16
    let leaseMilliseconds: UInt64
    let bytes: Int
    @exclusivity(unchecked) var producer: Producer
    @exclusivity(unchecked) var payload: Payload
    @exclusivity(unchecked) var stage = 0
    @exclusivity(unchecked) var attempt = 0
    @exclusivity(unchecked) var worker: Worker?
    @exclusivity(unchecked) var isQueued = false
    @exclusivity(unchecked) var leaseEnds: UInt64 = 0
    @exclusivity(unchecked) var queuedAt: UInt64
    @exclusivity(unchecked) var tried: [String] = []

    init(
      id: JobID, producer: Producer, routeNumber: UInt16, payload: Payload, bytes: Int,
      leaseMilliseconds: UInt64, now: UInt64
    ) {
      self.id = id
      self.producer = producer
      self.routeNumber = routeNumber
      route = producer.routes[Int(routeNumber)]
      self.payload = payload
      self.bytes = bytes
      self.leaseMilliseconds = leaseMilliseconds
      queuedAt = now
    }

    var service: Service { route[stage] }
  }

  mutating func submitted(
    _ header: Header, _ payload: Payload, _ bytes: Int, _ producer: Producer, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    guard Int(header.service) < producer.routes.count,
      let first = producer.routes[Int(header.service)].first
    else { return refuse(producer.id, .malformed, &actions) }
    if first.name == Self.statusService {
      var answer = Header(.result, service: header.service, job: header.job)
      answer.argument = 0
      actions.append(.status(producer.id, answer, status(now: now)))
      return
    }
    if let known = jobs[header.job] {
      // Resubmitted after the producer lost us: the job is already on its way, only its owner's
      // address is new.
      guard known.producer !== producer else { return }
      #if PLANTED_FAULTS
        if settings.fault == .brokerKeepsOldOwner { return }
      #endif
      known.producer.jobs -= 1
      known.producer.bytes -= known.bytes
      known.producer = producer
      producer.jobs += 1
      producer.bytes += known.bytes
      return
    }
    guard producer.jobs < settings.jobsMax, producer.bytes + bytes <= settings.bytesMax else {
      fail(header, to: producer, .creditExceeded, retryable: true, &actions)
      return
    }
    let lease = header.argument == 0 ? UInt64(settings.leaseMilliseconds) : header.argument
    let job = Job(
      id: header.job, producer: producer, routeNumber: header.service, payload: payload,
      bytes: bytes, leaseMilliseconds: lease, now: now)
    jobs[header.job] = job
    producer.jobs += 1
    producer.bytes += bytes
    enqueue(job, first: false, now, &actions)
  }

  func fail(
    _ header: Header, to producer: Producer, _ code: FailureCode, retryable: Bool,
    _ actions: inout [Action]
  ) {
    let answer = Header(
      .fail, flags: retryable ? Header.retryable : 0, service: header.service, job: header.job,
      argument: code.rawValue)
    actions.append(.send(producer.id, answer, nil))
  }

  /// RESULT, COMMIT or FAIL: it frees the job's slot at the worker, and ends the stage if the job still
  /// waits at it.
  mutating func stageEnded(
    _ header: Header, _ payload: Payload?, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    free(worker, header.job)
    worker.done += 1
    list(worker)
    // A result counts whoever sends it; a failure only if it is that of the attempt under way: an
    // earlier one was requeued when its lease ran out.
    if let job = jobs[header.job], isAtStage(job, header),
      header.command != .fail || Int(header.attempt) == job.attempt
    {
      release(job)
      switch header.command {
      case .fail: failed(job, header, payload, worker, now, &actions)
      case .result where job.stage + 1 < job.route.count:
        advance(job, payload, now, &actions)
      default:
        finish(job, header, payload, &actions)
      }
    } else {
      duplicates += 1
    }
    endDrainIfIdle(worker, &actions)
    for service in worker.services { handOut(service, now, &actions) }
  }

  func isAtStage(_ job: Job, _ header: Header) -> Bool {
    #if PLANTED_FAULTS
      if settings.fault == .brokerTakesAnyStage { return true }
    #endif
    return job.service.number == header.service
  }

  func free(_ worker: Worker, _ job: JobID) {
    #if PLANTED_FAULTS
      if settings.fault == .brokerLeaksCredit { return }
    #endif
    worker.held.remove(job)
    worker.isFull = false
  }

  /// Takes the job from whoever has it.
  func release(_ job: Job) {
    if job.worker != nil {
      job.service.inFlight -= 1
      job.worker = nil
    }
    job.isQueued = false
  }

  mutating func advance(
    _ job: Job, _ payload: Payload?, _ now: UInt64, _ actions: inout [Action]
  ) {
    guard let payload, !job.producer.isGone else {
      forget(job)
      return
    }
    job.stage += 1
    job.attempt = 0
    job.tried = []
    job.payload = payload
    enqueue(job, first: false, now, &actions)
  }

  mutating func finish(
    _ job: Job, _ header: Header, _ payload: Payload?, _ actions: inout [Action]
  ) {
    finished += 1
    reply(job, header, payload, &actions)
    forget(job)
  }

  mutating func failed(
    _ job: Job, _ header: Header, _ payload: Payload?, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    if header.flags & Header.retryable != 0 {
      requeue(job, from: worker, now, &actions)
    } else {
      deadLetters += 1
      actions.append(
        .note(.deadLetter(job.id, service: job.service.name, workers: job.tried + [worker.name])))
      reply(job, header, payload, &actions)
      forget(job)
    }
  }

  mutating func requeue(
    _ job: Job, from worker: Worker, _ now: UInt64, _ actions: inout [Action]
  ) {
    if job.producer.isGone {
      forget(job)
      return
    }
    job.tried.append(worker.name)
    job.attempt += 1
    requeued += 1
    guard job.attempt < settings.attemptsMax else {
      deadLetters += 1
      actions.append(
        .note(.deadLetter(job.id, service: job.service.name, workers: job.tried)))
      let header = Header(
        .fail, attempt: UInt8(job.attempt), service: job.routeNumber, job: job.id,
        argument: FailureCode.poison.rawValue)
      #if PLANTED_FAULTS
        if settings.fault == .brokerDropsPoison {
          forget(job)
          return
        }
      #endif
      actions.append(.send(job.producer.id, header, nil))
      forget(job)
      return
    }
    enqueue(job, first: true, now, &actions)
  }

  /// Passes a worker's word on to the producer, in the producer's numbers.
  func reply(
    _ job: Job, _ header: Header, _ payload: Payload?, _ actions: inout [Action]
  ) {
    guard !job.producer.isGone else { return }
    var header = header
    header.service = job.routeNumber
    actions.append(.send(job.producer.id, header, payload))
  }

  mutating func forget(_ job: Job) {
    job.producer.jobs -= 1
    job.producer.bytes -= job.bytes
    jobs[job.id] = nil
  }

  mutating func cancelled(_ id: JobID, _ actions: inout [Action]) {
    guard let job = jobs[id] else { return }
    if let worker = job.worker {
      let header = Header(.cancel, service: job.service.number, job: id)
      actions.append(.send(worker.id, header, nil))
    }
    release(job)
    forget(job)
  }
}
