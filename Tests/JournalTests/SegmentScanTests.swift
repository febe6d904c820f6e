// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Testing
import Usage

@testable import Journal

@Suite("Checksums")
struct ChecksumTests {
  static func checksum(_ bytes: [UInt8], after: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { CRC32C.of($0, after: after) }
  }

  @Test(
    "The vectors of RFC 3720, appendix B.4",
    arguments: [
      // bytes, CRC-32C
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
      ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0...31), 0x46DD_794E),
      (Array((0...31).reversed()), 0x113F_DB5C),
      (
        [
          0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0,
          0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
        ], 0xD996_3A56
      ),
      (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ] as [([UInt8], UInt32)])
  func vectors(_ bytes: [UInt8], _ checksum: UInt32) {
    #expect(Self.checksum(bytes) == checksum)
  }

  /// Bit by bit.
  static func slow(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in
        value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
      }
    }
  }

  @Test("Any bytes, in one go or two", arguments: 0..<100 as Range<UInt64>)
  func parts(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bytes = (0..<random.below(100)).map { _ in UInt8(random.below(256)) }
    #expect(Self.checksum(bytes) == Self.slow(bytes), "seed \(seed)")
    let cut = Int(random.below(UInt64(bytes.count + 1)))
    let first = Self.checksum(Array(bytes[..<cut]))
    #expect(Self.checksum(Array(bytes[cut...]), after: first) == Self.slow(bytes), "seed \(seed)")
  }
}

/// Segments that are made and broken in memory.
@Suite("Segments")
struct SegmentScanTests {
  static let chain = [UInt8](repeating: 7, count: 32)
  static let head = SegmentHead(journal: 99, firstSequence: 5, chainBefore: chain)

  /// A segment with frames 5, 6, …; each knows how many were on disk when it was written.
  static func segment(_ bodies: [[UInt8]], durable: [UInt64]? = nil) -> (
    bytes: [UInt8], ends: [Int]
  ) {
    var bytes = head.bytes
    var previous = chain
    var ends = [bytes.count]
    for (index, body) in bodies.enumerated() {
      let sequence = 5 + UInt64(index)
      let frame = JournalFrame.bytes(
        kind: .batch, sequence: sequence, durable: durable?[index] ?? sequence - 1,
        previous: previous, body: body)
      previous = frame.chain
      bytes += frame.bytes
      ends.append(bytes.count)
    }
    return (bytes, ends)
  }

  static func scan(_ bytes: [UInt8], isLast: Bool = true) -> (
    scan: SegmentScan, frames: [JournalFrame], offsets: [Int]
  ) {
    var frames: [JournalFrame] = []
    var offsets: [Int] = []
    let scan = bytes.withUnsafeBytes {
      SegmentScan.scan($0, head: head, isLast: isLast) { frame, offset in
        frames.append(frame)
        offsets.append(offset)
      }
    }
    return (scan, frames, offsets)
  }

