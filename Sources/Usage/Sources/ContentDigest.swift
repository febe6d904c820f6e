// SPDX-License-Identifier: Apache-2.0

import Crypto
import Dispatch
import Glibc
import Synchronization
public import SystemPackage

/// What a file is known by: a digest of its unpacked content.
///
///     digest = SHA-256( SHA-256(piece 0), SHA-256(piece 1), … )       pieces of 1 MiB
///
/// Made of pieces, so that a large file is hashed by all processors.
public struct ContentDigest: Hashable, Sendable {
  /// The length of a piece: 1 MiB.
  public static let pieceBytes = 1 << 20

  /// The digest: 32 bytes.
  public var sha256: [UInt8]
  /// How many bytes were hashed: what a reader of the same content may read.
  public var count: UInt64
  /// The digests of those beginnings that were asked for, by their length.
  public var beginnings: [UInt64: Beginning] = [:]

  /// The first bytes of a content.
  public struct Beginning: Hashable, Sendable {
    /// The digest of the beginning: 32 bytes.
    public var sha256: [UInt8]
    /// Whether what follows begins a new line.
    public var endsLine: Bool
  }

  /// Digests a file, unpacked when it is gzip; `-` is standard input.
  /// - Parameter beginnings: lengths of beginnings to digest as well; longer ones than the file are
  ///   left out.
  /// - Throws: ``ReadError`` when the file cannot be read, or becomes shorter meanwhile.
  public init(ofFile path: String, beginnings: Set<UInt64> = []) throws(ReadError) {
    try self.init(of: ByteSource(path: path), beginnings: beginnings)
  }

  /// Digests a file that somebody has opened, as ``init(ofFile:beginnings:)`` one that it opens itself.
  /// - Parameter name: what to call it in errors.
  /// - Throws: ``ReadError`` when it is not a regular file or cannot be read, or becomes shorter meanwhile.
  public init(
    of file: FileDescriptor, name: String, beginnings: Set<UInt64> = []
  ) throws(ReadError) {
    try self.init(of: ByteSource(file, name: name), beginnings: beginnings)
  }

  private init(of source: ByteSource, beginnings: Set<UInt64>) throws(ReadError) {
    let cuts = Dictionary(
      grouping: beginnings.filter { $0 > 0 }, by: { Int(($0 - 1) / UInt64(Self.pieceBytes)) })
    if let size = source.size, try !source.isPacked() {
      self = try Self.inParallel(source.descriptor, source.path, bytes: size, cuts)
      withExtendedLifetime(source) {}
    } else {
      self = try Self.inOrder(source, cuts)
    }
  }

  private init(_ pieces: [Piece], count: UInt64) {
    var digests: [UInt8] = []
    for piece in pieces {
      for (length, cut) in piece.cuts {
        beginnings[length] = Beginning(
          sha256: Array(SHA256.hash(data: digests + cut.sha256)), endsLine: cut.endsLine)
      }
      digests += piece.sha256
    }
    sha256 = Array(SHA256.hash(data: digests))
    self.count = count
  }

  /// A piece, and the beginnings that end in it.
  private struct Piece: Sendable {
    var sha256: [UInt8] = []
    var cuts: [UInt64: Beginning] = [:]

    init() {}

    init(_ bytes: UnsafeRawBufferPointer, at start: UInt64, cuts lengths: [UInt64]) {
      sha256 = Self.hash(bytes)
      for length in lengths where length <= start + UInt64(bytes.count) {
        let part = UnsafeRawBufferPointer(rebasing: bytes[0..<Int(length - start)])
        cuts[length] = Beginning(sha256: Self.hash(part), endsLine: part.last == 0x0A)
      }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
      var hash = SHA256()
      hash.update(bufferPointer: bytes)
      return Array(hash.finalize())
    }
  }

  private static func inOrder(
    _ source: ByteSource, _ cuts: [Int: [UInt64]]
  ) throws(ReadError) -> ContentDigest {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 64)
    defer { buffer.deallocate() }
    var pieces: [Piece] = []
    var total: UInt64 = 0
    while true {
      var filled = 0
      while filled < buffer.count {
        let count = try source.read(
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        if count == 0 { break }
        filled += count
      }
      if filled == 0 { return ContentDigest(pieces, count: total) }
      pieces.append(
        Piece(
          UnsafeRawBufferPointer(rebasing: buffer[0..<filled]), at: total,
          cuts: cuts[pieces.count] ?? []))
      total += UInt64(filled)
    }
  }

  private static func inParallel(
    _ descriptor: FileDescriptor, _ path: String, bytes: Int64, _ cuts: [Int: [UInt64]]
  ) throws(ReadError) -> ContentDigest {
    // What is appended from now on is not part of this content.
    let total = Int(bytes)
    let count = (total + pieceBytes - 1) / pieceBytes
    let workers = max(1, min(count, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8))
    let found = Mutex<(pieces: [Piece], error: ReadError?)>(
      (Array(repeating: Piece(), count: count), nil))
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceBytes, alignment: 64)
      defer { buffer.deallocate() }
      var piece = worker
      while piece < count {
        let start = piece * pieceBytes
        let room = UnsafeMutableRawBufferPointer(
          rebasing: buffer[0..<min(pieceBytes, total - start)])
        do throws(ReadError) {
          try fill(room, descriptor, start, path)
        } catch {
          return found.withLock { $0.error = error }
        }
        let made = Piece(
          UnsafeRawBufferPointer(room), at: UInt64(start), cuts: cuts[piece] ?? [])
        found.withLock { $0.pieces[piece] = made }
        piece += workers
      }
    }
    let (pieces, error) = found.withLock { $0 }
    if let error { throw error }
    return ContentDigest(pieces, count: UInt64(total))
  }

  private static func fill(
    _ room: UnsafeMutableRawBufferPointer, _ descriptor: FileDescriptor, _ start: Int,
    _ path: String
  ) throws(ReadError) {
    var filled = 0
    while filled < room.count {
      let count: Int
      do {
        count = try descriptor.read(
          fromAbsoluteOffset: Int64(start + filled),
          into: UnsafeMutableRawBufferPointer(rebasing: room[filled...]))
      } catch {
        throw ReadError(path, "\(error)")
      }
      guard count > 0 else { throw ReadError(path, "became shorter while it was being read") }
      filled += count
    }
  }
}
