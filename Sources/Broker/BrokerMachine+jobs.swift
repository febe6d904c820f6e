// SPDX-License-Identifier: Apache-2.0

/// The life of a job, from its submission to its answer.
extension BrokerMachine {
  /// Where a job is. It holds memory until it is over.
  enum JobState {
    case queued(since: UInt64)
    case running(on: Worker, leaseEnds: UInt64)
    case over
  }

  // Not checked for exclusive access: the proof stands above `Worker`.
  final class Job {
    /// As workers know it: namespaced by the producer's instance.
    let id: JobID
    /// As its producer knows it.
    let name: JobID
    let routeNumber: UInt16
    let route: [Service]
    let leaseMilliseconds: UInt32
    /// Whether it waits also while nobody offers its service.
    let waits: Bool
    let controlBytes: Int
    @exclusivity(unchecked) var producer: Producer
    /// `nil` when the job is over: an entry that is left in a queue holds nothing.
    @exclusivity(unchecked) var payload: Payload?
    /// For the last service of the route alone.
    @exclusivity(unchecked) var control: Payload?
    @exclusivity(unchecked) var bytes: Int
    @exclusivity(unchecked) var state = JobState.over
    /// Where it waits; `nil` for a special job.
    @exclusivity(unchecked) var flow: Flow?
    @exclusivity(unchecked) var stage = 0
    /// Hand-outs of this stage that came to nothing.
    @exclusivity(unchecked) var attempt = 0
    /// Workers that were lost over it, as far as is known.
    @exclusivity(unchecked) var losses = 0
    /// The worker that it must not go to, as its producer wishes; 0 for none.
    @exclusivity(unchecked) var avoided: UInt32
    /// The worker whose outcome the payload is; 0 for none.
    @exclusivity(unchecked) var computedBy: UInt32 = 0
    /// Who had it at this stage and had it taken away: what they answer counts all the same.
    @exclusivity(unchecked) var had: [(instance: Instance, name: String)] = []
    /// A worker refused it, and another is to say whether it is right.
    @exclusivity(unchecked) var isDoubted = false

    init(
      id: JobID, name: JobID, producer: Producer, routeNumber: UInt16, payload: Payload,
      control: Payload?, controlBytes: Int, bytes: Int, leaseMilliseconds: UInt32, waits: Bool,
      avoided: UInt32
    ) {
      self.id = id
      self.name = name
      self.producer = producer
      self.routeNumber = routeNumber
      route = producer.routes[Int(routeNumber)]
      self.payload = payload
      self.control = control
      self.controlBytes = controlBytes
      self.bytes = bytes
      self.leaseMilliseconds = leaseMilliseconds
      self.waits = waits
      self.avoided = avoided
    }

    var service: Service { route[stage] }
    var isAtLastStage: Bool { stage + 1 == route.count }
    /// Its share of a turn.
    var cost: Int { BrokerMachine.quantum + bytes }
    /// A worker was lost over it, so it runs alone.
    @exclusivity(unchecked) var needsSolo = false
    var isSpecial: Bool { needsSolo || isDoubted || avoided != 0 || attempt > 0 }

    func isQueued(in flow: Flow) -> Bool {
      guard case .queued = state else { return false }
      return self.flow === flow
    }

    func avoids(_ worker: Worker) -> Bool {
      worker.id.number == avoided || had.contains { $0.instance == worker.instance }
    }
  }

  // MARK: Submission

