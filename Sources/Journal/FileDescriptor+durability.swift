// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

extension FileDescriptor {
  /// The bytes, and what it takes to find them again, reach the disk: fdatasync(2).
  func synchronizeData() throws(Errno) {
    while fdatasync(rawValue) != 0 {
      let error = Errno(rawValue: errno)
      if error != .interrupted { throw error }
    }
  }

  /// The names in a directory reach the disk: fsync(2) on it.
  static func synchronizeDirectory(_ path: String) throws {
    let directory = try FileDescriptor.open(
      FilePath(path), .readOnly, options: [.directory, .closeOnExec])
    try directory.closeAfter {
      guard fsync(directory.rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
  }

  /// Holds the file for this process until it is closed: flock(2).
  /// - Returns: whether nobody else held it.
  func lockExclusively() -> Bool { flock(rawValue, LOCK_EX | LOCK_NB) == 0 }
}

extension Errno {
  /// The disk, or this user's part of it, is full: room may come.
  var isFullDisk: Bool { self == .noSpace || self == .diskQuotaExceeded || self == .fileTooLarge }
}
