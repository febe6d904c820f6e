// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Logging
public import ZeroMQ

/// How a job ended, for its producer.
public typealias ProducerOutcome = ProducerMachine<SharedMessage>.Outcome

/// What a producer asks for.
public typealias NewJob = ProducerMachine<SharedMessage>.NewJob

extension ProducerMachine.NewJob where Payload == SharedMessage {
  /// A job of these frames; see ``ProducerMachine/NewJob``.
  public init(
    route: Int = 0, _ payload: SharedMessage, control: SharedMessage? = nil,
    leaseMilliseconds: UInt32 = 0, waits: Bool = false, avoiding: UInt32 = 0
  ) {
    self.init(
      route: route, payload, control: control, bytes: payload.count + (control?.count ?? 0),
      leaseMilliseconds: leaseMilliseconds, waits: waits, avoiding: avoiding)
  }
}

/// A producer on its socket.
public actor ProducerNode {
  /// Called on the loop; must return quickly.
  public struct Events: Sendable {
    /// A job is over; called once per submitted job, with the broker's number for the worker whose
    /// outcome it is.
    public var ended: @Sendable (JobID, ProducerOutcome, UInt32) -> Void
    /// A worker reports progress, in permille, with an optional partial result.
    public var progress: @Sendable (JobID, Int, SharedMessage?) -> Void
    /// Nobody offers the service of a job now. It is asked for again twice a second.
    public var unserved: @Sendable (JobID) -> Void
    /// The connection to the broker changed.
    public var connection: @Sendable (ConnectionNote) -> Void

    public init(
      ended: @escaping @Sendable (JobID, ProducerOutcome, UInt32) -> Void,
      progress: @escaping @Sendable (JobID, Int, SharedMessage?) -> Void = { _, _, _ in },
      unserved: @escaping @Sendable (JobID) -> Void = { _ in },
      connection: @escaping @Sendable (ConnectionNote) -> Void = { _ in }
    ) {
      self.ended = ended
      self.progress = progress
      self.unserved = unserved
      self.connection = connection
    }
  }

  private nonisolated let loop: PollLoop
  private var link: BrokerLink
  private let events: Events
  private var machine: ProducerMachine<SharedMessage>
  private var actions: [ProducerMachine<SharedMessage>.Action] = []
  private var timer: Int?
  private var greetingTimer: Int?

  /// The poll loop's thread: everything isolated to this actor runs there.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// Connects to the client endpoint. Throws when the socket cannot be made or the address is not
  /// usable.
  public init(
    loop: PollLoop, context: Context, address: BrokerAddress, hello: Hello, logger: Logger,
    events: Events
  ) throws {
    self.loop = loop
    self.events = events
    link = try BrokerLink(context, address, address.client, logger: logger)
    machine = ProducerMachine(hello, now: PollLoop.now())
  }

  /// Begins to greet.
  public func start() {
    loop.watch(link.pollable) { [unowned self] in self.assumeIsolated { $0.drain() } }
    greetingTimer = loop.every(milliseconds: 2) { [unowned self] in
      self.assumeIsolated { $0.retryGreeting() }
    }
    timer = loop.every(milliseconds: 50) { [unowned self] in
      self.assumeIsolated { node in
        node.link.logWaiting()
        node.machine.tick(now: PollLoop.now(), &node.actions)
        node.perform()
      }
    }
    machine.tick(now: PollLoop.now(), &actions)
    perform()
  }

  /// Stops at once, after saying goodbye.
  public func stop() {
    machine.leave(&actions)
    perform()
    loop.unwatch(link.pollable)
    for timer in [timer, greetingTimer] { if let timer { loop.cancelTimer(timer) } }
  }

  /// Submits a job; see ``ProducerMachine/submit(_:_:redelivered:_:)``.
  public func submit(_ id: JobID, _ job: NewJob, redelivered: Bool = false) {
    machine.submit(id, job, redelivered: redelivered, &actions)
    perform()
  }

  /// Has the broker take no more results of a worker.
  public func quarantine(worker: UInt32) {
    machine.quarantine(worker: worker, &actions)
    perform()
  }

  /// Gives a job up.
  public func cancel(_ id: JobID) {
    machine.cancel(id, &actions)
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
      case .message(let header, let payload, _):
        machine.received(
          header, payload, bytes: payload?.count ?? 0,
          reason: header.command == .error ? payload?.text ?? "" : "", now: now, &actions)
      case .otherVersion: events.connection(.refused(.version, ""))
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

  private func perform(_ action: ProducerMachine<SharedMessage>.Action) {
    switch action {
    case .hello(let hello): link.greet(hello)
    case .send(let header, let payload): link.send(header, payload)
    case .sendWithControl(let header, let payload, let control):
      link.send(header, payload, control: control)
    case .ended(let id, let outcome, let worker): events.ended(id, outcome, worker)
    case .unserved(let id): events.unserved(id)
    case .progress(let id, let permille, let payload): events.progress(id, permille, payload)
    case .connection(let note):
      link.changed(note)
      events.connection(note)
    }
  }
}
