// SPDX-License-Identifier: Apache-2.0

import CAccept

/// Refuses connections to this process while few file descriptors are left.
///
/// libzmq 4.3.4 aborts the process that has none left for a connection. With a limit set, a connection that would
/// take one of the last ``reserve`` descriptors is closed as it comes: the peer tries again after 50 ms, and
/// those that are in go on. Ten thousand refusals a second, of 580 such peers, cost a tenth of a processor. `Sources/CAccept/accept.c` says how.
public enum ConnectionGate {
  /// Connections of a process, however many descriptors it may have: an idle one takes 27 KiB, so all take 430 MiB.
  public static let connectionsMax = 16_384
  /// Descriptors that are kept for files and for what libzmq opens itself.
  public static let reserve = 64

  /// Refuses connections from now on when fewer than ``reserve`` of this many descriptors are left (a quarter,
  /// when there are fewer than 256), or when ``connectionsMax`` are in use.
  public static func close(atDescriptors descriptorsMax: Int) {
    caccept_set_limit(Int32(number(descriptorsMax)))
  }

  /// The first number that a connection's descriptor must not have.
  static func number(_ descriptorsMax: Int) -> Int {
    min(descriptorsMax - min(reserve, descriptorsMax / 4), connectionsMax)
  }

  /// Connections that were refused since the process began.
  public static var refused: UInt64 { caccept_refused() }

  /// Whether libzmq passes through the gate: not when it is linked into the program.
  public static var isInPlace: Bool { caccept_is_in_place() }
}
