// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The log of a process, which writes to a descriptor that it was started with; who starts it keeps the file
/// small.
///
///     NAME.log      up to ``bytesMax``, and what comes before the next look
///     NAME.log.1    what was there before
///
/// A file that is full at a start is renamed. Under a running process that is of no use, since its descriptor
/// goes with the file: what it wrote is copied and then cut off, and it goes on at the beginning, since it
/// appends (open(2), O_APPEND). A line that comes between the two steps is lost.
struct LogFile: Hashable, Sendable {
  /// 16 MiB: some 150,000 lines.
  static let bytesMax: Int64 = 16 * 1024 * 1024

  let path: String
  var bytesMax = LogFile.bytesMax

  private var former: FilePath { FilePath("\(path).1") }

  /// Opens it for a process that is about to start.
  /// - Throws: `Errno`.
  func open() throws -> FileDescriptor {
    if try size() > bytesMax { try rename() }
    return try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.append, .create], permissions: .ownerReadWrite)
  }

  private func size() throws -> Int64 {
    do {
      return try FilePath(path).stat().size
    } catch Errno.noSuchFileOrDirectory {
      return 0
    }
  }

  private func rename() throws {
    // Within one directory: replaces the former one.
    guard Glibc.rename(path, former.string) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Cuts off what a running process wrote, if that is too much.
  /// - Throws: `Errno`; also when it could not be copied, for which it is cut off all the same: a full disk is
  ///   no reason to let a log grow.
  func trim() throws {
    guard try size() > bytesMax else { return }
    let file = try FileDescriptor.open(FilePath(path), .readWrite)
    defer { try? file.close() }
    let copied = Result { try copy(file) }
    try file.resize(to: 0)
    try copied.get()
  }

  private func copy(_ file: FileDescriptor) throws {
    let copy = try FileDescriptor.open(
      former, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    try copy.closeAfter {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
      defer { buffer.deallocate() }
      while true {
        let count = try file.read(into: buffer)
        if count == 0 { return }
        try copy.writeAll(buffer[..<count])
      }
    }
  }
}
