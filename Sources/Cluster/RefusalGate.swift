// SPDX-License-Identifier: Apache-2.0

import Broker

/// How often a peer is told that it is refused: once a second for each reason, however often it asks.
struct RefusalGate {
  private struct Key: Hashable {
    let peer: PeerID
    let code: ErrorCode
  }

  private static let interval: UInt64 = 1_000_000_000
  /// Refusals that are remembered; a flood of more peers is not answered within the second.
  private static let countMax = 8_192

  private var told: Set<Key> = []
  private var since: UInt64 = 0

  /// Whether the peer is to be told now.
  mutating func isDue(_ peer: PeerID, _ code: ErrorCode, now: UInt64) -> Bool {
    if now &- since >= Self.interval {
      told.removeAll(keepingCapacity: true)
      since = now
    }
    return told.count < Self.countMax && told.insert(Key(peer: peer, code: code)).inserted
  }
}
