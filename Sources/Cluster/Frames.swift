// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
public import ZeroMQ

/// How messages of the protocol lie in ZeroMQ frames.
///
///     router       [routing id: 0, u32] [header] [payload]?          the id is not seen by dealers
///     JOB          [routing id]         [header] [payload] [control]?
///     PUBLISH in   [routing id]         [header] [topic] [payload]
///     stream out   [topic, 0]           [header] [payload]?
extension Socket {
  /// Sends a header, perhaps a payload, and perhaps a control to a broker.
  func send(
    _ header: Header, _ payload: SharedMessage?, control: SharedMessage? = nil
  ) throws(ZeroMQError) {
    try withHeader(header) { (bytes) throws(ZeroMQError) in
      try send(bytes, followed: payload != nil)
    }
    if let payload {
      var frame = payload.copy()
      try send(&frame, followed: control != nil)
    }
    if let control {
      var frame = control.copy()
      try send(&frame)
    }
  }

  /// Sends a header and perhaps a payload to a peer of a router.
  func send(
    _ header: Header, _ payload: SharedMessage?, control: SharedMessage? = nil, to peer: PeerID
  ) throws(ZeroMQError) {
    try withRoutingID(peer.number) { (bytes) throws(ZeroMQError) in
      try send(bytes, followed: true)
    }
    try send(header, payload, control: control)
  }

  /// Publishes under a topic. The final zero keeps `cost/day` from matching `cost/days`.
  func publish(
    _ topic: String, _ header: Header, _ payload: SharedMessage?
  ) throws(ZeroMQError) {
    let name = Array(topic.utf8) + [0]
    try name.span.bytes.withUnsafeBytes { (bytes) throws(ZeroMQError) in
      try send(bytes, followed: true)
    }
    try send(header, payload)
  }

  private func withHeader(
    _ header: Header, _ body: (UnsafeRawBufferPointer) throws(ZeroMQError) -> Void
  ) throws(ZeroMQError) {
    var storage: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &storage) { header.write(to: $0) }
    try withUnsafeBytes(of: storage) { (bytes) throws(ZeroMQError) in try body(bytes) }
  }

  private func withRoutingID(
    _ number: UInt32, _ body: (UnsafeRawBufferPointer) throws(ZeroMQError) -> Void
  ) throws(ZeroMQError) {
    // Little-endian byte order puts the zero first, then the number as libzmq wrote it.
    let storage = (UInt64(number.bigEndian) << 8).littleEndian
    try withUnsafeBytes(of: storage) { (bytes) throws(ZeroMQError) in
      try body(UnsafeRawBufferPointer(rebasing: bytes[0..<5]))
    }
  }
}

extension Message {
  /// The number in a routing id that libzmq made: a zero byte and four more.
  var routingNumber: UInt32? {
    withUnsafeBytes { bytes in
      guard bytes.count == 5, bytes[0] == 0 else { return nil }
      return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
    }
  }

  func header() throws(Header.Problem) -> Header {
    try withUnsafeBytes { (bytes) throws(Header.Problem) in try Header(bytes) }
  }

  var text: String? {
    withUnsafeBytes { String(validating: $0, as: UTF8.self) }
  }
}

extension SharedMessage {
  // Not inlined: Swift 6.3.1 crashes with -O when it inlines this into an `async` function of another
  // module ("While splitting coroutine", LLVM's coro-split). docs/ARCHITECTURE.md says how it was
  // found; try again with each new compiler.
  /// A message with the deterministic CBOR of `value`.
  /// - Throws: `CBORError` when the value cannot be encoded, ``ZeroMQError`` when memory is short.
  @inline(never)
  public convenience init(encoding value: some Encodable) throws {
    try self.init(CBOREncoder().encode(value))
  }

  /// The value in the frame.
  /// - Throws: `CBORError`, or what the type throws.
  public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try withUnsafeBytes { try CBORDecoder().decode(type, from: $0) }
  }
}

extension SharedMessage {
  /// The text in the frame; what is not UTF-8 is replaced.
  var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}
