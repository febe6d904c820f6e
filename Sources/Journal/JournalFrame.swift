// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The bytes of the journal.
///
///     segment   [head 64] [frame] [frame] …                a file of at most 32 MiB, never changed
///
///     head      0 'SVJS'   4 version u32   8 journal id u64   16 first sequence u64
///               24 CRC-32C of the rest of the head, u32   28 zero   32 chain before, 32 bytes
///     frame     0 'SVJF'   4 kind u8, 3 zero   8 length of body u32   12 CRC-32C of all that follows
///               16 sequence u64   24 durable u64   32 chain 32 bytes   64 body
///
/// `chain` is SHA-256 of the chain before, bytes 0 to 12 and 16 to 32 of the frame, and the body: a
/// frame cannot be changed, left out or moved without breaking every later one. `durable` is the last
/// sequence that was known to be on disk when the frame was written: it distinguishes a torn tail, which was
/// never acknowledged, from damage to what was. Numbers are little-endian.
public struct JournalFrame: Sendable, Equatable {
  /// What a frame holds. Raw values are stored; they are never reused.
  public enum Kind: UInt8, Sendable {
    /// A batch: job, and what was quarantined (``BatchMetadata``).
    case batch = 1
    /// An import began: ``ImportBegin``.
    case importBegan = 2
    /// An import is complete: ``ImportEnd``.
    case importEnded = 3
    /// Batches that the ledger has: ``CommittedBatches``.
    case committed = 4
    /// Batches that are never to be booked: ``DiscardedBatches``.
    case discarded = 5
  }

  static let magic: [UInt8] = Array("SVJF".utf8)
  static let headBytes = 64
  /// A batch of 65,536 rows, with 4 MiB of names and 1 MiB of quarantined rows, stays below it.
  static let bodyBytesMax = 15 * 1024 * 1024

  /// Decides how ``body`` is decoded.
  public var kind: Kind
  /// The frame's number, one more than that of the frame before.
  public var sequence: UInt64
  /// The last sequence that was known to be on disk when the frame was written.
  public var durable: UInt64
  /// SHA-256 over the previous chain value and this frame: 32 bytes.
  public var chain: [UInt8]
  /// Deterministic CBOR, at most 15 MiB.
  public var body: [UInt8]

  /// The bytes of a frame that follows `previous` in the chain.
  static func bytes(
    kind: Kind, sequence: UInt64, durable: UInt64, previous: [UInt8], body: [UInt8]
  ) -> (bytes: [UInt8], chain: [UInt8]) {
    precondition(body.count <= bodyBytesMax, "a frame body is at most \(bodyBytesMax) bytes")
    var bytes = [UInt8](repeating: 0, count: headBytes)
    bytes.reserveCapacity(headBytes + body.count)
    bytes.replaceSubrange(0..<4, with: magic)
    bytes[4] = kind.rawValue
    bytes.store(UInt32(body.count), at: 8)
    bytes.store(sequence, at: 16)
    bytes.store(durable, at: 24)
    let chain = bytes.withUnsafeBytes { head in
      body.withUnsafeBytes { chained(previous, head, $0) }
    }
    bytes.replaceSubrange(32..<64, with: chain)
    bytes.append(contentsOf: body)
    let crc = bytes.withUnsafeBytes { CRC32C.of(UnsafeRawBufferPointer(rebasing: $0[16...])) }
    bytes.store(crc, at: 12)
    return (bytes, chain)
  }

  static func chained(
    _ previous: [UInt8], _ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer
  ) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: previous)
    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: head[0..<12]))
    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: head[16..<32]))
    hash.update(bufferPointer: body)
    return Array(hash.finalize())
  }
}

extension [UInt8] {
  mutating func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
    withUnsafeMutableBytes {
      $0.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
    }
  }
}

extension UnsafeRawBufferPointer {
  func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
    Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}

/// The first 64 bytes of a segment.
struct SegmentHead: Equatable, Sendable {
  static let version: UInt32 = 1
  static let magic: [UInt8] = Array("SVJS".utf8)

  var journal: UInt64
  var firstSequence: UInt64
  var chainBefore: [UInt8]

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: JournalFrame.headBytes)
    bytes.replaceSubrange(0..<4, with: Self.magic)
    bytes.store(Self.version, at: 4)
    bytes.store(journal, at: 8)
    bytes.store(firstSequence, at: 16)
    bytes.replaceSubrange(32..<64, with: chainBefore)
    bytes.store(Self.checksum(bytes), at: 24)
    return bytes
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var copy = bytes
    copy.store(UInt32(0), at: 24)
    return copy.withUnsafeBytes { CRC32C.of($0) }
  }

  /// Reads a head; `nil` when it is damaged or of another version.
  init?(_ raw: UnsafeRawBufferPointer) {
    guard raw.count >= JournalFrame.headBytes, raw[0..<4].elementsEqual(Self.magic),
      raw.number(4, UInt32.self) == Self.version,
      raw.number(24, UInt32.self) == Self.checksum(Array(raw[0..<JournalFrame.headBytes]))
    else { return nil }
    journal = raw.number(8, UInt64.self)
    firstSequence = raw.number(16, UInt64.self)
    // Sequences count frames from 1: no journal has so many that adding to them could overflow.
    guard (1...UInt64(Int64.max)).contains(firstSequence) else { return nil }
    chainBefore = Array(raw[32..<64])
  }

  init(journal: UInt64, firstSequence: UInt64, chainBefore: [UInt8]) {
    self.journal = journal
    self.firstSequence = firstSequence
    self.chainBefore = chainBefore
  }
}

