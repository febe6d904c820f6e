// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Logging
public import ZeroMQ

/// A job at a worker.
public struct Job: Sendable {
  public let id: JobID
  /// How often it was handed out before.
  public let attempt: Int
  public let service: String
  public let payload: SharedMessage
}

/// What carrying out a job came to.
public typealias JobOutcome = WorkerMachine<SharedMessage>.Outcome

/// A worker on its socket. Jobs are computed elsewhere, never on the loop: heartbeats go on while a
/// job is hard at work.
public actor WorkerNode {
  private nonisolated let loop: PollLoop
  private let logger: Logger
  private let socket: Socket
  private var machine: WorkerMachine<SharedMessage>
  private var actions: [WorkerMachine<SharedMessage>.Action] = []
  private let carryOut: @Sendable (Job) -> Void
  private let publishAll: @Sendable () -> Void
  private let cancelled: @Sendable (JobID) -> Void
  private var timer: Int?
  private var whenLeft: [CheckedContinuation<Void, Never>] = []
  private var hasLeft = false
  private var isConnected = false
  private var waiting: WaitingNote
  private var headerFrame = Message()
  private var payloadFrame = Message()

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// - Parameters:
  ///   - places: how many jobs it holds at once.
  ///   - carryOut: called on the loop for each job; it must hand the job to another thread and
  ///     return. The outcome goes to ``finished(_:_:)``.
  ///   - publishAll: called on the loop when the broker wants the whole state of all topics.
  ///   - cancelled: called on the loop when nobody wants a job's outcome any more.
  public init(
    loop: PollLoop, context: Context, address: BrokerAddress, hello: Hello, places: Int,
    logger: Logger, publishAll: @escaping @Sendable () -> Void = {},
    cancelled: @escaping @Sendable (JobID) -> Void = { _ in },
    carryOut: @escaping @Sendable (Job) -> Void
  ) throws {
    self.loop = loop
    self.logger = logger
    waiting = WaitingNote(address: address)
    self.carryOut = carryOut
    self.publishAll = publishAll
    self.cancelled = cancelled
    socket = try Socket.dealer(context, to: address.work)
    machine = WorkerMachine(hello, places: places, now: PollLoop.now())
  }

  /// Begins to greet and to work.
  public func start() {
    loop.watch(socket.pollable) { [unowned self] in self.assumeIsolated { $0.drain() } }
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
    loop.unwatch(socket.pollable)
    if let timer { loop.cancelTimer(timer) }
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

  /// Publishes a change (or the whole state) of a topic.
  public func publish(
    _ topic: String, epoch: UInt64, sequence: UInt64, isWhole: Bool, _ payload: SharedMessage
  ) {
    guard machine.isLive else { return }
    let header = Header(
      .publish, flags: isWhole ? Header.wholeState : 0, job: JobID(epoch: epoch, sequence: 0),
      argument: sequence)
    do throws(ZeroMQError) {
      // [header] [topic] [payload]: the broker reads the topic, not the payload.
      var name = try Message(Array(topic.utf8))
      var frame = payload.copy()
      var head = try Message(count: Header.byteCount) { header.write(to: $0) }
      try socket.send(&head, followed: true)
      try socket.send(&name, followed: true)
      try socket.send(&frame)
    } catch {
      // The next whole state heals it.
      logger.debug("publishing failed", metadata: ["error": "\(error)"])
    }
  }

  private func tick() {
    waiting.tell(logger, isConnected: isConnected)
    machine.tick(now: PollLoop.now(), &actions)
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
    } catch let problem as Header.Problem {
      logger.error("the broker speaks otherwise", metadata: ["problem": "\(problem)"])
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

  private func perform(_ action: WorkerMachine<SharedMessage>.Action) {
    switch action {
    case .hello(let hello): greet(hello)
    case .send(let header, let payload): send(header, payload)
    case .run(let header, let service, let payload):
      carryOut(
        Job(id: header.job, attempt: Int(header.attempt), service: service, payload: payload))
    case .cancel(let id): cancelled(id)
    case .publishAll: publishAll()
    case .connection(let note): isConnected = logger.log(note, wasConnected: isConnected)
    case .left:
      hasLeft = true
      for continuation in whenLeft { continuation.resume() }
      whenLeft = []
    }
  }

  private func greet(_ hello: Hello) {
    do {
      send(Header(.hello), try SharedMessage(encoding: hello))
    } catch {
      logger.error("encoding failed", metadata: ["error": "\(error)"])
    }
  }

  private func send(_ header: Header, _ payload: SharedMessage?) {
    do throws(ZeroMQError) {
      try socket.send(header, payload)
    } catch {
      // No broker is connected: what matters is sent again after the next WELCOME, by those who
      // hold it durably.
      if !error.isAgain { logger.error("sending failed", metadata: ["error": "\(error)"]) }
    }
  }
}

/// Says once that we wait, when the broker is not there after a second.
struct WaitingNote {
  private let address: BrokerAddress
  private let since = PollLoop.now()
  private var wasTold = false

  init(address: BrokerAddress) { self.address = address }

  mutating func tell(_ logger: Logger, isConnected: Bool) {
    guard !wasTold, !isConnected, PollLoop.now() - since > 1_000_000_000 else { return }
    wasTold = true
    logger.notice("waiting for the broker", metadata: ["address": "\(address)"])
  }
}

extension Logger {
  /// Tells a change of the connection once.
  /// - Returns: whether it is connected now.
  func log(_ note: ConnectionNote, wasConnected: Bool) -> Bool {
    switch note {
    case .joined:
      if !wasConnected { notice("joined the broker") }
      return true
    case .lost:
      if wasConnected { warning("the broker is silent; waiting for it") }
      return false
    case .refused(let code):
      error(
        "the broker refuses us",
        metadata: ["code": "\(code.map { "\($0)" } ?? "unknown")"])
      return false
    }
  }
}
