// SPDX-License-Identifier: Apache-2.0

import Broker
import Logging
import ZeroMQ

/// A peer's end of its connection to the broker: reads messages, writes them, and tells of changes of
/// the connection once.
struct BrokerLink: ~Copyable {
  /// A message from the broker.
  enum Arrival {
    case welcome(Welcome)
    case message(Header, SharedMessage?, control: SharedMessage?)
    /// The broker speaks another major version; the log says so.
    case otherVersion
  }

  /// Messages per turn of the loop: others wait for theirs.
  private static let messagesPerTurn = 256

  private let socket: Socket
  private let logger: Logger
  private let address: BrokerAddress
  private let since = PollLoop.now()
  private var headerFrame = Message()
  private var payloadFrame = Message()
  private var left = Self.messagesPerTurn
  private var unsentGreeting: SharedMessage?
  private var hasLoggedWaiting = false
  private var hasLoggedVersion = false
  private var loggedRefusal: ConnectionNote?
  private(set) var isConnected = false

  /// - Parameter endpoint: the broker's socket for peers of this kind.
  init(
    _ context: Context, _ address: BrokerAddress, _ endpoint: Endpoint, logger: Logger
  ) throws {
    self.address = address
    self.logger = logger
    socket = try Socket.dealer(context, to: endpoint)
  }

  var pollable: Socket.Pollable { socket.pollable }

  /// The next message; `nil` when there is none now, or when it is others' turn.
  mutating func next() -> Arrival? {
    while left > 0 {
      left -= 1
      do {
        guard try socket.receive(into: &headerFrame) else { break }
        var payload: SharedMessage?
        var control: SharedMessage?
        if headerFrame.isFollowed, try socket.receive(into: &payloadFrame) {
          let isFollowed = payloadFrame.isFollowed
          payload = SharedMessage(payloadFrame.take())
          if isFollowed, try socket.receive(into: &payloadFrame) {
            try socket.skipRest(after: payloadFrame)
            control = SharedMessage(payloadFrame.take())
          }
        }
        if let arrival = try arrival(payload, control) { return arrival }
      } catch {
        logger.error("a message was not understood", metadata: ["error": "\(error)"])
      }
    }
    left = Self.messagesPerTurn
    return nil
  }

  private mutating func arrival(
    _ payload: SharedMessage?, _ control: SharedMessage?
  ) throws -> Arrival? {
    let header: Header
    do throws(Header.Problem) {
      header = try headerFrame.header()
    } catch {
      guard case .version(let other) = error else { throw error }
      if !hasLoggedVersion {
        logger.error(
          """
          the broker at \(address) speaks version \(other) of the protocol, this program \
          \(Header.major); use the same release
          """)
      }
      hasLoggedVersion = true
      return .otherVersion
    }
    guard header.command == .welcome else { return .message(header, payload, control: control) }
    return try payload.map { .welcome(try $0.decode(Welcome.self)) }
  }

  func send(_ header: Header, _ payload: SharedMessage?, control: SharedMessage? = nil) {
    do throws(ZeroMQError) {
      try socket.send(header, payload, control: control)
    } catch {
      // Not connected: what matters is sent again after the next WELCOME, by those who hold it.
      if !error.isAgain { logger.error("sending failed", metadata: ["error": "\(error)"]) }
    }
  }

  mutating func greet(_ hello: Hello) {
    do {
      let payload = try SharedMessage(encoding: hello)
      unsentGreeting = payload
      _ = retryGreeting()
    } catch {
      logger.error("encoding failed", metadata: ["error": "\(error)"])
    }
  }

  /// Sends a greeting that could not be sent yet: connecting takes a millisecond, and nobody should
  /// wait for the next greeting because of it.
  /// - Returns: whether trying again soon may help. After a second the broker is not there, and the
  ///   usual greetings are enough: nobody is to be woken for nothing.
  mutating func retryGreeting() -> Bool {
    if let payload = unsentGreeting {
      do throws(ZeroMQError) {
        try socket.send(Header(.hello), payload)
        unsentGreeting = nil
      } catch {
        if !error.isAgain { logger.error("sending failed", metadata: ["error": "\(error)"]) }
      }
    }
    return !isConnected && PollLoop.now() - since < 1_000_000_000
  }

  /// Sends `[header] [topic] [payload]`: the broker reads the topic, not the payload.
  func publish(_ header: Header, _ topic: String, _ payload: SharedMessage) {
    do throws(ZeroMQError) {
      var name = try Message(Array(topic.utf8))
      var frame = payload.copy()
      var head = try Message(count: Header.byteCount) { header.write(to: $0) }
      try socket.send(&head, followed: true)
      try socket.send(&name, followed: true)
      try socket.send(&frame)
    } catch {
      // The next snapshot heals it.
      logger.debug("publishing failed", metadata: ["error": "\(error)"])
    }
  }

  /// Says once that we wait, when the broker is not there after a second.
  mutating func logWaiting() {
    guard !hasLoggedWaiting, !isConnected, PollLoop.now() - since > 1_000_000_000 else { return }
    hasLoggedWaiting = true
    logger.notice("waiting for the broker", metadata: ["address": "\(address)"])
  }

  /// Takes a change of the connection and reports it.
  mutating func changed(_ note: ConnectionNote) {
    let wasConnected = isConnected
    isConnected = note == .joined
    // Greeting goes on, in case the broker is replaced; each answer says the same.
    if note == loggedRefusal { return }
    loggedRefusal = if case .refused = note { note } else { nil }
    switch note {
    case .joined:
      if !wasConnected { logger.notice("joined the broker") }
    case .lost:
      if wasConnected { logger.warning("the broker is silent; waiting for it") }
    case .refused(.version?, _):
      logger.error(
        "the broker at \(address) refuses protocol version \(Header.major); use the same release"
      )
    case .refused(let code, let reason):
      logger.error(
        "the broker refuses us",
        metadata: ["code": "\(code.map { "\($0)" } ?? "unknown")", "reason": "\(reason)"])
    }
  }
}
