// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// The decisions of a producer: when to greet, what to resend, when there is room.
///
///     greeting ──WELCOME──> live ──silence, WHO──> greeting …
///
/// Every job that was submitted and not answered is sent again after each WELCOME, and when nothing was
/// heard of it for ``resendInterval``: the broker keeps nothing that matters, and a message can be lost
/// with a connection that neither side saw break. The broker takes a job that it has for what it is.
/// The caller's durable copy (a journal) is what survives this process.
public struct ProducerMachine<Payload>: ~Copyable {
  /// What the shell must do, in order.
  public enum Action {
    case hello(Hello)
    case send(Header, Payload?)
    /// A job with what the last service of its route is to check.
    case sendWithControl(Header, Payload, Payload)
    /// The job is over.
    /// - Parameter worker: the broker's number for the worker whose outcome it is; 0 for none.
    case ended(JobID, Outcome, worker: UInt32)
    case progress(JobID, permille: Int, Payload?)
    /// Nobody offers the service now. The job goes again twice a second, until somebody does or it is
    /// cancelled.
    case unserved(JobID)
    case connection(ConnectionNote)
  }

  /// How a job ended.
  public enum Outcome {
    /// The result of the last stage.
    case result(Payload?)
    /// The effect is durable.
    case committed(Payload?)
    /// A dead letter. Nothing more will come for this job.
    case failed(FailureCode?, Payload?)
  }

  enum State: Equatable {
    /// No WELCOME yet, or the broker fell silent.
    case greeting(lastHello: UInt64)
    case live
    case leaving
  }

  struct Pending {
    let job: NewJob
    var isSent = false
    var redelivered: Bool
    /// The broker had no worker for it; it is not sent again before this time.
    var heldUntil: UInt64 = 0
    var bytes: Int { job.bytes }
    /// When it was sent or heard of last, in nanoseconds.
    var lastSign: UInt64 = 0
  }

  #if PLANTED_FAULTS
    /// For the simulator only.
    public var fault: PlantedFault?
  #endif

  /// What is asked for.
  public struct NewJob {
    /// Its place among the routes that the producer greeted with.
    public var route: Int
    public var payload: Payload
    /// For the last service of the route alone, which compares the outcome with it.
    public var control: Payload?
    /// The size of both.
    public var bytes: Int
    /// How long a worker may have it without a word; 0 leaves it to the broker.
    public var leaseMilliseconds: UInt32
    /// Whether it waits at the broker also while nobody offers the service.
    public var waits: Bool
    /// The number of a worker that it should not go to if there is another; 0 for none.
    public var avoiding: UInt32

    public init(
      route: Int, _ payload: Payload, control: Payload? = nil, bytes: Int,
      leaseMilliseconds: UInt32 = 0, waits: Bool = false, avoiding: UInt32 = 0
    ) {
      self.route = route
      self.payload = payload
      self.control = control
      self.bytes = bytes
      self.leaseMilliseconds = leaseMilliseconds
      self.waits = waits
      self.avoiding = avoiding
    }
  }

  /// Nanoseconds after which a job that nobody offered to do is sent again.
  static var unservedInterval: UInt64 { 500_000_000 }
  /// Bytes of answers after which the broker is told at once that they were read.
  static var unreadBytesMax: Int { 4 * 1024 * 1024 }

  /// Nanoseconds without a sign of a job after which it is sent again. The simulator sends nothing
  /// again: there the protocol alone must lose nothing.
  public var resendInterval: UInt64 = 30_000_000_000

  let hello: Hello
  var state: State
  var liveness: Liveness
  var pending: [JobID: Pending] = [:]
  /// In the order of submission, with holes where jobs have ended.
  var order: Deque<JobID> = []
  var sentJobs = 0
  var sentBytes = 0
  var jobsMax = 1
  var bytesMax = 0
  /// Messages received since WELCOME, and bytes since the broker was told.
  private var received: UInt64 = 0
  private var untoldBytes = 0
  /// The time of the last event that had one.
  private var clock: UInt64

  /// - Parameter now: the monotonic clock in nanoseconds, as in every call.
  public init(_ hello: Hello, now: UInt64) {
    self.hello = hello
    state = .greeting(lastHello: 0)
    liveness = Liveness(now: now)
    clock = now
  }

  /// Whether the broker has accepted the producer and is not silent.
  public var isLive: Bool { state == .live }
  /// Jobs that were submitted and have not ended.
  public var outstanding: Int { pending.count }
  /// Bytes of jobs that were submitted and have not ended.
  public private(set) var outstandingBytes = 0

