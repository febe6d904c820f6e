// SPDX-License-Identifier: Apache-2.0

public import Broker
import CBOR
public import Logging
public import ZeroMQ

/// The broker on its sockets: reads messages, asks the machine, carries out what it says.
public actor BrokerNode {
  private static let messagesPerTurn = 256

  private nonisolated let loop: PollLoop
  private let address: BrokerAddress
  private let logger: Logger
  private let client: Socket
  private let worker: Socket
  private let stream: Socket
  // Not checked for exclusive access, which would cost a fifth of the round trips of small messages. It
  // cannot be violated: only this actor's methods touch these, one at a time on its loop's thread, and the
  // machine, a struct without closures, knows nobody to call back.
  @exclusivity(unchecked) private var machine: BrokerMachine<SharedMessage>
  @exclusivity(unchecked) private var actions: [BrokerMachine<SharedMessage>.Action] = []
  private var timer: Int?
  private let heartbeat: Int

  // Reused for every message: a fresh zmq_msg_t each time costs a tenth of the throughput.
  @exclusivity(unchecked) private var routingFrame = Message()
  @exclusivity(unchecked) private var headerFrame = Message()
  @exclusivity(unchecked) private var payloadFrame = Message()
  private var refusals = RefusalGate()

  /// The poll loop's thread: everything isolated to this actor runs there.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// Makes the sockets and binds them.
  /// - Throws: ``ZeroMQError`` or ``EndpointError`` when an endpoint cannot be bound.
  public init(
    loop: PollLoop, context: Context, address: BrokerAddress,
    settings: BrokerMachine<SharedMessage>.Settings, release: String, logger: Logger
  ) throws {
    self.loop = loop
    self.address = address
    self.logger = logger
    heartbeat = settings.heartbeatMilliseconds
    let client = try Socket(context, .router, highWaterMark: Int32(4 * settings.jobsMax))
    let worker = try Socket(context, .router, highWaterMark: Int32(4 * settings.jobsMax))
    let stream = try Socket(context, .publisher, highWaterMark: 1_000)
    try client.bind(address.client)
    try worker.bind(address.worker)
    try stream.bind(address.stream)
    self.client = client
    self.worker = worker
    self.stream = stream
    machine = BrokerMachine(
      settings: settings, release: release, identity: UInt64.random(in: 1...UInt64.max),
      now: PollLoop.now())
  }

  /// Begins to serve.
  public func start() {
    loop.watch(client.pollable) { [unowned self] in self.assumeIsolated { $0.drain(.client) } }
    loop.watch(worker.pollable) { [unowned self] in self.assumeIsolated { $0.drain(.worker) } }
    loop.watch(stream.pollable) { [unowned self] in self.assumeIsolated { $0.drainSubscriptions() }
    }
    timer = loop.every(milliseconds: UInt64(heartbeat)) { [unowned self] in
      self.assumeIsolated { node in
        node.machine.tick(now: PollLoop.now(), &node.actions)
        node.perform()
      }
    }
    logger.notice("broker ready", metadata: ["address": "\(address)"])
  }

  /// What is going on now.
  public func status() -> BrokerStatus { machine.status(now: PollLoop.now()) }

  /// Stops serving. Peers notice by the silence and greet the next broker.
  public func stop() {
    loop.unwatch(client.pollable)
    loop.unwatch(worker.pollable)
    loop.unwatch(stream.pollable)
    if let timer { loop.cancelTimer(timer) }
  }

  // MARK: Receiving

  private func drain(_ side: PeerID.Side) {
    let now = PollLoop.now()
    do {
      for _ in 0..<Self.messagesPerTurn {
        let isMore =
          switch side {
          case .client: try client.receive(into: &routingFrame)
          case .worker: try worker.receive(into: &routingFrame)
          }
        guard isMore else { break }
        switch side {
        case .client: try receive(client, side, now)
        case .worker: try receive(worker, side, now)
        }
      }
    } catch {
      logger.error("receiving failed", metadata: ["error": "\(error)"])
    }
  }

  private func receive(
    _ socket: borrowing Socket, _ side: PeerID.Side, _ now: UInt64
  ) throws {
    guard routingFrame.isFollowed, let number = routingFrame.routingNumber,
      try socket.receive(into: &headerFrame)
    else { return try socket.skipRest(after: routingFrame) }
    let peer = PeerID(side, number)
    let header: Header
    do throws(Header.Problem) {
      header = try headerFrame.header()
    } catch {
      try socket.skipRest(after: headerFrame)
      switch error {
      case .version(let other):
        machine.refuse(
          peer, .version, "this is version \(Header.major) of the protocol, not \(other)", &actions)
      case .malformed:
        machine.refuse(peer, .malformed, "not a header of the protocol", &actions)
      }
      return perform()
    }
    var topic: String?
    if header.command == .publish && headerFrame.isFollowed {
      guard try socket.receive(into: &payloadFrame), payloadFrame.isFollowed else { return }
      topic = payloadFrame.text
    }
    var payload: SharedMessage?
    var control: SharedMessage?
    if headerFrame.isFollowed {
      guard try socket.receive(into: &payloadFrame) else { return }
      let isFollowed = payloadFrame.isFollowed
      payload = SharedMessage(payloadFrame.take())
      if isFollowed {
        guard try socket.receive(into: &payloadFrame) else { return }
        if payloadFrame.isFollowed || header.command != .job {
          try socket.skipRest(after: payloadFrame)
          machine.refuse(peer, .malformed, "a message of too many frames", &actions)
          return perform()
        }
        control = SharedMessage(payloadFrame.take())
      }
    }
    handle(header, topic, payload, control, peer, now)
    perform()
  }

  private func handle(
    _ header: Header, _ topic: String?, _ payload: SharedMessage?, _ control: SharedMessage?,
    _ peer: PeerID, _ now: UInt64
  ) {
    switch (header.command, payload) {
    case (.hello, let payload?):
      do {
        guard payload.count <= Self.helloBytesMax else { throw Oversized() }
        machine.greeted(try payload.decode(Hello.self), by: peer, now: now, &actions)
      } catch {
        machine.refuse(peer, .malformed, "a greeting that cannot be read: \(error)", &actions)
      }
    case (.publish, let payload?) where topic != nil:
      machine.published(
        header, topic: topic ?? "", payload, bytes: payload.count, by: peer, now: now, &actions)
    case (.hello, nil), (.publish, _):
      machine.refuse(peer, .malformed, "a frame is missing, or a topic is not text", &actions)
    default:
      let controlBytes = control?.count ?? 0
      machine.received(
        header, payload, control: control, controlBytes: controlBytes,
        bytes: (payload?.count ?? 0) + controlBytes, from: peer, now: now, &actions)
    }
  }

  /// Above what the largest greeting takes: 32 names and 64 routes of 8.
  private static let helloBytesMax = 64 * 1_024

  private struct Oversized: Error, CustomStringConvertible {
    var description: String { "it is larger than \(helloBytesMax) bytes" }
  }

  /// XPUB hands subscriptions up: 1 and the prefix for a new one, 0 and the prefix for its end.
  private func drainSubscriptions() {
    do {
      for _ in 0..<Self.messagesPerTurn {
        guard try stream.receive(into: &payloadFrame) else { break }
        let prefix: String? = payloadFrame.withUnsafeBytes { bytes in
          guard bytes.first == 1 else { return nil }
          return String(validating: bytes.dropFirst(), as: UTF8.self)
        }
        if let prefix { machine.subscribed(prefix, &actions) }
      }
    } catch {
      logger.error("receiving subscriptions failed", metadata: ["error": "\(error)"])
    }
    perform()
  }

  // MARK: Acting

  private func perform() {
    var index = 0
    // Carrying out one action may add others (a peer turns out to be gone).
    while index < actions.count {
      perform(actions[index])
      index += 1
    }
    actions.removeAll(keepingCapacity: true)
  }

  private func perform(_ action: BrokerMachine<SharedMessage>.Action) {
    switch action {
    case .send(let peer, let header, let payload):
      send(header, payload, nil, to: peer)
    case .sendWithControl(let peer, let header, let payload, let control):
      send(header, payload, control, to: peer)
    case .refuse(let peer, let code, let reason):
      // One a second for each peer and reason is enough; answering every message of a flood feeds it.
      guard refusals.isDue(peer, code, now: PollLoop.now()) else { return }
      let text = try? SharedMessage(Array(reason.utf8))
      send(Header(.error, argument: code.rawValue), text, nil, to: peer)
    case .welcome(let peer, let welcome):
      sendEncoded(Header(.welcome), welcome, to: peer)
    case .status(let peer, let header, let status):
      sendEncoded(header, status, to: peer)
    case .publish(let topic, let header, let payload):
      do {
        try stream.publish(topic, header, payload)
      } catch {
        logger.warning("publishing failed", metadata: ["error": "\(error)"])
      }
    case .note(let note):
      log(note)
    }
  }

  private func sendEncoded(_ header: Header, _ value: some Encodable, to peer: PeerID) {
    do {
      send(header, try SharedMessage(encoding: value), nil, to: peer)
    } catch {
      logger.error("encoding failed", metadata: ["error": "\(error)"])
    }
  }

  private func send(
    _ header: Header, _ payload: SharedMessage?, _ control: SharedMessage?, to peer: PeerID
  ) {
    do throws(ZeroMQError) {
      switch peer.side {
      case .client: try client.send(header, payload, control: control, to: peer)
      case .worker: try worker.send(header, payload, control: control, to: peer)
      }
    } catch {
      if error.isUnreachable {
        machine.unreachable(peer, now: PollLoop.now(), &actions)
      } else if error.isAgain {
        machine.full(peer, header, now: PollLoop.now(), &actions)
      } else {
        logger.error("sending failed", metadata: ["peer": "\(peer)", "error": "\(error)"])
      }
    }
  }

  private func log(_ note: BrokerMachine<SharedMessage>.Note) {
    switch note {
    case .joined(let peer, let name, let role):
      logger.notice(
        "joined", metadata: ["peer": "\(peer)", "name": "\(name)", "role": "\(role.rawValue)"])
    case .lost(let peer, let name, let requeued, let reason):
      logger.warning(
        "lost",
        metadata: [
          "peer": "\(peer)", "name": "\(name)", "requeued": "\(requeued)",
          "reason": "\(reason.rawValue)",
        ])
    case .left(let peer, let name):
      logger.notice("left", metadata: ["peer": "\(peer)", "name": "\(name)"])
    case .deadLetter(let job, let service, let workers):
      logger.error(
        "dead letter",
        metadata: [
          "job": "\(job)", "service": "\(service)",
          "workers": "\(workers.joined(separator: ","))",
        ])
    case .refused(let peer, let code, let reason):
      logger.warning(
        "refused", metadata: ["peer": "\(peer)", "code": "\(code)", "reason": "\(reason)"])
    case .quarantined(let peer, let name, let by):
      logger.critical(
        "a worker's results are wrong; it gets no more jobs until it is started anew",
        metadata: ["peer": "\(peer)", "name": "\(name)", "by": "\(by)"])
    }
  }
}
