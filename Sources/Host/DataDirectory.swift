// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a local Solvent keeps its files.
///
///     DATA/ledger.sqlite   the books              DATA/journal/      accepted usage
///     DATA/quarantine/     quarantined rows       DATA/log/          one log per process
///     DATA/metrics/        what each process counts
///     DATA/cluster.json    who runs, and where    DATA/run/          sockets (short paths)
public struct DataDirectory: Sendable, Hashable {
  /// The directory's absolute path.
  public let data: String

  /// - Parameters:
  ///   - data: a directory; `nil` takes `SOLVENT_DATA`, else `$XDG_DATA_HOME/solvent`, else
  ///     `~/.local/share/solvent`.
  public init(data: String? = nil, settings: Settings = Settings()) {
    let path = data ?? settings.dataDirectory ?? settings.defaultDataDirectory
    self.data = URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// The ledger's SQLite file.
  public var ledger: String { "\(data)/ledger.sqlite" }
  /// The directory of the journal's segments.
  public var journal: String { "\(data)/journal" }
  /// The directory of files with rejected rows.
  public var quarantine: String { "\(data)/quarantine" }
  /// The directory of the processes' logs.
  public var log: String { "\(data)/log" }
  /// The directory of the processes' metrics.
  public var metrics: String { "\(data)/metrics" }
  /// The file that lists a running cluster's processes.
  public var cluster: String { "\(data)/cluster.json" }
  /// The directory for copies of standard input that are being imported.
  public var spool: String { "\(data)/spool" }

  /// Sockets. A Unix socket's path holds 107 bytes, so a long data directory gets a short stand-in.
  public var run: String {
    let usual = "\(data)/run"
    guard usual.utf8.count > 90 else { return usual }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in data.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    return "/tmp/solvent-\(getuid())-\(String(hash, radix: 36))"
  }

  /// The broker's address over local sockets.
  public var broker: String { "ipc://\(run)" }

  /// Makes the directories, for this user only: file modes are the access control of local sockets.
  /// - Throws: `CocoaError` when a directory cannot be made, or the one of the sockets is somebody
  ///   else's.
  public func create() throws {
    for directory in [data, quarantine, log, metrics, run, spool] {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    }
    // A stand-in under /tmp may have been made by somebody else.
    let attributes = try FileManager.default.attributesOfItem(atPath: run)
    guard (attributes[.ownerAccountID] as? NSNumber)?.uint32Value == getuid() else {
      throw CocoaError(.fileWriteNoPermission, userInfo: [NSFilePathErrorKey: run])
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: run)
  }
}