  /// Submits a job, now or as soon as the broker and the credit allow. A job is known by its id:
  /// submitting one that is outstanding does nothing.
  public mutating func submit(
    _ id: JobID, _ job: NewJob, redelivered: Bool = false, _ actions: inout [Action]
  ) {
    guard pending[id] == nil else { return }
    pending[id] = Pending(job: job, redelivered: redelivered)
    order.append(id)
    outstandingBytes += job.bytes
    sendWaiting(&actions)
  }

  /// Has the broker take no more results of a worker: they are wrong. Its number is in the outcome of a
  /// job. Roles that may not do so are refused.
  public func quarantine(worker: UInt32, _ actions: inout [Action]) {
    guard isLive else { return }
    actions.append(.send(Header(.quarantine, argument: UInt64(worker)), nil))
  }

  /// Gives a job up; its outcome, if one still comes, is dropped.
  public mutating func cancel(_ id: JobID, _ actions: inout [Action]) {
    guard let job = remove(id) else { return }
    if job.isSent && isLive { actions.append(.send(Header(.cancel, job: id), nil)) }
    sendWaiting(&actions)
  }

  private mutating func remove(_ id: JobID) -> Pending? {
    guard let job = pending.removeValue(forKey: id) else { return nil }
    outstandingBytes -= job.bytes
    if job.isSent {
      sentJobs -= 1
      sentBytes -= job.bytes
    }
    while let first = order.first, pending[first] == nil { order.removeFirst() }
    return job
  }

  private mutating func sendWaiting(_ actions: inout [Action]) {
    guard isLive else { return }
    for id in order {
      guard sentJobs < jobsMax else { return }
      guard var job = pending[id], !job.isSent, job.heldUntil <= clock else { continue }
      // One job larger than the credit may go alone; refusing it for ever would help nobody.
      guard sentBytes + job.bytes <= bytesMax || sentJobs == 0 else { return }
      job.isSent = true
      sentJobs += 1
      sentBytes += job.bytes
      let header = Header(
        .job,
        flags: (job.redelivered ? Header.redelivered : 0) | (job.job.waits ? Header.waits : 0),
        service: UInt16(job.job.route), job: id,
        argument: Header.argument(job.job.leaseMilliseconds, worker: job.job.avoiding))
      if let control = job.job.control {
        actions.append(.sendWithControl(header, job.job.payload, control))
      } else {
        actions.append(.send(header, job.job.payload))
      }
      job.redelivered = true
      job.lastSign = clock
      pending[id] = job
    }
  }

  /// A message from the broker.
  /// - Parameters:
  ///   - bytes: the size of `payload`.
  ///   - reason: of an ERROR, in the broker's words.
  public mutating func received(
    _ header: Header, _ payload: Payload?, bytes: Int, reason: String = "", now: UInt64,
    _ actions: inout [Action]
  ) {
    liveness.heard(now)
    clock = now
    received &+= 1
    untoldBytes += bytes
    if untoldBytes > Self.unreadBytesMax { tellRead(&actions) }
    switch header.command {
    case .who, .bye:
      if state == .leaving { return }
      greetAgain(now, &actions)
    case .result: end(header, .result(payload), &actions)
    case .commit: end(header, .committed(payload), &actions)
    case .fail: failed(header, payload, &actions)
    case .progress:
      guard pending[header.job] != nil else { return }
      pending[header.job]?.lastSign = now
      actions.append(
        .progress(header.job, permille: Int(clamping: header.argument), payload))
    case .error:
      actions.append(.connection(.refused(ErrorCode(rawValue: header.argument), reason)))
    case .hello, .welcome, .ready, .job, .credit, .cancel, .heartbeat, .snapshot, .publish,
      .quarantine, .caughtUp:
      break
    }
  }

  /// The broker holds what was not read for the producer, and takes no more jobs when it is much.
  private mutating func tellRead(_ actions: inout [Action]) {
    guard isLive else { return }
    untoldBytes = 0
    actions.append(.send(Header(.heartbeat, argument: received), nil))
  }

  private mutating func failed(
    _ header: Header, _ payload: Payload?, _ actions: inout [Action]
  ) {
    let code = FailureCode(rawValue: header.lowArgument)
    if header.flags & Header.retryable != 0, code == .full || code == .unserved {
      // The broker had no room: it goes again when something else has ended. Or it had no worker. A second
      // word on the same sending, or one on a job that is over, changes nothing.
      guard var job = pending[header.job], job.isSent else { return }
      job.isSent = false
      if code == .unserved {
        job.heldUntil = clock &+ Self.unservedInterval
        #if PLANTED_FAULTS
          if fault == .producerForgetsUnserved { job.heldUntil = .max }
        #endif
        actions.append(.unserved(header.job))
      }
      sentJobs -= 1
      sentBytes -= job.bytes
      pending[header.job] = job
      return
    }
    end(header, .failed(code, payload), &actions)
  }

