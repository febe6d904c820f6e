// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// A connected peer: the socket it came in by, and the number that the router gave it.
public struct PeerID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public enum Side: UInt8, Sendable {
    /// Producers and subscribers.
    case front
    /// Workers.
    case work
  }
  public var side: Side
  public var number: UInt32

  public init(_ side: Side, _ number: UInt32) {
    self.side = side
    self.number = number
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(UInt64(number) << 1 | UInt64(side.rawValue))
  }

  public static func < (a: PeerID, b: PeerID) -> Bool {
    (a.side.rawValue, a.number) < (b.side.rawValue, b.number)
  }

  public var description: String { "\(side)-\(number)" }
}

/// The broker's decisions: which worker gets which job, what happens when one falls silent, and what
/// a late subscriber is told. No socket, clock or disk: events come in, actions go out.
///
///     a job             queued ──hand out──> in flight ──RESULT──> queued for the next stage …
///                          ^                    │      └─COMMIT, or RESULT of the last stage─> over
///                          └──── requeue ───────┤
///                                               └─ attempts used up, or FAIL for good ─> dead letter
///
///     requeue, at the head, attempt + 1, when: the worker is unreachable, silent for longer than
///     the liveness, leaves, lets the lease run out, or fails in a way that may pass.
///
/// What comes too late is counted and dropped: a RESULT counts while its job waits at the same
/// stage, whoever sends it, since equal jobs have equal results.
///
/// Memory: at most `producers x bytesMax` of payload, and ``Settings/topicBytesMax`` a topic.
public struct BrokerMachine<Payload>: ~Copyable {
  /// Limits and intervals. Times in milliseconds.
  public struct Settings: Sendable {
    public var heartbeatMilliseconds = 250
    public var livenessMilliseconds = 2_500
    /// A job's lease when its producer names none.
    public var leaseMilliseconds = 30_000
    /// Hand-outs before a job is a dead letter.
    public var attemptsMax = 5
    /// What one producer may have outstanding.
    public var jobsMax = 1_024
    public var bytesMax = 32 * 1024 * 1024
    public var peersMax = 4_096
    public var topicsMax = 4_096
    /// Changes kept behind a topic's last whole state before a new one is asked for.
    public var topicChangesMax = 256
    public var topicBytesMax = 16 * 1024 * 1024
    #if PLANTED_FAULTS
      /// For the simulator only.
      public var fault: PlantedFault?
    #endif
    public init() {}
  }

  /// What the shell is to do. Order matters.
  public enum Action {
    case send(PeerID, Header, Payload?)
    case welcome(PeerID, Welcome)
    case status(PeerID, Header, BrokerStatus)
    /// To all subscribers of the topic; without a payload it only tells the head sequence.
    case publish(topic: String, Header, Payload?)
    /// For the log and the metrics.
    case note(Note)
  }

  public enum Note: Equatable, Sendable {
    case joined(PeerID, name: String, role: Hello.Role)
    case lost(PeerID, name: String, requeued: Int, reason: LossReason)
    case left(PeerID, name: String)
    case deadLetter(JobID, service: String, workers: [String])
    case refused(PeerID, ErrorCode)
  }

  public enum LossReason: String, Equatable, Sendable {
    case unreachable, silent, replaced
  }

  /// The service that the broker offers itself: a route of this name alone is answered with a
  /// ``BrokerStatus``.
  public static var statusService: String { "broker" }

  final class Worker {
    let id: PeerID
    let name: String
    let process: Int
    let services: [Service]
    /// Jobs that it takes at once.
    var granted = 0
    /// Jobs that it was given and has not answered; one whose lease ran out is still its own.
    var held: Set<JobID> = []
    /// Its queue was full at the last send.
    var isFull = false
    var lastHeard: UInt64
    var isDraining = false
    var isGone = false
    var done: UInt64 = 0
    /// Whether it stands in the ready queue of each of its services.
    var isListed: [Bool]

    init(id: PeerID, hello: Hello, services: [Service], now: UInt64) {
      self.id = id
      name = hello.name
      process = hello.process
      self.services = services
      lastHeard = now
      isListed = services.map { _ in false }
    }

    var isReady: Bool { held.count < granted && !isFull && !isDraining && !isGone }
  }