  mutating func submitted(
    _ header: Header, _ payload: Payload, _ control: (payload: Payload?, bytes: Int), _ bytes: Int,
    _ producer: Producer, _ now: UInt64, _ actions: inout [Action]
  ) {
    guard Int(header.service) < producer.routes.count else {
      return refuse(producer.id, .malformed, "a job for a route that was not opened", &actions)
    }
    let first = producer.routes[Int(header.service)][0]
    if first.name == Self.statusService {
      unreadBytes += countSent(0, to: producer)
      let answer = Header(.result, service: header.service, job: header.job)
      actions.append(.status(producer.id, answer, status(now: now)))
      return
    }
    let id = namespaced(header.job, producer)
    if let known = jobs[id] { return resubmitted(known, by: producer) }
    let held = bytes + Settings.overhead
    guard hasRoom(for: held, producer) else {
      return fail(header, to: producer, .full, &actions)
    }
    let waits = header.flags & Header.waits != 0
    if !first.isOffered && !waits {
      if !isPlanted(.brokerForgetsUnserved) { fail(header, to: producer, .unserved, &actions) }
      return
    }
    let lease = header.lowArgument == 0 ? UInt32(settings.leaseMilliseconds) : header.lowArgument
    let job = Job(
      id: id, name: header.job, producer: producer, routeNumber: header.service, payload: payload,
      control: control.payload, controlBytes: control.bytes, bytes: held, leaseMilliseconds: lease,
      waits: waits,
      avoided: header.workerNumber)
    jobs[id] = job
    producer.jobs += 1
    producer.bytes += held
    jobBytes += held
    enqueue(job, now, &actions)
  }

  private func namespaced(_ name: JobID, _ producer: Producer) -> JobID {
    if isPlanted(.brokerSharesIDs) { return name }
    return JobID(
      epoch: producer.hello.instance.namespaced(name.epoch), sequence: name.sequence)
  }

  /// After its producer lost us: the job is already on its way, only its owner's address is new.
  private func resubmitted(_ job: Job, by producer: Producer) {
    guard job.producer !== producer else { return }
    // A greeting of other routes is of another program, whatever it calls its jobs.
    let route = Int(job.routeNumber)
    guard producer.routes.indices.contains(route),
      producer.routes[route].elementsEqual(job.route, by: ===)
    else { return }
    if isPlanted(.brokerKeepsOldOwner) { return }
    job.producer.jobs -= 1
    job.producer.bytes -= job.bytes
    job.producer = producer
    producer.jobs += 1
    producer.bytes += job.bytes
  }

  private func hasRoom(for held: Int, _ producer: Producer) -> Bool {
    guard producer.jobs < settings.jobsMax, producer.unreadBytes <= settings.bytesMax,
      heldBytes + held <= settings.memoryMax
    else { return false }
    // One job that is larger than the credit may be there alone; refusing it for ever helps nobody.
    return producer.bytes + held <= settings.bytesMax || producer.jobs == 0
  }

  /// Tells a producer at once that a job is not taken; it may come again.
  mutating func fail(
    _ header: Header, to producer: Producer, _ code: FailureCode, _ actions: inout [Action]
  ) {
    let answer = Header(
      .fail, flags: Header.retryable, service: header.service, job: header.job,
      argument: Header.argument(code.rawValue, worker: 0))
    unreadBytes += countSent(0, to: producer)
    actions.append(.send(producer.id, answer, nil))
  }

  // MARK: Answers

  /// RESULT, COMMIT or FAIL: it frees the job's slot at the worker, and ends the stage if the job is
  /// still at it.
  mutating func answered(
    _ header: Header, _ payload: Payload?, _ bytes: Int, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    guard Int(header.service) < worker.services.count else {
      return refuse(worker.id, .malformed, "an answer for a service that is not offered", &actions)
    }
    let service = worker.services[Int(header.service)]
    let job = jobs[header.job]
    let wasTaken = worker.takenAway.removeValue(forKey: header.job) != nil
    if wasTaken || worker.isFull {
      worker.isFull = false
    }
    worker.done += 1
    if let job, !worker.isQuarantined, counts(header, job, service, worker, wasTaken) {
      let isRunningHere = job.isRunning(on: worker)
      if header.command == .commit && !(service.rules.commits && job.isAtLastStage)
        && !isPlanted(.brokerTakesAnyCommit)
      {
        refuse(worker.id, .role, "'\(service.name)' does not commit", &actions)
        if isRunningHere { requeue(job, from: worker, blaming: false, now, &actions) }
      } else {
        stageEnded(job, header, payload, bytes, worker, now, &actions)
      }
    } else {
      // A quarantined worker's jobs are elsewhere; others' answers are for a stage that is over.
      duplicates += 1
    }
    endDrainIfIdle(worker, &actions)
    serve(worker, now, &actions)
  }

