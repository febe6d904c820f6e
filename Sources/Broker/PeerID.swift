// SPDX-License-Identifier: Apache-2.0

/// A connected peer: the socket it came in by, and the number that the router gave it.
public struct PeerID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public enum Side: UInt8, Sendable {
    /// Producers and subscribers.
    case front
    /// Workers.
    case work
  }
  public var side: Side
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

  public var description: String { "\(side)-\(number)" }
}
