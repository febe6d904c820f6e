// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A short directory for sockets, whose paths hold 107 bytes; it goes with its owner.
public final class TemporaryPath: Sendable {
  public let path: String

  public init() throws {
    path = "/tmp/st-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