  /// Whether the answer is about the stage where the job is, from somebody who was given it there.
  private func counts(
    _ header: Header, _ job: Job, _ service: Service, _ worker: Worker, _ wasTaken: Bool
  ) -> Bool {
    if isPlanted(.brokerTakesAnyStage) { return true }
    if isPlanted(.brokerTakesStrangersResult) { return job.service === service }
    guard job.service === service else { return false }
    if job.isRunning(on: worker) { return true }
    // A failure counts only of the attempt under way: an earlier one was requeued already.
    guard header.command != .fail else { return false }
    return job.had.contains { $0.instance == worker.instance }
  }

  private mutating func stageEnded(
    _ job: Job, _ header: Header, _ payload: Payload?, _ bytes: Int, _ worker: Worker,
    _ now: UInt64, _ actions: inout [Action]
  ) {
    if header.command == .fail { return failed(job, header, payload, bytes, worker, now, &actions) }
    takeFrom(others: worker, job, &actions)
    release(job)
    if header.command == .result && !job.isAtLastStage {
      return advance(job, payload, bytes, worker, now, &actions)
    }
    if header.command == .result && job.service.rules.commits {
      // Whoever commits says so; anything else may have had no effect.
      refuse(worker.id, .role, "'\(job.service.name)' commits or fails", &actions)
      return tryAgain(job, had: worker, now, &actions)
    }
    finished += 1
    let by = job.stage > 0 ? job.computedBy : worker.id.number
    reply(
      job, Header(header.command, argument: Header.argument(0, worker: by)), payload, bytes,
      &actions)
    forget(job)
  }

  /// The answer came from one who had the job before: another is at it in vain.
  private func takeFrom(others worker: Worker, _ job: Job, _ actions: inout [Action]) {
    guard case .running(let other, _) = job.state, other !== worker else { return }
    other.takenAway[job.id] = .max
    cancel(job, at: other, &actions)
  }

  func cancel(_ job: Job, at worker: Worker, _ actions: inout [Action]) {
    let index = worker.services.firstIndex { $0 === job.service } ?? 0
    actions.append(.send(worker.id, Header(.cancel, service: UInt16(index), job: job.id), nil))
  }

  private mutating func advance(
    _ job: Job, _ payload: Payload?, _ bytes: Int, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    guard let payload else { return forget(job) }
    // What the worker answered is held from here on, whatever its size.
    if !isPlanted(.brokerKeepsOutcomeUncounted) {
      let held = bytes + job.controlBytes + Settings.overhead
      job.producer.bytes += held - job.bytes
      jobBytes += held - job.bytes
      job.bytes = held
    }
    job.payload = payload
    job.computedBy = worker.id.number
    job.stage += 1
    job.attempt = 0
    job.losses = 0
    job.needsSolo = false
    job.avoided = 0
    job.isDoubted = false
    job.had = []
    enqueue(job, now, &actions)
  }

  private mutating func failed(
    _ job: Job, _ header: Header, _ payload: Payload?, _ bytes: Int, _ worker: Worker,
    _ now: UInt64, _ actions: inout [Action]
  ) {
    if header.flags & Header.retryable != 0 {
      return requeue(job, from: worker, blaming: false, now, &actions)
    }
    // One worker's refusal is not the end while another can try.
    let canOther = job.service.offering.contains { $0 !== worker && $0.isUsable }
    if !job.isDoubted && canOther && !job.service.rules.commits {
      job.isDoubted = true
      release(job)
      return tryAgain(job, had: worker, now, &actions)
    }
    release(job)
    deadLetters += 1
    actions.append(
      .note(
        .deadLetter(
          job.id, service: job.service.name, workers: job.had.map(\.name) + [worker.name])))
    let by = job.stage > 0 ? job.computedBy : worker.id.number
    let answer = Header(.fail, argument: Header.argument(header.lowArgument, worker: by))
    reply(job, answer, payload, bytes, &actions)
    forget(job)
  }

  /// Puts a job that is nowhere back to its queue.
  private mutating func tryAgain(
    _ job: Job, had worker: Worker, _ now: UInt64, _ actions: inout [Action]
  ) {
    guard job.attempt + 1 < settings.attemptsMax else {
      return deadLetter(job, at: worker, &actions)
    }
    job.had.append((worker.instance, worker.name))
    job.attempt += 1
    requeued += 1
    enqueue(job, now, &actions)
  }

