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
  }

  private nonisolated let loop: PollLoop
  private let logger: Logger
  private let context: Context
  private let endpoint: Endpoint
  private let prefixes: [String]
  private let updated: @Sendable (Update) -> Void
  private var socket: Socket
  private var machine = SubscriberMachine<SharedMessage>()
  private var actions: [SubscriberMachine<SharedMessage>.Action] = []
  private var topicFrame = Message()
  private var headerFrame = Message()
  private var payloadFrame = Message()

  /// The poll loop's thread: everything isolated to this actor runs there.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    loop.asUnownedSerialExecutor()
  }

  /// - Parameter updated: called on the loop, in order; must return quickly.
  /// - Throws: ``ZeroMQError`` when no socket can be made, `EndpointError` for an address that may
  ///   not be used.
  public init(
    loop: PollLoop, context: Context, address: BrokerAddress, prefixes: [String], logger: Logger,
    updated: @escaping @Sendable (Update) -> Void
  ) throws {
    self.loop = loop
    self.context = context
    self.logger = logger
    self.prefixes = prefixes
    self.updated = updated
    endpoint = address.stream
    socket = try Socket(context, .subscriber, highWaterMark: 10_000)
  }

  /// Subscribes. The state of every topic with one of the prefixes arrives first.
  /// - Throws: ``ZeroMQError``.
  public func start() throws {
    try socket.connect(endpoint)
    for prefix in prefixes { try socket.subscribe(prefix) }
    // Only when nothing can fail any more: a socket that is closed must not be watched.
    watch()
  }

  /// Reads no further messages; the socket closes with the node.
  public func stop() { loop.unwatch(socket.pollable) }

  private func watch() {
    loop.watch(socket.pollable) { [unowned self] in self.assumeIsolated { $0.drain() } }
  }

  /// How many gaps were noticed and healed.
  public var gaps: Int { machine.gaps }

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
        let topic = name.hasSuffix("\0") ? String(name.dropLast()) : name
        machine.received(header, topic: topic, payload, now: now, &actions)
        let batch = actions
        actions.removeAll(keepingCapacity: true)
        for action in batch { try perform(action) }
      }
    } catch {
      logger.error("receiving failed", metadata: ["error": "\(error)"])
    }
  }

  private func perform(_ action: SubscriberMachine<SharedMessage>.Action) throws {
    switch action {
    case .replace(let topic, let sequence, let payload):
      updated(.replace(topic: topic, sequence: sequence, payload))
    case .apply(let topic, let sequence, let payload):
      updated(.apply(topic: topic, sequence: sequence, payload))
    case .resubscribe:
      // A repeated subscription makes the broker publish the snapshot again.
      for prefix in prefixes { try socket.subscribe(prefix) }
    }
  }
}
