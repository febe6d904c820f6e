// SPDX-License-Identifier: Apache-2.0

/// A connected peer: the socket it came in by, and the number that the router gave it.
public struct PeerID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The socket on which a peer is connected.
  public enum Side: UInt8, Sendable {
    /// Producers and subscribers.
    case client
    /// Workers.
    case worker
  }
  /// The socket that answers must go to.
  public var side: Side
  /// The router's number for the connection, unique on its side.
  public var number: UInt32

  public init(_ side: Side, _ number: UInt32) {
    self.side = side
    self.number = number
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(UInt64(number) << 1 | UInt64(side.rawValue))
  }

  public static func < (a: PeerID, b: PeerID) -> Bool {
    (a.side.rawValue, a.number) < (b.side.rawValue, b.number)
  }

  /// `client-3` or `worker-17`, for logs.
  public var description: String { "\(side)-\(number)" }
}
