// SPDX-License-Identifier: Apache-2.0

import Foundation
import Host
import SystemPackage

/// A log that this program has opened for an import: with the rights of whoever runs it, not with the service's.
enum OpenLog {
  /// Opens a file; `-` is standard input. What cannot be read twice (a pipe, a terminal) is copied first: only
  /// a whole file has a digest, by which a repetition is known, and a place to go on from after a crash.
  /// - Returns: a regular file, the caller's to close.
  /// - Throws: `Errno` when it cannot be read; ``Failure`` when the copy cannot be written.
  static func open(_ path: String, spool directory: DataDirectory) throws -> FileDescriptor {
    let file =
      path == "-"
      ? try FileDescriptor.standardInput.duplicate()
      : try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
    do {
      switch try file.stat().type {
      // Standard input may be in the middle of one.
      case .regular where path != "-": return file
      case .directory: throw Errno.isDirectory
      default: return try file.closeAfter { try copy(file, directory) }
      }
    } catch {
      try? file.close()
      throw error
    }
  }

  /// The copy has no name: it is gone with the last descriptor, however this program ends.
  private static func copy(
    _ input: FileDescriptor, _ directory: DataDirectory
  ) throws -> FileDescriptor {
    let path = "\(directory.spool)/stdin-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    do {
      try directory.create()
      let copy = try FileDescriptor.open(
        FilePath(path), .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: .ownerReadWrite)
      unlink(path)
      do {
        try fill(copy, from: input)
      } catch {
        try? copy.close()
        throw error
      }
      return copy
    } catch {
      throw Failure(ExitStatus.storage, "\(path) cannot be written: \(error)")
    }
  }

  private static func fill(_ copy: FileDescriptor, from input: FileDescriptor) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try input.read(into: buffer)
      if count == 0 { return }
      try copy.writeAll(buffer[..<count])
    }
  }
}
