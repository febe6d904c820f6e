// SPDX-License-Identifier: Apache-2.0

import CZeroMQ

/// A libzmq context: the I/O threads that all sockets of a process share.
///
/// Use one per process: with several, ending one that used CURVE can break the random source of the
/// others in libzmq 4.3.4 (zeromq/libzmq #4242).
///
/// Every ``Socket`` holds its context, so the context ends after the last socket is closed;
/// `zmq_ctx_term` would otherwise wait for ever.
public final class Context: Sendable {
  // A libzmq context is documented as thread-safe (zmq(7): "Thread safety").
  nonisolated(unsafe) let handle: UnsafeMutableRawPointer

  /// Makes a context.
  /// - Parameters:
  ///   - ioThreads: threads that move bytes; one carries about 1 GB/s.
  ///   - maxSockets: limit on open sockets.
  /// - Throws: ``ZeroMQError`` when there are no file descriptors left.
  public init(ioThreads: Int32 = 1, maxSockets: Int32 = 1023) throws(ZeroMQError) {
    guard let handle = zmq_ctx_new() else { throw .last("make a ZeroMQ context") }
    self.handle = handle
    zmq_ctx_set(handle, ZMQ_IO_THREADS, ioThreads)
    zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, maxSockets)
  }

  deinit {
    while zmq_ctx_term(handle) == -1 && zmq_errno() == EINTR {}
  }

  /// The version of libzmq at run time, such as `4.3.4`.
  public static var libraryVersion: String {
    var major: Int32 = 0
    var minor: Int32 = 0
    var patch: Int32 = 0
    zmq_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
  }

  /// Whether libzmq was built with a capability, such as `curve` or `ipc`.
  public static func has(_ capability: String) -> Bool { zmq_has(capability) == 1 }
}
