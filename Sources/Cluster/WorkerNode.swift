// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Logging
public import ZeroMQ

/// A job at a worker.
public struct Job: Sendable {
  /// The job's name, for the answer.
  public let id: JobID
  /// How often it was handed out before.
  public let attempt: Int
  /// The service that is asked for.
  public let service: String
  /// The request, encoded as deterministic CBOR.
  public let payload: SharedMessage
  /// What the job's producer wants the payload compared with; only at the last service of a route.
  public let control: SharedMessage?
  /// The broker's number for the worker whose outcome the payload is; 0 for none.
  public let computedBy: UInt32
}

/// What carrying out a job came to.
public typealias JobOutcome = WorkerMachine<SharedMessage>.Outcome

/// A worker on its socket. Jobs are computed elsewhere, never on the loop: heartbeats go on while a
/// job is hard at work.
public actor WorkerNode {
  private nonisolated let loop: PollLoop
  private var link: BrokerLink
  private var machine: WorkerMachine<SharedMessage>
  private var actions: [WorkerMachine<SharedMessage>.Action] = []
  private let handler: @Sendable (Job) -> Void
  private let publishAll: @Sendable () -> Void
  private let cancelled: @Sendable (JobID) -> Void
  private var timer: Int?
  private var greetingTimer: Int?
  private var whenLeft: [CheckedContinuation<Void, Never>] = []
  private var hasLeft = false

  /// The poll loop's thread: everything isolated to this actor runs there.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// - Parameters:
  ///   - slots: how many jobs it holds at once.
  ///   - handler: called on the loop for each job; it must hand the job to another thread and
  ///     return. The outcome goes to ``finished(_:_:)``.
  ///   - publishAll: called on the loop when the broker wants the snapshot of all topics.
  ///   - cancelled: called on the loop when nobody wants a job's outcome any more.
  public init(
    loop: PollLoop, context: Context, address: BrokerAddress, hello: Hello, slots: Int,
    logger: Logger, publishAll: @escaping @Sendable () -> Void = {},
    cancelled: @escaping @Sendable (JobID) -> Void = { _ in },
    handler: @escaping @Sendable (Job) -> Void
  ) throws {
    self.loop = loop
    self.handler = handler
    self.publishAll = publishAll
    self.cancelled = cancelled
    link = try BrokerLink(context, address, address.worker, logger: logger)
    machine = WorkerMachine(hello, slots: slots, now: PollLoop.now())
  }

  /// Begins to greet and to work.
  public func start() {
    loop.watch(link.pollable) { [unowned self] in self.assumeIsolated { $0.drain() } }
    greetingTimer = loop.every(milliseconds: 2) { [unowned self] in
      self.assumeIsolated { $0.retryGreeting() }
    }
    timer = loop.every(milliseconds: 50) { [unowned self] in
      self.assumeIsolated { $0.tick() }
    }
    tick()
  }

  /// Takes no more jobs, and returns when what runs is finished and the broker knows.
  public func drainAndLeave() async {
    machine.drain(&actions)
    perform()
    if hasLeft { return }
    await withCheckedContinuation { whenLeft.append($0) }
  }

  /// Stops at once.
  public func stop() {
    loop.unwatch(link.pollable)
    for timer in [timer, greetingTimer] { if let timer { loop.cancelTimer(timer) } }
    for continuation in whenLeft { continuation.resume() }
    whenLeft = []
  }

  /// A job ended.
  public func finished(_ id: JobID, _ outcome: JobOutcome) {
    machine.finished(id, outcome, &actions)
    perform()
  }

  /// A long job goes on.
  public func progressed(_ id: JobID, permille: Int, _ payload: SharedMessage? = nil) {
    machine.progressed(id, permille: permille, payload, &actions)
    perform()
  }

  /// Publishes a change (or the snapshot) of a topic.
  public func publish(
    _ topic: String, epoch: UInt64, sequence: UInt64, isSnapshot: Bool, _ payload: SharedMessage
  ) {
    guard machine.isLive else { return }
    let header = Header(
      .publish, flags: isSnapshot ? Header.snapshot : 0, job: JobID(epoch: epoch, sequence: 0),
      argument: sequence)
    link.publish(header, topic, payload)
  }

  private func tick() {
    link.logWaiting()
    machine.tick(now: PollLoop.now(), &actions)
    perform()
  }

  private func retryGreeting() {
    guard !link.retryGreeting(), let timer = greetingTimer else { return }
    loop.cancelTimer(timer)
    greetingTimer = nil
  }

  private func drain() {
    let now = PollLoop.now()
    while let arrival = link.next() {
      switch arrival {
      case .welcome(let welcome): machine.welcomed(welcome, now: now, &actions)
      case .message(let header, let payload, let control):
        machine.received(
          header, payload, control: control,
          reason: header.command == .error ? payload?.text ?? "" : "", now: now, &actions)
      case .otherVersion: continue
      }
      perform()
    }
  }

  private func perform() {
    var index = 0
    while index < actions.count {
      perform(actions[index])
      index += 1
    }
    actions.removeAll(keepingCapacity: true)
  }

  private func perform(_ action: WorkerMachine<SharedMessage>.Action) {
    switch action {
    case .hello(let hello): link.greet(hello)
    case .send(let header, let payload): link.send(header, payload)
    case .run(let header, let service, let payload, let control):
      handler(
        Job(
          id: header.job, attempt: Int(header.attempt), service: service, payload: payload,
          control: control, computedBy: header.workerNumber))
    case .cancel(let id): cancelled(id)
    case .publishAll: publishAll()
    case .connection(let note): link.changed(note)
    case .left:
      hasLeft = true
      for continuation in whenLeft { continuation.resume() }
      whenLeft = []
    }
  }
}
