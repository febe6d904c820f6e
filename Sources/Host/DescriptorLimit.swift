// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many files and sockets this process may have open (getrlimit(2), RLIMIT_NOFILE).
public struct DescriptorLimit: Equatable, Sendable {
  /// Below this a cluster's processes find no room for each other.
  public static let leastForCluster = 256
  /// Below this a broker has no room for the peers that its protocol admits.
  public static let leastForBroker = 4_096
  /// No process asks for more: some programs close every number up to the limit before they start another, and
  /// containers give a billion.
  static let most = 65_536

  /// What counts.
  public var soft: Int
  /// What the process may raise it to.
  public var hard: Int

  public init(soft: Int, hard: Int) {
    self.soft = soft
    self.hard = hard
  }

  /// Of this process, now.
  public init() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    soft = Int(clamping: limit.rlim_cur)
    hard = Int(clamping: limit.rlim_max)
  }

  /// What the soft limit is to become; never less than it is.
  var raised: DescriptorLimit {
    DescriptorLimit(soft: max(soft, min(hard, Self.most)), hard: hard)
  }

  /// Raises this process's soft limit as far as it may be: the usual 1,024 date from `select`, which nothing
  /// here calls. Children inherit it.
  /// - Returns: the limits from then on.
  @discardableResult
  public static func raise() -> DescriptorLimit {
    let raised = DescriptorLimit().raised
    var limit = rlimit(rlim_cur: rlim_t(raised.soft), rlim_max: rlim_t(raised.hard))
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return DescriptorLimit()
  }
}
