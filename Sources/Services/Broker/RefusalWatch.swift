// SPDX-License-Identifier: Apache-2.0

/// What a broker's log says of connections that were refused, looked at once a second: one line for each second
/// with refusals, and one when there were none for longer than peers wait between two tries.
struct RefusalWatch {
  enum Note: Equatable {
    /// So many since the last look.
    case refused(UInt64)
    /// There is room again; so many were refused meanwhile.
    case room(UInt64)
  }

  /// Peers try again within two seconds (RECONNECT_IVL of `Socket`).
  static let quietLooksMin = 3

  private var last: UInt64 = 0
  private var episode: UInt64 = 0
  private var quietLooks = 0

  /// - Parameter count: refused since the process began.
  mutating func look(_ count: UInt64) -> Note? {
    let new = count &- last
    last = count
    if new > 0 {
      episode &+= new
      quietLooks = 0
      return .refused(new)
    }
    guard episode > 0 else { return nil }
    quietLooks += 1
    guard quietLooks == Self.quietLooksMin else { return nil }
    defer { episode = 0 }
    return .room(episode)
  }
}
