// SPDX-License-Identifier: Apache-2.0

import CZeroMQ

/// One frame. Sending it hands its bytes to libzmq; it may then be received into again.
///
/// The `zmq_msg_t` lives on the heap because payloads of up to 33 bytes are stored inside it: a
/// pointer to them is valid only while the structure stays where it is.
public struct Message: ~Copyable {
  let raw: UnsafeMutablePointer<zmq_msg_t>

  /// An empty frame.
  public init() {
    raw = .allocate(capacity: 1)
    zmq_msg_init(raw)
  }

  /// A frame of `count` bytes, written by `body`.
  /// - Throws: ``ZeroMQError`` when there is no memory.
  public init(count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) throws(ZeroMQError) {
    let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    if zmq_msg_init_size(message, count) != 0 {
      let error = ZeroMQError.last("allocate a message of \(count) bytes")
      message.deallocate()
      throw error
    }
    body(UnsafeMutableRawBufferPointer(start: zmq_msg_data(message), count: count))
    raw = message
  }

  /// A frame that holds a copy of `bytes`.
  /// - Throws: ``ZeroMQError`` when there is no memory.
  public init(copying bytes: UnsafeRawBufferPointer) throws(ZeroMQError) {
    try self.init(count: bytes.count) { if bytes.count > 0 { $0.copyMemory(from: bytes) } }
  }

  /// A frame that holds a copy of `bytes`.
  /// - Throws: ``ZeroMQError`` when there is no memory.
  public init(_ bytes: [UInt8]) throws(ZeroMQError) {
    try self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  deinit {
    zmq_msg_close(raw)
    raw.deallocate()
  }

  /// The number of bytes.
  public var count: Int { zmq_msg_size(raw) }

  /// Whether another frame of the same message follows.
  public var isFollowed: Bool { zmq_msg_more(raw) != 0 }

  /// The bytes, valid while the frame is neither sent nor received into: the compiler checks it.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = RawSpan(
        _unsafeStart: UnsafeRawPointer(zmq_msg_data(raw)!), byteCount: zmq_msg_size(raw))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Calls `body` with the bytes, which are valid only during the call.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: zmq_msg_data(raw), count: zmq_msg_size(raw)))
  }

  /// A second frame with the same bytes. Larger payloads are shared by a counter, not copied.
  public func shared() -> Message {
    let copy = Message()
    zmq_msg_copy(copy.raw, raw)
    return copy
  }

  /// Moves the bytes into a new frame and leaves this one empty.
  public mutating func take() -> Message {
    let moved = Message()
    zmq_msg_move(moved.raw, raw)
    return moved
  }
}

/// A frame that several owners may hold and send, each without copying its bytes.
public final class SharedMessage: @unchecked Sendable {
  // Sendable: the frame is never changed after init; reading it and `zmq_msg_copy`, which only
  // raises an atomic counter for payloads on the heap, are safe from any thread. The copy of a
  // small payload reads only. (`zmq_msg_copy` marks the source as shared once: done in init.)
  private let message: Message

  /// Takes the frame over.
  public init(_ message: consuming Message) {
    // The first zmq_msg_copy writes a flag into the source; do it before others can see it.
    _ = message.shared()
    self.message = message
  }

  /// A frame with a copy of `bytes`.
  /// - Throws: ``ZeroMQError`` when there is no memory.
  public convenience init(_ bytes: [UInt8]) throws(ZeroMQError) {
    self.init(try Message(bytes))
  }

  /// The number of bytes.
  public var count: Int { message.count }

  /// Calls `body` with the bytes, which are valid only during the call.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try message.withUnsafeBytes(body)
  }

  /// A frame to send.
  public func copy() -> Message { message.shared() }

  /// The bytes as an array.
  public var array: [UInt8] { withUnsafeBytes { Array($0) } }
}