  private mutating func end(_ header: Header, _ outcome: Outcome, _ actions: inout [Action]) {
    let id = header.job
    #if PLANTED_FAULTS
      let isCounted = fault == .producerCountsTwice
    #else
      let isCounted = false
    #endif
    guard remove(id) != nil || isCounted else { return }
    actions.append(.ended(id, outcome, worker: header.workerNumber))
    sendWaiting(&actions)
  }

  /// The broker accepted us.
  public mutating func welcomed(_ welcome: Welcome, now: UInt64, _ actions: inout [Action]) {
    liveness.welcomed(welcome, now)
    clock = now
    guard state != .leaving else { return }
    jobsMax = welcome.jobsMax
    bytesMax = welcome.bytesMax
    received = 0
    untoldBytes = 0
    state = .live
    sentJobs = 0
    sentBytes = 0
    for (id, job) in pending where job.isSent {
      #if PLANTED_FAULTS
        if fault == .producerForgetsAtWelcome { continue }
      #endif
      pending[id]?.isSent = false
      pending[id]?.heldUntil = 0
    }
    actions.append(.connection(.joined))
    sendWaiting(&actions)
  }

  /// Call about every 50 ms; it greets, keeps the connection alive, and notices silence.
  public mutating func tick(now: UInt64, _ actions: inout [Action]) {
    clock = now
    switch state {
    case .greeting(let lastHello):
      if now &- lastHello >= Liveness.helloInterval { greetAgain(now, &actions) }
    case .leaving:
      break
    case .live:
      if liveness.isSilent(now) {
        actions.append(.connection(.lost))
        state = .greeting(lastHello: 0)
        greetAgain(now, &actions)
      } else if liveness.shouldBeat(now) {
        tellRead(&actions)
        resendSilent()
        // Also what the broker had no room for, when nothing else is left that could end.
        sendWaiting(&actions)
      }
    }
  }

  /// Marks the jobs of which nothing was heard for too long to be sent again.
  private mutating func resendSilent() {
    guard isLive else { return }
    for id in order {
      guard let job = pending[id], job.isSent, clock &- job.lastSign >= resendInterval
      else { continue }
      pending[id]?.isSent = false
      sentJobs -= 1
      sentBytes -= job.bytes
    }
  }

  private mutating func greetAgain(_ now: UInt64, _ actions: inout [Action]) {
    state = .greeting(lastHello: now)
    actions.append(.hello(hello))
  }

  /// Says goodbye; jobs that are queued at the broker are dropped there.
  public mutating func leave(_ actions: inout [Action]) {
    if isLive { actions.append(.send(Header(.bye), nil)) }
    state = .leaving
  }
}

/// What happened to the connection, for the log and for people who wait.
public enum ConnectionNote: Equatable, Sendable {
  case joined
  case lost
  /// The broker's reason, in its words.
  case refused(ErrorCode?, String)
}

/// When each side was heard last: shared by the machines that talk to a broker.
struct Liveness {
  static let helloInterval: UInt64 = 200_000_000

  private var lastHeard: UInt64
  private var lastBeat: UInt64
  private var heartbeat: UInt64 = 250_000_000
  private var liveness: UInt64 = 2_500_000_000
  private var lastTick: UInt64

  init(now: UInt64) {
    lastHeard = now
    lastBeat = now
    lastTick = now
  }

  mutating func heard(_ now: UInt64) { lastHeard = now }

  mutating func welcomed(_ welcome: Welcome, _ now: UInt64) {
    heartbeat = UInt64(welcome.heartbeatMilliseconds) * 1_000_000
    liveness = UInt64(welcome.livenessMilliseconds) * 1_000_000
    lastHeard = now
  }

  /// Whether the broker has been silent for too long. A tick that comes late itself proves nothing.
  mutating func isSilent(_ now: UInt64) -> Bool {
    let wasLate = now &- lastTick > 2 &* heartbeat
    lastTick = now
    return !wasLate && now &- lastHeard > liveness
  }

  mutating func shouldBeat(_ now: UInt64) -> Bool {
    guard now &- lastBeat >= heartbeat else { return false }
    lastBeat = now
    return true
  }
}

extension ProducerMachine.Outcome: Sendable where Payload: Sendable {}
extension ProducerMachine.NewJob: Sendable where Payload: Sendable {}
