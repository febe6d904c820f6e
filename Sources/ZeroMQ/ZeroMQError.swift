// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc

/// A failed libzmq call: the error number, and what was attempted.
public struct ZeroMQError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The error number as `zmq_errno` gives it (a POSIX number or one of libzmq's own).
  public let number: Int32
  /// What was attempted, for a person: "bind ipc:///run/client".
  public let attempt: String

  package init(number: Int32, attempt: String) {
    self.number = number
    self.attempt = attempt
  }

  /// The error of the libzmq call that failed last on this thread.
  @inline(never)
  static func last(_ attempt: String) -> ZeroMQError {
    // zmq_errno, not errno: a libzmq built with another C runtime keeps its own.
    ZeroMQError(number: zmq_errno(), attempt: attempt)
  }

  /// Nothing to receive, or no room to send, on a call that must not wait.
  public var isAgain: Bool { number == EAGAIN }
  /// A ROUTER does not know the peer (any more).
  public var isUnreachable: Bool { number == EHOSTUNREACH }
  /// The context was shut down.
  public var isTerminated: Bool { number == ETERM }

  public var description: String { "\(attempt): \(String(cString: zmq_strerror(number)))" }
}
