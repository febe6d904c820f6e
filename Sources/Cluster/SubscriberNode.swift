// SPDX-License-Identifier: Apache-2.0

import Broker
public import Logging
public import ZeroMQ

/// A subscriber on its socket.
public actor SubscriberNode {
  /// What a subscriber learns.
  public enum Update: Sendable {
    /// Everything known of the topic is replaced.
    case replace(topic: String, sequence: UInt64, SharedMessage)
    /// A change of what is known.
    case apply(topic: String, sequence: UInt64, SharedMessage)
    /// Everything that the broker had was shown; what follows is news.
    case caughtUp
  }

  private nonisolated let loop: PollLoop
  private let logger: Logger
  private let endpoint: Endpoint
  private let prefixes: [String]
  private let updated: @Sendable (Update) -> Void
  private var socket: Socket
  private var machine: SubscriberMachine<SharedMessage>
  private var actions: [SubscriberMachine<SharedMessage>.Action] = []
  private var topicFrame = Message()
  private var headerFrame = Message()
  private var payloadFrame = Message()
  /// `@`, 16 digits and `/`: what the broker keeps comes under it, to this subscriber alone.
  private var token = ""
  private var timer: Int?

  /// The poll loop's thread: everything isolated to this actor runs there.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// - Parameters:
  ///   - prefixes: beginnings of topics; a topic is sent with a zero at its end, so that one that ends
  ///     with a zero is exact.
  ///   - updated: called on the loop, in order; must return quickly.
  /// - Throws: ``ZeroMQError`` when no socket can be made, `EndpointError` for an address that may
  ///   not be used.
  public init(
    loop: PollLoop, context: Context, address: BrokerAddress, prefixes: [String], logger: Logger,
    updated: @escaping @Sendable (Update) -> Void
  ) throws {
    self.loop = loop
    self.logger = logger
    self.prefixes = prefixes
    self.updated = updated
    endpoint = address.stream
    socket = try Socket(context, .subscriber, highWaterMark: 10_000)
    machine = SubscriberMachine(prefixes: prefixes.count, now: PollLoop.now())
  }

  /// Subscribes. The state of every topic with one of the prefixes arrives first, then `caughtUp`.
  /// - Throws: ``ZeroMQError``.
  public func start() throws {
    try socket.connect(endpoint)
    // Before the token: what is news when the broker answers must not be missed.
    for prefix in prefixes { try socket.subscribe(prefix) }
    try join()
    // Only when nothing can fail any more: a socket that is closed must not be watched.
    loop.watch(socket.pollable) { [unowned self] in self.assumeIsolated { $0.drain() } }
    timer = loop.every(milliseconds: 200) { [unowned self] in
      self.assumeIsolated { node in
        node.machine.tick(now: PollLoop.now(), &node.actions)
        node.perform()
      }
    }
  }

  /// Has everything shown again, from the snapshots on: whoever shows it has lost a part.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func restart() throws {
    machine = SubscriberMachine(prefixes: prefixes.count, now: PollLoop.now())
    try join()
  }

  /// Reads no further messages; the socket closes with the node.
  public func stop() {
    loop.unwatch(socket.pollable)
    if let timer { loop.cancelTimer(timer) }
  }

  /// How many gaps were noticed and healed.
  public var gaps: Int { machine.gaps }

  private func join() throws {
    let last = token
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    token = "@" + String(repeating: "0", count: 16 - digits.count) + digits + "/"
    for prefix in prefixes {
      if !last.isEmpty { try socket.unsubscribe(last + prefix) }
      try socket.subscribe(token + prefix)
    }
  }

  private func drain() {
    let now = PollLoop.now()
    do {
      for _ in 0..<256 {
        guard try socket.receive(into: &topicFrame) else { break }
        guard topicFrame.isFollowed, try socket.receive(into: &headerFrame) else { continue }
        var payload: SharedMessage?
        if headerFrame.isFollowed, try socket.receive(into: &payloadFrame) {
          try socket.skipRest(after: payloadFrame)
          payload = SharedMessage(payloadFrame.take())
        }
        guard let name = topicFrame.text, let header = try? headerFrame.header() else {
          logger.warning("a stream message was not understood")
          continue
        }
        guard let topic = topic(name) else { continue }
        machine.received(header, topic: topic, payload, now: now, &actions)
        perform()
      }
    } catch {
      logger.error("receiving failed", metadata: ["error": "\(error)"])
    }
  }

  /// The topic of a message; `nil` when it came under a token that is no longer ours.
  private func topic(_ name: String) -> String? {
    var name = name[...]
    if name.hasPrefix("@") {
      guard name.hasPrefix(token) else { return nil }
      name = name.dropFirst(token.count)
    }
    return String(name.hasSuffix("\0") ? name.dropLast() : name)
  }

  private func perform() {
    let batch = actions
    actions.removeAll(keepingCapacity: true)
    for action in batch {
      switch action {
      case .replace(let topic, let sequence, let payload):
        updated(.replace(topic: topic, sequence: sequence, payload))
      case .apply(let topic, let sequence, let payload):
        updated(.apply(topic: topic, sequence: sequence, payload))
      case .caughtUp: updated(.caughtUp)
      case .join:
        do {
          try join()
        } catch {
          logger.error("joining a stream failed", metadata: ["error": "\(error)"])
        }
      }
    }
  }
}