  static let bodies: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 9, count: 70), [4]]

  @Test("A whole segment gives back what was written", arguments: [true, false])
  func whole(_ isLast: Bool) {
    let (bytes, ends) = Self.segment(Self.bodies)
    let found = Self.scan(bytes, isLast: isLast)
    #expect(found.scan.ending == .clean && found.scan.lastSequence == 8)
    #expect(
      found.frames.map(\.body) == Self.bodies && found.frames.map(\.sequence) == [5, 6, 7, 8])
    #expect(found.frames.map(\.durable) == [4, 5, 6, 7] && found.offsets == ends.dropLast())
    #expect(found.frames.last?.chain == found.scan.chain && found.scan.chain != Self.chain)
  }

  @Test func aSegmentWithoutFramesIsClean() {
    let found = Self.scan(Self.head.bytes)
    #expect(found.scan.ending == .clean && found.scan.lastSequence == 4)
    #expect(found.scan.chain == Self.chain && found.frames.isEmpty)
  }

  @Test("A segment that is cut at any byte is torn there, or corrupt if it is not the last")
  func cuts() {
    let (bytes, ends) = Self.segment(Self.bodies)
    for cut in Self.head.bytes.count..<bytes.count {
      let part = Array(bytes[..<cut])
      let good = ends.last { $0 <= cut } ?? 0
      let last = Self.scan(part)
      #expect(last.scan.ending == (cut == good ? .clean : .torn(end: good)), "cut at \(cut)")
      #expect(last.scan.lastSequence == 4 + UInt64(ends.firstIndex(of: good) ?? 0))
      guard cut != good else { continue }
      guard case .corrupt(let offset, _) = Self.scan(part, isLast: false).scan.ending else {
        Issue.record("cut at \(cut) in the middle is no damage")
        continue
      }
      #expect(offset == good)
    }
  }

  @Test("Any flipped bit of a frame that was durable is damage at that frame")
  func flips() {
    let (bytes, ends) = Self.segment(Self.bodies)
    // The last frame was written when the one before it was on disk.
    for place in ends[0]..<ends[3] {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(place % 8)
      let frame = ends.last { $0 <= place } ?? 0
      let found = Self.scan(damaged).scan
      guard case .corrupt(let offset, _) = found.ending else {
        Issue.record("byte \(place): \(found.ending)")
        continue
      }
      #expect(offset == frame, "byte \(place)")
    }
    // A damaged last frame may never have been acknowledged.
    for place in ends[3]..<ends[4] {
      var damaged = bytes
      damaged[place] ^= 1 << UInt8(place % 8)
      let ending = Self.scan(damaged).scan.ending
      #expect(ending == .torn(end: ends[3]), "byte \(place)")
    }
  }

  @Test(
    "What was never durable is torn, also before good frames",
    arguments: [
      // durable of each frame, damaged frame, whether it is damage
      ([4, 4, 4, 4], 0, false), ([4, 4, 4, 4], 2, false), ([4, 4, 4, 5], 0, true),
      ([4, 4, 4, 5], 1, false), ([4, 5, 5, 5], 0, true), ([4, 4, 6, 6], 1, true),
      ([4, 4, 6, 6], 2, false),
    ] as [([UInt64], Int, Bool)])
  func durability(_ durable: [UInt64], _ frame: Int, _ isDamage: Bool) {
    var (bytes, ends) = Self.segment(Self.bodies, durable: durable)
    bytes[ends[frame]] ^= 1  // Its magic.
    let ending = Self.scan(bytes).scan.ending
    if isDamage {
      guard case .corrupt(let offset, _) = ending else {
        Issue.record("\(ending)")
        return
      }
      #expect(offset == ends[frame])
    } else {
      #expect(ending == .torn(end: ends[frame]))
    }
  }

  @Test func aFrameThatIsLeftOutMovedOrReplacedBreaksTheChain() {
    let (bytes, ends) = Self.segment(Self.bodies)
    func frame(_ index: Int) -> ArraySlice<UInt8> { bytes[ends[index]..<ends[index + 1]] }
    let head = bytes[..<ends[0]]
    let other = JournalFrame.bytes(
      kind: .batch, sequence: 6, durable: 5, previous: Self.chain, body: [1])
    for (frames, at) in [
      ([frame(0), frame(2), frame(3)], 1), ([frame(1), frame(0), frame(2)], 0),
      ([frame(0), frame(0), frame(1)], 1), ([frame(0), other.bytes[...], frame(2)], 1),
    ] {
      let found = Self.scan(Array(head + frames.joined()))
      guard case .corrupt(let offset, _) = found.scan.ending else {
        Issue.record("\(found.scan.ending)")
        continue
      }
      #expect(offset == (at == 0 ? ends[0] : ends[0] + frames[0].count))
      #expect(found.frames.count == at)
    }
  }

  @Test func garbageThatLooksLikeAFrameIsNone() {
    let (bytes, ends) = Self.segment([[1]])
    for garbage in [
      Array("SVJF".utf8), Array("SVJF".utf8) + [UInt8](repeating: 0, count: 60),
      // A body of 4 GiB.
      Array("SVJF".utf8) + [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 60),
      [UInt8](repeating: 0, count: 4_096),
    ] {
      #expect(Self.scan(bytes + garbage).scan.ending == .torn(end: ends[1]))
    }
  }

  @Test func aHeadReadsBackAndAnyFlippedBitIsFound() {
    let bytes = Self.head.bytes
    #expect(bytes.count == 64 && bytes.withUnsafeBytes { SegmentHead($0) } == Self.head)
    for bit in 0..<(64 * 8) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(damaged.withUnsafeBytes { SegmentHead($0) } == nil, "bit \(bit)")
    }
    for count in [0, 1, 63] {
      #expect(bytes[..<count].withUnsafeBytes { SegmentHead($0) } == nil)
    }
    // What follows the head is not the head's.
    #expect((bytes + [1]).withUnsafeBytes { SegmentHead($0) } == Self.head)
  }

  @Test("Any bytes behind a head end somewhere", arguments: 0..<50 as Range<UInt64>)
  func anything(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var (bytes, ends) = Self.segment((0..<5).map { [UInt8](repeating: UInt8($0), count: $0 * 30) })
    for _ in 0..<(1 + random.below(4)) {
      let place = ends[0] + Int(random.below(UInt64(bytes.count - ends[0])))
      bytes[place] = UInt8(random.below(256))
    }
    if random.below(2) == 0 { bytes.removeLast(Int(random.below(100))) }
    let found = Self.scan(bytes)
    // Whatever happened, what is given is a beginning of what was written.
    #expect(found.frames.map(\.sequence) == (0..<found.frames.count).map { 5 + UInt64($0) })
    for (index, frame) in found.frames.enumerated() {
      #expect(frame.body == [UInt8](repeating: UInt8(index), count: index * 30), "seed \(seed)")
    }
    #expect(found.scan.lastSequence == 4 + UInt64(found.frames.count), "seed \(seed)")
    if case .torn(let end) = found.scan.ending {
      #expect(end == ends[found.frames.count], "seed \(seed)")
    }
  }
}

