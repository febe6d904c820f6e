// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// A hardened libzmq socket. One owner, one thread: it cannot be copied.
///
/// All sockets of Solvent are made here, with these settings, so that none is forgotten:
///
///     setting            value        why
///     MAXMSGSIZE         16 MiB       the default is unlimited; a frame above it drops the peer
///                        64 KiB       on XPUB, which receives subscriptions only
///     SNDHWM, RCVHWM     by role      a fuse only: credit is the real bound
///     LINGER             1 s          never unlimited; never a guarantee of delivery
///     HANDSHAKE_IVL      5 s          half-open peers (default 30 s)
///     HEARTBEAT_*        2, 6, 6 s    a dead TCP peer is seen without the application
///     TCP_KEEPALIVE      60, 10, 3    NAT tables; not enough alone
///     RECONNECT_IVL      50 ms … 2 s  restart storms
///     SNDTIMEO           0            no send ever waits: full is an answer
///     ROUTER_MANDATORY   1            a send to a peer that is gone is an error, not silence
///     ROUTER_HANDOVER    0            nobody takes over another's routing id
///     IMMEDIATE          1 (DEALER)   nothing is queued for a broker that is not there
///     IPC_FILTER_UID     our own      other users are refused, whatever the modes of the files
public struct Socket: ~Copyable {
  /// What a socket is for; it decides the libzmq type and the settings.
  public enum Role: Sendable {
    /// Talks to many dealers and knows each by a routing id of libzmq's making.
    case router
    /// Talks to one router.
    case dealer
    /// Publishes by topic; sees subscriptions.
    case publisher
    /// Receives published topics.
    case subscriber
    /// Joins two threads of one process.
    case pair

    var type: Int32 {
      switch self {
      case .router: ZMQ_ROUTER
      case .dealer: ZMQ_DEALER
      case .publisher: ZMQ_XPUB
      case .subscriber: ZMQ_SUB
      case .pair: ZMQ_PAIR
      }
    }
  }

  /// The largest frame that a socket accepts, in bytes.
  public static let frameBytesMax = 16 * 1024 * 1024

  /// A socket as ``PollLoop`` knows it. Unwatch it before the socket is closed.
  public struct Pollable: @unchecked Sendable {
    // Sendable: it is only compared and handed to zmq_poll by the loop thread.
    let handle: UnsafeMutableRawPointer
  }

  let handle: UnsafeMutableRawPointer
  /// For ``PollLoop/watch(_:readable:)``.
  public var pollable: Pollable { Pollable(handle: handle) }
  private let context: Context

  /// Makes a socket with the settings above.
  /// - Parameter highWaterMark: messages queued per peer and direction before a send is refused.
  /// - Throws: ``ZeroMQError`` when the context has ended or there is no descriptor left.
  public init(
    _ context: Context, _ role: Role, highWaterMark: Int32 = 4096
  ) throws(ZeroMQError) {
    guard let handle = zmq_socket(context.handle, role.type) else { throw .last("make a socket") }
    do throws(ZeroMQError) {
      try Self.harden(handle, role, highWaterMark: highWaterMark)
    } catch {
      zmq_close(handle)
      throw error
    }
    self.context = context
    self.handle = handle
  }

  deinit { zmq_close(handle) }