/// What a segment's bytes hold: decided without touching a disk.
public struct SegmentScan: Sendable {
  /// The end of the segment that can be trusted.
  public enum Ending: Equatable, Sendable {
    /// Frames up to the last byte.
    case clean
    /// After byte `end` follow bytes that were never acknowledged: cut them off.
    case torn(end: Int)
    /// At byte `offset` something that was acknowledged is damaged. Nothing may be cut off.
    case corrupt(offset: Int, String)
  }

  /// Whether the segment ends cleanly.
  public var ending: Ending
  /// The sequence of the last good frame.
  public var lastSequence: UInt64
  /// The chain value of the last good frame.
  public var chain: [UInt8]

  /// Walks the frames of a segment.
  /// - Parameters:
  ///   - isLast: only the last segment can have a torn tail.
  ///   - expected: the chain and sequence with which it must begin; `nil` takes its own word.
  ///   - each: called for each good frame, with its offset.
  static func scan(
    _ raw: UnsafeRawBufferPointer, head: SegmentHead, isLast: Bool,
    each: (JournalFrame, Int) throws -> Void
  ) rethrows -> SegmentScan {
    var chain = head.chainBefore
    var sequence = head.firstSequence - 1
    var at = JournalFrame.headBytes
    while at < raw.count {
      switch frame(raw, at) {
      case .success(let frame):
        guard frame.sequence == sequence + 1 else {
          return SegmentScan(
            ending: .corrupt(
              offset: at, "sequence \(frame.sequence) follows \(sequence)"),
            lastSequence: sequence, chain: chain)
        }
        let head = UnsafeRawBufferPointer(rebasing: raw[at..<at + JournalFrame.headBytes])
        let expected = frame.body.withUnsafeBytes {
          JournalFrame.chained(chain, head, $0)
        }
        guard frame.chain == expected else {
          return SegmentScan(
            ending: .corrupt(offset: at, "the hash chain is broken"),
            lastSequence: sequence, chain: chain)
        }
        try each(frame, at)
        chain = expected
        sequence = frame.sequence
        at += JournalFrame.headBytes + frame.body.count
      case .failure(let damage):
        let ending = ending(raw, badAt: at, sequence: sequence + 1, isLast, damage)
        return SegmentScan(ending: ending, lastSequence: sequence, chain: chain)
      }
    }
    return SegmentScan(ending: .clean, lastSequence: sequence, chain: chain)
  }

  struct Damage: Error {
    let reason: String
  }

  static func frame(
    _ raw: UnsafeRawBufferPointer, _ at: Int
  ) -> Result<JournalFrame, Damage> {
    guard raw.count - at >= JournalFrame.headBytes else {
      return .failure(Damage(reason: "a frame header is truncated"))
    }
    let rest = UnsafeRawBufferPointer(rebasing: raw[at...])
    guard rest[0..<4].elementsEqual(JournalFrame.magic) else {
      return .failure(Damage(reason: "no frame begins here"))
    }
    let length = Int(rest.number(8, UInt32.self))
    guard length <= JournalFrame.bodyBytesMax,
      rest.count >= JournalFrame.headBytes + length
    else { return .failure(Damage(reason: "a frame body is truncated")) }
    let checked = UnsafeRawBufferPointer(rebasing: rest[16..<JournalFrame.headBytes + length])
    guard CRC32C.of(checked) == rest.number(12, UInt32.self) else {
      return .failure(Damage(reason: "the checksum is wrong"))
    }
    guard let kind = JournalFrame.Kind(rawValue: rest[4]), rest[5...7].allSatisfy({ $0 == 0 })
    else { return .failure(Damage(reason: "the kind of frame is unknown")) }
    return .success(
      JournalFrame(
        kind: kind, sequence: rest.number(16, UInt64.self), durable: rest.number(24, UInt64.self),
        chain: Array(rest[32..<64]),
        body: Array(rest[JournalFrame.headBytes..<JournalFrame.headBytes + length])))
  }

  /// A bad frame is a torn tail when nothing shows that it was once durable: no good frame behind it
  /// that was written after it had reached the disk.
  private static func ending(
    _ raw: UnsafeRawBufferPointer, badAt: Int, sequence: UInt64, _ isLast: Bool, _ damage: Damage
  ) -> Ending {
    guard isLast else { return .corrupt(offset: badAt, damage.reason) }
    var at = badAt + 1
    while at + JournalFrame.headBytes <= raw.count {
      if raw[at] == JournalFrame.magic[0], case .success(let later) = frame(raw, at),
        later.durable >= sequence
      {
        return .corrupt(offset: badAt, damage.reason)
      }
      at += 1
    }
    return .torn(end: badAt)
  }
}