  final class Producer {
    let id: PeerID
    let name: String
    let routes: [[Service]]
    var lastHeard: UInt64
    var jobs = 0
    var bytes = 0
    var isGone = false

    init(id: PeerID, name: String, routes: [[Service]], now: UInt64) {
      self.id = id
      self.name = name
      self.routes = routes
      lastHeard = now
    }
  }

  final class Service {
    let number: UInt16
    let name: String
    var queue: Deque<Job> = []
    var ready: Deque<Worker> = []
    var inFlight = 0

    init(number: UInt16, name: String) {
      self.number = number
      self.name = name
    }
  }

  final class Job {
    let id: JobID
    let route: [Service]
    let routeNumber: UInt16
    let leaseMilliseconds: UInt64
    let bytes: Int
    var producer: Producer
    var payload: Payload
    var stage = 0
    var attempt = 0
    var worker: Worker?
    var isQueued = false
    var leaseEnds: UInt64 = 0
    var queuedAt: UInt64
    var tried: [String] = []

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

  struct Topic {
    var epoch: UInt64
    var sequence: UInt64
    var whole: Payload?
    var changes: [(sequence: UInt64, payload: Payload)] = []
    var bytes = 0
    var publisher: PeerID
  }

  let settings: Settings
  let release: String
  let identity: UInt64
  let bornAt: UInt64
  var workers: [PeerID: Worker] = [:]
  var producers: [PeerID: Producer] = [:]
  var services: [Service] = []
  var jobs: [JobID: Job] = [:]
  var topics: [String: Topic] = [:]
  var lastTick: UInt64
  var lastHeads: UInt64
  var finished: UInt64 = 0
  var requeued: UInt64 = 0
  var deadLetters: UInt64 = 0
  var duplicates: UInt64 = 0

  /// - Parameters:
  ///   - identity: a number that no other life of a broker has.
  ///   - now: the monotonic clock, in nanoseconds, as in every call.
  public init(settings: Settings = .init(), release: String, identity: UInt64, now: UInt64) {
    self.settings = settings
    self.release = release
    self.identity = identity
    bornAt = now
    lastTick = now
    lastHeads = now
  }

  // MARK: Greetings

  /// A peer said HELLO: for the first time, or again after it lost us.
  public mutating func greeted(
    _ hello: Hello, by peer: PeerID, now: UInt64, _ actions: inout [Action]
  ) {
    let fits = (hello.role == .worker) == (peer.side == .work)
    guard fits, workers.count + producers.count < settings.peersMax else {
      refuse(peer, .role, &actions)
      return
    }
    switch hello.role {
    case .worker: greetedByWorker(hello, peer, now, &actions)
    case .producer: greetedByProducer(hello, peer, now, &actions)
    }
    actions.append(.note(.joined(peer, name: hello.name, role: hello.role)))
  }

  private mutating func greetedByWorker(
    _ hello: Hello, _ peer: PeerID, _ now: UInt64, _ actions: inout [Action]
  ) {
    if let earlier = workers[peer] { lose(earlier, .replaced, now, &actions) }
    let offered = hello.services.map { service(named: $0) }
    workers[peer] = Worker(id: peer, hello: hello, services: offered, now: now)
    actions.append(.welcome(peer, welcome(offered.map { Int($0.number) })))
  }

  private mutating func greetedByProducer(
    _ hello: Hello, _ peer: PeerID, _ now: UInt64, _ actions: inout [Action]
  ) {
    let routes = hello.routes.map { $0.map { service(named: $0) } }
    let producer = Producer(id: peer, name: hello.name, routes: routes, now: now)
    if let earlier = producers.updateValue(producer, forKey: peer) { earlier.isGone = true }
    actions.append(.welcome(peer, welcome(Array(routes.indices))))
  }

  private func welcome(_ numbers: [Int]) -> Welcome {
    Welcome(
      broker: identity, release: release, heartbeatMilliseconds: settings.heartbeatMilliseconds,
      livenessMilliseconds: settings.livenessMilliseconds, numbers: numbers,
      jobsMax: settings.jobsMax, bytesMax: settings.bytesMax)
  }

  private mutating func service(named name: String) -> Service {
    if let known = services.first(where: { $0.name == name }) { return known }
    let service = Service(number: UInt16(services.count), name: name)
    services.append(service)
    return service
  }

