// SPDX-License-Identifier: Apache-2.0

import CZlib
import Glibc
public import SystemPackage

/// A file that cannot be read.
public struct ReadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The path and the reason.
  public let description: String
  package init(_ path: String, _ reason: String) { description = "\(path): \(reason)" }

  static func system(_ path: String) -> ReadError {
    ReadError(path, String(cString: strerror(errno)))
  }
}

/// The bytes of a file, of an open file or of standard input, unpacked when they are gzip (RFC 1952), in pieces.
public final class ByteSource {
  private static let packedBytes = 256 * 1024

  /// The file, or `-` for standard input; of an open file what it is called in errors.
  public let path: String
  let descriptor: FileDescriptor
  /// Whether to read where ``consumed`` ends: an open file's own position is shared with whoever opened it.
  private let isShared: Bool
  private var packed: [UInt8] = []
  private var packedCount = 0
  private var packedAt = 0
  private var inflater: UnsafeMutablePointer<z_stream>?
  private var isChecked = false
  private var isPackedEnd = false
  private var betweenMembers = false

  /// How large the file is on disk, or `nil` when it is not a regular file.
  public let size: Int64?
  /// How much of the file on disk was read: for progress.
  public private(set) var consumed: Int64 = 0

  /// Opens a file; `-` is standard input.
  /// - Throws: ``ReadError`` when the file cannot be opened or is a directory.
  public convenience init(path: String) throws(ReadError) {
    try self.init(path, isShared: false) {
      path == "-"
        ? try FileDescriptor.standardInput.duplicate()
        : try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
    }
  }

  /// Reads a file that somebody has opened from its beginning, wherever the descriptor's position is, and
  /// leaves that where it is: others may read through the same descriptor at the same time.
  /// - Parameters:
  ///   - file: a regular file; it stays the caller's to close, at any time.
  ///   - name: what to call it in errors.
  /// - Throws: ``ReadError`` when it is closed, or not a regular file.
  public convenience init(_ file: FileDescriptor, name: String) throws(ReadError) {
    try self.init(name, isShared: true) { try file.duplicate() }
    guard size != nil else { throw ReadError(name, "is not a regular file") }
  }

  private init(
    _ path: String, isShared: Bool, opening open: () throws -> FileDescriptor
  ) throws(ReadError) {
    self.path = path
    self.isShared = isShared
    do {
      descriptor = try open()
    } catch {
      throw ReadError(path, "\(error)")
    }
    let status: Stat
    do {
      status = try descriptor.stat()
    } catch {
      try? descriptor.close()
      throw ReadError(path, "\(error)")
    }
    if status.type == .directory {
      try? descriptor.close()
      throw ReadError(path, "is a directory")
    }
    size = status.type == .regular ? status.size : nil
  }

  deinit {
    try? descriptor.close()
    if let inflater {
      inflateEnd(inflater)
      inflater.deallocate()
    }
  }

  /// Fills as much of `buffer` as is at hand.
  /// - Returns: the number of bytes; 0 at the end.
  /// - Throws: ``ReadError`` when reading fails or the gzip data is damaged.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    if try isPacked() { return try inflateInto(buffer) }
    if packedAt < packedCount {
      let count = min(buffer.count, packedCount - packedAt)
      packed.withUnsafeBytes {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[packedAt..<packedAt + count]))
      }
      packedAt += count
      return count
    }
    return try readRaw(buffer)
  }

  /// Whether it is gzip, by its first two bytes.
  /// - Throws: ``ReadError`` when the file cannot be read.
  public func isPacked() throws(ReadError) -> Bool {
    if !isChecked {
      isChecked = true
      try checkMagic()
    }
    return inflater != nil
  }

  private func readRaw(_ buffer: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    do {
      let count =
        isShared
        ? try descriptor.read(fromAbsoluteOffset: consumed, into: buffer)
        : try descriptor.read(into: buffer)
      consumed += Int64(count)
      return count
    } catch {
      throw ReadError(path, "\(error)")
    }
  }

  private func fillPacked() throws(ReadError) {
    if packed.isEmpty { packed = [UInt8](repeating: 0, count: Self.packedBytes) }
    let left = packedCount - packedAt
    if left > 0 {
      packed.withUnsafeMutableBytes {
        _ = memmove($0.baseAddress!, $0.baseAddress! + packedAt, left)
      }
    }
    packedAt = 0
    packedCount = left
    var failure: ReadError?
    packed.withUnsafeMutableBytes { bytes in
      do throws(ReadError) {
        let room = UnsafeMutableRawBufferPointer(rebasing: bytes[left...])
        let count = try readRaw(room)
        packedCount += count
        if count == 0 { isPackedEnd = true }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private func checkMagic() throws(ReadError) {
    // A pipe may give one byte at a time.
    while packedCount < 2 && !isPackedEnd { try fillPacked() }
    guard packedCount >= 2, packed[0] == 0x1F, packed[1] == 0x8B else { return }
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 + 16: the largest window, gzip framing.
    guard inflateInit2_(stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      stream.deallocate()
      throw ReadError(path, "zlib could not be started")
    }
    inflater = stream
  }

  private func inflateInto(_ buffer: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    guard let inflater, buffer.count > 0 else { return 0 }
    inflater.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    inflater.pointee.avail_out = UInt32(buffer.count)
    while inflater.pointee.avail_out == UInt32(buffer.count) {
      if packedAt == packedCount && !isPackedEnd { try fillPacked() }
      if packedAt == packedCount {
        if betweenMembers { return 0 }
        throw ReadError(path, "the gzip data ends early: the file is truncated")
      }
      if betweenMembers {
        // Members may follow each other (RFC 1952 section 2.2); zero padding may follow the last.
        if packed[packedAt] == 0 {
          packedAt += 1
          continue
        }
        inflateReset(inflater)
        betweenMembers = false
      }
      let status: Int32 = packed.withUnsafeMutableBytes { bytes in
        let start = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + packedAt
        inflater.pointee.next_in = start
        inflater.pointee.avail_in = UInt32(packedCount - packedAt)
        let status = inflate(inflater, Z_NO_FLUSH)
        packedAt = packedCount - Int(inflater.pointee.avail_in)
        return status
      }
      switch status {
      case Z_STREAM_END: betweenMembers = true
      case Z_OK, Z_BUF_ERROR: break
      default: throw ReadError(path, "the gzip data is damaged")
      }
    }
    return buffer.count - Int(inflater.pointee.avail_out)
  }
}