@Suite("Records of the journal")
struct JournalRecordTests {
  static func survives<Record: Codable & Equatable>(_ record: Record) throws {
    let bytes = try CBOREncoder().encode(record)
    #expect(try CBORDecoder().decode(Record.self, from: bytes) == record)
  }

  @Test func theySurviveTheirBytes() throws {
    var state = ImportState(path: "/é/log.csv", reading: "openai", bytes: UInt64(Int64.max))
    state.end = 77
    state.nextLine = 9
    let begin = ImportBegin(ImportKey(source: "s", stream: [1, 2]), state)
    try Self.survives(begin)
    try Self.survives(ImportEnd(source: "", stream: []))
    try Self.survives(CommittedBatches(sequences: [1, 5, .max]))
    try Self.survives(BatchMetadata(nextLine: 2, quarantined: [], contents: []))
    try Self.survives(
      BatchMetadata(
        nextLine: 7,
        quarantined: QuarantineReason.allCases.map {
          QuarantinedRow(line: 3, field: "f", reason: $0, text: "a,\"b\"\n")
        }, contents: [0, .max]))
  }

  @Test func anImportGoesOnWhereItBegan() {
    var state = ImportState(path: "p", reading: "r", bytes: 500)
    #expect(state.end == 0 && state.nextLine == 2 && !state.isComplete)
    state.end = 120
    state.nextLine = 8
    state.rowsRead = 6
    let again = ImportState(ImportBegin(ImportKey(source: "s", stream: []), state))
    // The place is kept; the counts are those of this import.
    #expect(again.end == 120 && again.nextLine == 8 && again.bytes == 500 && again.rowsRead == 0)
    #expect(again.path == "p" && again.reading == "r")
  }
}