  /// A message could not be read, or comes from another version.
  public mutating func refuse(
    _ peer: PeerID, _ code: ErrorCode, _ actions: inout [Action]
  ) {
    actions.append(.send(peer, Header(.error, argument: code.rawValue), nil))
    actions.append(.note(.refused(peer, code)))
  }

  // MARK: Messages

  /// A message other than HELLO or PUBLISH.
  /// - Parameter bytes: the size of `payload`.
  public mutating func received(
    _ header: Header, _ payload: Payload?, bytes: Int, from peer: PeerID, now: UInt64,
    _ actions: inout [Action]
  ) {
    switch peer.side {
    case .work:
      guard let worker = workers[peer] else { return askWho(peer, &actions) }
      worker.lastHeard = now
      receivedFromWorker(header, payload, worker, now, &actions)
    case .front:
      guard let producer = producers[peer] else { return askWho(peer, &actions) }
      producer.lastHeard = now
      receivedFromProducer(header, payload, bytes, producer, now, &actions)
    }
  }

  private func askWho(_ peer: PeerID, _ actions: inout [Action]) {
    actions.append(.send(peer, Header(.who, argument: identity), nil))
  }

  private mutating func receivedFromWorker(
    _ header: Header, _ payload: Payload?, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    switch header.command {
    case .ready:
      worker.granted = Int(clamping: header.argument)
      list(worker)
      for service in worker.services { handOut(service, now, &actions) }
    case .credit:
      worker.granted += Int(clamping: header.argument)
      list(worker)
      for service in worker.services { handOut(service, now, &actions) }
    case .result, .commit, .fail:
      stageEnded(header, payload, worker, now, &actions)
    case .progress:
      guard let job = jobs[header.job], job.worker === worker else { return }
      job.leaseEnds = now &+ job.leaseMilliseconds &* 1_000_000
      reply(job, header, payload, &actions)
    case .bye:
      worker.isDraining = true
      endDrainIfIdle(worker, &actions)
    case .heartbeat:
      break
    case .hello, .welcome, .job, .cancel, .who, .snapshot, .error, .publish:
      refuse(worker.id, .role, &actions)
    }
  }

  private mutating func receivedFromProducer(
    _ header: Header, _ payload: Payload?, _ bytes: Int, _ producer: Producer, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    switch header.command {
    case .job:
      guard let payload else { return refuse(producer.id, .malformed, &actions) }
      submitted(header, payload, bytes, producer, now, &actions)
    case .cancel:
      cancelled(header.job, &actions)
    case .bye:
      drop(producer)
      actions.append(.send(producer.id, Header(.bye), nil))
      actions.append(.note(.left(producer.id, name: producer.name)))
    case .heartbeat:
      break
    case .hello, .welcome, .ready, .result, .commit, .fail, .progress, .credit, .who, .snapshot,
      .error, .publish:
      refuse(producer.id, .role, &actions)
    }
  }

  // MARK: Jobs