  private static func harden(
    _ handle: UnsafeMutableRawPointer, _ role: Role, highWaterMark: Int32
  ) throws(ZeroMQError) {
    func set(_ option: Int32, _ value: Int32, _ name: String) throws(ZeroMQError) {
      try Self.set(handle, option, value, name)
    }
    let frameMax: Int64 = role == .publisher ? 64 * 1024 : Int64(Self.frameBytesMax)
    try Self.set(handle, ZMQ_MAXMSGSIZE, frameMax, "MAXMSGSIZE")
    try set(ZMQ_SNDHWM, highWaterMark, "SNDHWM")
    try set(ZMQ_RCVHWM, highWaterMark, "RCVHWM")
    try set(ZMQ_LINGER, 1_000, "LINGER")
    try set(ZMQ_HANDSHAKE_IVL, 5_000, "HANDSHAKE_IVL")
    try set(ZMQ_HEARTBEAT_IVL, 2_000, "HEARTBEAT_IVL")
    try set(ZMQ_HEARTBEAT_TIMEOUT, 6_000, "HEARTBEAT_TIMEOUT")
    try set(ZMQ_HEARTBEAT_TTL, 6_000, "HEARTBEAT_TTL")
    try set(ZMQ_TCP_KEEPALIVE, 1, "TCP_KEEPALIVE")
    try set(ZMQ_TCP_KEEPALIVE_IDLE, 60, "TCP_KEEPALIVE_IDLE")
    try set(ZMQ_TCP_KEEPALIVE_INTVL, 10, "TCP_KEEPALIVE_INTVL")
    try set(ZMQ_TCP_KEEPALIVE_CNT, 3, "TCP_KEEPALIVE_CNT")
    try set(ZMQ_RECONNECT_IVL, 50, "RECONNECT_IVL")
    try set(ZMQ_RECONNECT_IVL_MAX, 2_000, "RECONNECT_IVL_MAX")
    try set(ZMQ_SNDTIMEO, 0, "SNDTIMEO")
    switch role {
    case .router:
      try set(ZMQ_ROUTER_MANDATORY, 1, "ROUTER_MANDATORY")
      try set(ZMQ_ROUTER_HANDOVER, 0, "ROUTER_HANDOVER")
    case .dealer:
      try set(ZMQ_IMMEDIATE, 1, "IMMEDIATE")
    case .publisher, .subscriber, .pair:
      break
    }
  }

  private static func set<Value: FixedWidthInteger>(
    _ handle: UnsafeMutableRawPointer, _ option: Int32, _ value: Value, _ name: String
  ) throws(ZeroMQError) {
    var value = value
    if zmq_setsockopt(handle, option, &value, MemoryLayout<Value>.size) != 0 {
      throw .last("set \(name)")
    }
  }

  // MARK: Connections

  /// Opens an endpoint for others to connect to.
  ///
  /// Only ipc and inproc addresses are accepted, and loopback ports where that was asked for
  /// (``Endpoint/isOpenToAll``): without keys, anybody who reaches a port could read and write money. On
  /// ipc, the kernel says who connects (`SO_PEERCRED`, unix(7)), and
  /// libzmq closes the connections of other users, root's too, before a byte is exchanged.
  /// - Throws: ``EndpointError`` for an address that others can reach, ``ZeroMQError``.
  public func bind(_ endpoint: Endpoint) throws {
    try endpoint.mayBeBound()
    if endpoint.address.hasPrefix("ipc://") {
      // Before the bind: a listener keeps the options that its socket had when it was made.
      try Self.set(handle, ZMQ_IPC_FILTER_UID, geteuid(), "IPC_FILTER_UID")
    }
    if zmq_bind(handle, endpoint.address) != 0 { throw ZeroMQError.last("bind \(endpoint)") }
  }

  /// Connects, now or as soon as the other side is there.
  /// - Throws: ``ZeroMQError`` for an endpoint that libzmq refuses.
  public func connect(_ endpoint: Endpoint) throws(ZeroMQError) {
    if zmq_connect(handle, endpoint.address) != 0 { throw .last("connect to \(endpoint)") }
  }

  /// A dealer that is connecting to a router.
  /// - Throws: ``ZeroMQError``, as the initializer and ``connect(_:)``.
  public static func dealer(
    _ context: Context, to endpoint: Endpoint
  ) throws(ZeroMQError) -> Socket {
    let socket = try Socket(context, .dealer)
    try socket.connect(endpoint)
    return socket
  }

