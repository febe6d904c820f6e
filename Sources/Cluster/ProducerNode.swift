// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Logging
public import ZeroMQ

/// How a job ended, for its producer.
public typealias ProducerOutcome = ProducerMachine<SharedMessage>.Outcome

/// A producer on its socket.
public actor ProducerNode {
  /// Called on the loop; must return quickly.
  public struct Events: Sendable {
    public var ended: @Sendable (JobID, ProducerOutcome) -> Void
    public var progress: @Sendable (JobID, Int, SharedMessage?) -> Void
    public var connection: @Sendable (ConnectionNote) -> Void

    public init(
      ended: @escaping @Sendable (JobID, ProducerOutcome) -> Void,
      progress: @escaping @Sendable (JobID, Int, SharedMessage?) -> Void = { _, _, _ in },
      connection: @escaping @Sendable (ConnectionNote) -> Void = { _ in }
    ) {
      self.ended = ended
      self.progress = progress
      self.connection = connection
    }
  }

  private nonisolated let loop: PollLoop
  private let logger: Logger
  private let socket: Socket
  private let events: Events
  private var machine: ProducerMachine<SharedMessage>
  private var actions: [ProducerMachine<SharedMessage>.Action] = []
  private var timer: Int?
  private var isConnected = false
  private var waiting: WaitingNote
  private var headerFrame = Message()
  private var payloadFrame = Message()

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  public init(
    loop: PollLoop, context: Context, address: BrokerAddress, hello: Hello, logger: Logger,
    events: Events
  ) throws {
    self.loop = loop
    self.logger = logger
    waiting = WaitingNote(address: address)
    self.events = events
    socket = try Socket.dealer(context, to: address.front)
    machine = ProducerMachine(hello, now: PollLoop.now())
  }

  /// Begins to greet.
  public func start() {
    loop.watch(socket.pollable) { [unowned self] in self.assumeIsolated { $0.drain() } }
    timer = loop.every(milliseconds: 50) { [unowned self] in
      self.assumeIsolated { node in
        node.waiting.tell(node.logger, isConnected: node.isConnected)
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
    loop.unwatch(socket.pollable)
    if let timer { loop.cancelTimer(timer) }
  }

  /// Submits a job; see ``ProducerMachine/submit(_:route:_:bytes:leaseMilliseconds:mayRepeat:_:)``.
  public func submit(
    _ id: JobID, route: Int = 0, _ payload: SharedMessage, leaseMilliseconds: UInt64 = 0,
    mayRepeat: Bool = false
  ) {
    machine.submit(
      id, route: route, payload, bytes: payload.count, leaseMilliseconds: leaseMilliseconds,
      mayRepeat: mayRepeat, &actions)
    perform()
  }

  /// Gives a job up.
  public func cancel(_ id: JobID) {
    machine.cancel(id, &actions)
    perform()
  }

  private func drain() {
    let now = PollLoop.now()
    do {
      for _ in 0..<256 {
        guard try socket.receive(into: &headerFrame) else { break }
        var payload: SharedMessage?
        if headerFrame.isFollowed, try socket.receive(into: &payloadFrame) {
          try socket.skipRest(after: payloadFrame)
          payload = SharedMessage(payloadFrame.take())
        }
        receive(payload, now)
      }
    } catch {
      logger.error("receiving failed", metadata: ["error": "\(error)"])
    }
  }

  private func receive(_ payload: SharedMessage?, _ now: UInt64) {
    do {
      let header = try headerFrame.header()
      if header.command == .welcome {
        guard let payload else { return }
        machine.welcomed(try payload.decode(Welcome.self), now: now, &actions)
      } else {
        machine.received(header, payload, now: now, &actions)
      }
    } catch is Header.Problem {
      logger.error("the broker speaks another version of the protocol")
      events.connection(.refused(.version))
    } catch {
      logger.error("a message was not understood", metadata: ["error": "\(error)"])
    }
    perform()
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
    case .hello(let hello):
      do {
        send(Header(.hello), try SharedMessage(encoding: hello))
      } catch {
        logger.error("encoding failed", metadata: ["error": "\(error)"])
      }
    case .send(let header, let payload): send(header, payload)
    case .ended(let id, let outcome): events.ended(id, outcome)
    case .progress(let id, let permille, let payload): events.progress(id, permille, payload)
    case .connection(let note):
      isConnected = logger.log(note, wasConnected: isConnected)
      events.connection(note)
    }
  }

  private func send(_ header: Header, _ payload: SharedMessage?) {
    do throws(ZeroMQError) {
      try socket.send(header, payload)
    } catch {
      // Not connected: the job stays outstanding and is sent after the next WELCOME.
      if !error.isAgain { logger.error("sending failed", metadata: ["error": "\(error)"]) }
    }
  }
}