  // MARK: Trying again

  /// A hand-out came to nothing.
  /// - Parameter blaming: the worker died, perhaps over this job.
  mutating func requeue(
    _ job: Job, from worker: Worker, blaming: Bool, _ now: UInt64, _ actions: inout [Action]
  ) {
    release(job)
    if blaming && !isPlanted(.brokerNeverBlames) {
      // The first time it may have had company; from then on it is alone, and it was it.
      job.losses += 1
      job.needsSolo = !isPlanted(.brokerHandsSuspectsTogether)
    }
    let isPoison = blaming && job.losses >= job.service.rules.lossesMax
    if isPoison { return deadLetter(job, at: worker, &actions) }
    tryAgain(job, had: worker, now, &actions)
  }

  private mutating func deadLetter(_ job: Job, at worker: Worker, _ actions: inout [Action]) {
    deadLetters += 1
    actions.append(
      .note(
        .deadLetter(
          job.id, service: job.service.name, workers: job.had.map(\.name) + [worker.name])))
    if isPlanted(.brokerDropsPoison) { return forget(job) }
    let answer = Header(
      .fail, argument: Header.argument(FailureCode.poison.rawValue, worker: job.computedBy))
    reply(job, answer, nil, 0, &actions)
    forget(job)
  }

  // MARK: The producer's side

  mutating func progressed(
    _ header: Header, _ payload: Payload?, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    guard let job = jobs[header.job], job.isRunning(on: worker) else {
      // It is alive, and may end for nobody.
      if let ends = worker.takenAway[header.job], ends < .max {
        worker.takenAway[header.job] = now &+ UInt64(settings.leaseMilliseconds) &* 1_000_000
      }
      return
    }
    job.state = .running(on: worker, leaseEnds: now &+ UInt64(job.leaseMilliseconds) &* 1_000_000)
    // Progress is worth little: it must not fill the memory of one who does not read it.
    reply(job, Header(.progress, argument: min(1_000, header.argument)), payload, 0, &actions)
  }

  /// Passes a worker's word on to the producer, in the producer's words.
  mutating func reply(
    _ job: Job, _ header: Header, _ payload: Payload?, _ bytes: Int, _ actions: inout [Action]
  ) {
    guard !job.producer.isGone else { return }
    var header = header
    header.service = job.routeNumber
    header.job = job.name
    unreadBytes += countSent(bytes, to: job.producer)
    actions.append(.send(job.producer.id, header, payload))
  }

  mutating func forget(_ job: Job) {
    job.producer.jobs -= 1
    job.producer.bytes -= job.bytes
    jobBytes -= job.bytes
    jobs[job.id] = nil
    job.payload = nil
    job.control = nil
  }

  mutating func cancelled(
    _ name: JobID, by producer: Producer, _ actions: inout [Action]
  ) {
    var found = jobs[namespaced(name, producer)]
    if isPlanted(.brokerCancelsForOthers) {
      found = jobs.values.filter { $0.name == name }.min { $0.id < $1.id }
    }
    guard let job = found, job.producer === producer || isPlanted(.brokerCancelsForOthers) else {
      return
    }
    if isPlanted(.brokerKeepsCancelled), case .queued = job.state { return strike(job) }
    abandon(job, &actions, telling: true)
  }

  /// (A planted fault) The account without the job.
  private mutating func strike(_ job: Job) {
    jobBytes -= job.bytes
    job.producer.bytes -= job.bytes
    job.bytes = 0
  }

  /// Nobody wants a job any more. What runs may end; its worker's slot is taken until then.
  mutating func abandon(_ job: Job, _ actions: inout [Action], telling: Bool) {
    if case .running(let worker, let leaseEnds) = job.state {
      worker.takenAway[job.id] = telling ? .max : leaseEnds
      if telling { cancel(job, at: worker, &actions) }
    }
    release(job)
    forget(job)
  }
}

extension BrokerMachine.Job {
  func isRunning(on worker: BrokerMachine.Worker) -> Bool {
    guard case .running(let other, _) = state else { return false }
    return other === worker
  }
}