  /// Subscribes to every topic that begins with `prefix`.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func subscribe(_ prefix: String) throws(ZeroMQError) {
    var prefix = prefix
    let result = prefix.withUTF8 {
      zmq_setsockopt(handle, ZMQ_SUBSCRIBE, $0.baseAddress, $0.count)
    }
    if result != 0 { throw .last("subscribe to '\(prefix)'") }
  }

  /// Ends a subscription.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func unsubscribe(_ prefix: String) throws(ZeroMQError) {
    var prefix = prefix
    let result = prefix.withUTF8 {
      zmq_setsockopt(handle, ZMQ_UNSUBSCRIBE, $0.baseAddress, $0.count)
    }
    if result != 0 { throw .last("unsubscribe from '\(prefix)'") }
  }

  /// The message that a new subscriber gets first (with this topic, if it subscribed to it).
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func welcome(_ bytes: [UInt8]) throws(ZeroMQError) {
    if zmq_setsockopt(handle, ZMQ_XPUB_WELCOME_MSG, bytes, bytes.count) != 0 {
      throw .last("set XPUB_WELCOME_MSG")
    }
  }

  /// Sets how long closing may wait for unsent messages.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func linger(milliseconds: Int32) throws(ZeroMQError) {
    try Self.set(handle, ZMQ_LINGER, milliseconds, "LINGER")
  }

  /// The endpoint that a bind to port `*` got.
  /// - Throws: ``ZeroMQError``, or ``EndpointError`` for a socket that is not bound.
  public func lastEndpoint() throws -> Endpoint {
    var buffer = [CChar](repeating: 0, count: 256)
    var count = buffer.count
    if zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &buffer, &count) != 0 {
      throw ZeroMQError.last("read LAST_ENDPOINT")
    }
    let text = buffer.prefix(max(0, count - 1)).map { UInt8(bitPattern: $0) }
    return try Endpoint(String(decoding: text, as: UTF8.self))
  }

  // MARK: Frames

  /// Receives the next frame if there is one.
  /// - Returns: `false` when there is nothing to receive.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func receive(into message: inout Message) throws(ZeroMQError) -> Bool {
    while zmq_msg_recv(message.raw, handle, ZMQ_DONTWAIT) == -1 {
      let number = zmq_errno()
      if number == EINTR { continue }
      if number == EAGAIN { return false }
      throw ZeroMQError(number: number, attempt: "receive")
    }
    return true
  }

  /// Waits for the next frame; for tools and tests that own their thread.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func waitReceive(into message: inout Message) throws(ZeroMQError) {
    while zmq_msg_recv(message.raw, handle, 0) == -1 {
      let number = zmq_errno()
      if number != EINTR { throw ZeroMQError(number: number, attempt: "receive") }
    }
  }

  /// Reads and drops the frames that follow within the message at hand.
  /// - Throws: ``ZeroMQError`` when the context has ended.
  public func skipRest(after message: borrowing Message) throws(ZeroMQError) {
    guard message.isFollowed else { return }
    var rest = Message()
    repeat {
      guard try receive(into: &rest) else { return }
    } while rest.isFollowed
  }

  /// Sends a frame; never waits. On success libzmq owns the bytes and `message` is empty.
  /// - Throws: ``ZeroMQError`` with `isAgain` when the peer's queue is full, `isUnreachable` when
  ///   a router does not know the peer. Nothing was sent then.
  public func send(_ message: inout Message, followed: Bool = false) throws(ZeroMQError) {
    let flags = followed ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
    while zmq_msg_send(message.raw, handle, flags) == -1 {
      let number = zmq_errno()
      if number != EINTR { throw ZeroMQError(number: number, attempt: "send") }
    }
  }

  /// Sends a copy of `bytes` as a frame; never waits.
  /// - Throws: ``ZeroMQError``, as ``send(_:followed:)`` of a message.
  public func send(
    _ bytes: UnsafeRawBufferPointer, followed: Bool = false
  ) throws(ZeroMQError) {
    let flags = followed ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
    while zmq_send(handle, bytes.baseAddress, bytes.count, flags) == -1 {
      let number = zmq_errno()
      if number != EINTR { throw ZeroMQError(number: number, attempt: "send") }
    }
  }
}