  private mutating func submitted(
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

  private func fail(
    _ header: Header, to producer: Producer, _ code: FailureCode, retryable: Bool,
    _ actions: inout [Action]
  ) {
    let answer = Header(
      .fail, flags: retryable ? Header.retryable : 0, service: header.service, job: header.job,
      argument: code.rawValue)
    actions.append(.send(producer.id, answer, nil))
  }

  private mutating func enqueue(
    _ job: Job, first: Bool, _ now: UInt64, _ actions: inout [Action]
  ) {
    let service = job.service
    job.isQueued = true
    job.queuedAt = now
    if first { service.queue.prepend(job) } else { service.queue.append(job) }
    handOut(service, now, &actions)
  }

  /// Gives queued jobs to ready workers, each in turn.
  private mutating func handOut(
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

  private func nextReady(_ service: Service, avoiding name: String?) -> Worker? {
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

  private mutating func hand(
    _ job: Job, to worker: Worker, _ service: Service, _ now: UInt64, _ actions: inout [Action]
  ) {
    worker.held.insert(job.id)
    service.inFlight += 1
    list(worker, at: service)
    job.isQueued = false
    job.worker = worker
    job.leaseEnds = now &+ job.leaseMilliseconds &* 1_000_000
    let header = Header(
      .job, flags: job.attempt > 0 ? Header.mayRepeat : 0, attempt: UInt8(job.attempt),
      service: service.number, job: job.id, argument: job.leaseMilliseconds)
    actions.append(.send(worker.id, header, job.payload))
  }

  private func list(_ worker: Worker) {
    for service in worker.services { list(worker, at: service) }
  }

  private func list(_ worker: Worker, at service: Service) {
    guard let index = worker.services.firstIndex(where: { $0 === service }),
      !worker.isListed[index], worker.isReady
    else { return }
    worker.isListed[index] = true
    service.ready.append(worker)
  }

  /// RESULT, COMMIT or FAIL: it frees the job's place at the worker, and ends the stage if the job still
  /// waits at it.
  private mutating func stageEnded(
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

  private func isAtStage(_ job: Job, _ header: Header) -> Bool {
    #if PLANTED_FAULTS
      if settings.fault == .brokerTakesAnyStage { return true }
    #endif
    return job.service.number == header.service
  }

  private func free(_ worker: Worker, _ job: JobID) {
    #if PLANTED_FAULTS
      if settings.fault == .brokerLeaksCredit { return }
    #endif
    worker.held.remove(job)
    worker.isFull = false
  }

  /// Takes the job from whoever has it.
  private func release(_ job: Job) {
    if job.worker != nil {
      job.service.inFlight -= 1
      job.worker = nil
    }
    job.isQueued = false
  }

  private mutating func advance(
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

  private mutating func finish(
    _ job: Job, _ header: Header, _ payload: Payload?, _ actions: inout [Action]
  ) {
    finished += 1
    reply(job, header, payload, &actions)
    forget(job)
  }

  private mutating func failed(
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

  private mutating func requeue(
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
  private func reply(
    _ job: Job, _ header: Header, _ payload: Payload?, _ actions: inout [Action]
  ) {
    guard !job.producer.isGone else { return }
    var header = header
    header.service = job.routeNumber
    actions.append(.send(job.producer.id, header, payload))
  }

  private mutating func forget(_ job: Job) {
    job.producer.jobs -= 1
    job.producer.bytes -= job.bytes
    jobs[job.id] = nil
  }

  private mutating func cancelled(_ id: JobID, _ actions: inout [Action]) {
    guard let job = jobs[id] else { return }
    if let worker = job.worker {
      let header = Header(.cancel, service: job.service.number, job: id)
      actions.append(.send(worker.id, header, nil))
    }
    release(job)
    forget(job)
  }

  // MARK: Comings and goings

  private mutating func endDrainIfIdle(_ worker: Worker, _ actions: inout [Action]) {
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

  private mutating func lose(
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
  private mutating func drop(_ producer: Producer) {
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

  private mutating func expirePeers(_ now: UInt64, _ actions: inout [Action]) {
    let liveness = UInt64(settings.livenessMilliseconds) * 1_000_000
    let silent = workers.values.filter { now &- $0.lastHeard > liveness }
    for worker in silent.sorted(by: { $0.id < $1.id }) { lose(worker, .silent, now, &actions) }
    for producer in producers.values where now &- producer.lastHeard > liveness {
      drop(producer)
    }
  }

  private mutating func expireLeases(_ now: UInt64, _ actions: inout [Action]) {
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

  // MARK: Status

  /// What is going on, for people and metrics.
  public func status(now: UInt64) -> BrokerStatus {
    func milliseconds(since then: UInt64) -> Int { Int((now &- then) / 1_000_000) }
    return BrokerStatus(
      release: release,
      upMilliseconds: milliseconds(since: bornAt),
      workers: workers.values.map {
        .init(
          name: $0.name, process: $0.process, services: $0.services.map(\.name),
          inFlight: $0.held.count, done: $0.done, credit: max(0, $0.granted - $0.held.count),
          silentMilliseconds: milliseconds(since: $0.lastHeard), draining: $0.isDraining)
      }.sorted { ($0.name, $0.process) < ($1.name, $1.process) },
      queues: services.map { service in
        let waiting = service.queue.filter { $0.isQueued && $0.service === service }
        return .init(
          service: service.name, queued: waiting.count, inFlight: service.inFlight,
          oldestMilliseconds: waiting.map { milliseconds(since: $0.queuedAt) }.max() ?? 0)
      },
      finished: finished, requeued: requeued, deadLetters: deadLetters, duplicates: duplicates,
      heldBytes: producers.values.reduce(0) { $0 + $1.bytes }, topics: topics.count)
  }
}
