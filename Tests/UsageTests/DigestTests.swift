// SPDX-License-Identifier: Apache-2.0

import Crypto
import Determinism
import Foundation
import TestSupport
import Testing
import Usage

@Suite("Digests of contents")
struct DigestTests {
  static let piece = ContentDigest.pieceBytes

  static func bytes(_ count: Int, seed: UInt64 = 1) -> Data {
    var random = SplitMix64(seed: seed)
    var data = Data(capacity: count + 8)
    while data.count < count {
      withUnsafeBytes(of: random.next().littleEndian) { data.append(contentsOf: $0) }
    }
    data.removeLast(data.count - count)
    // Lines of some kind.
    for place in stride(from: 99, to: count, by: 100) { data[place] = 0x0A }
    return data
  }

  /// The definition: SHA-256 of the SHA-256 of each piece.
  static func oracle(_ data: Data) -> [UInt8] {
    var digests: [UInt8] = []
    for start in stride(from: 0, to: data.count, by: piece) {
      digests += SHA256.hash(data: data[start..<min(start + piece, data.count)])
    }
    return Array(SHA256.hash(data: digests))
  }

  @Test(
    "Of any length it is that of its pieces",
    arguments: [0, 1, 100, piece - 1, piece, piece + 1, 2 * piece, 3 * piece + 12_345])
  func lengths(_ count: Int) throws {
    let directory = try TemporaryDirectory()
    let data = Self.bytes(count)
    let digest = try ContentDigest(ofFile: directory.write("f", data))
    #expect(digest.count == UInt64(count) && digest.sha256 == Self.oracle(data))
    #expect(digest.beginnings.isEmpty)
  }

  @Test func aBeginningIsTheDigestOfAFileThatEndsThere() throws {
    let directory = try TemporaryDirectory()
    let data = Self.bytes(3 * Self.piece + 500)
    let lengths = [
      1, 99, 100, 101, Self.piece - 1, Self.piece, Self.piece + 1, 2 * Self.piece,
      3 * Self.piece + 100, 3 * Self.piece + 500,
    ]
    let asked = Set(lengths.map(UInt64.init) + [0, UInt64(data.count) + 1, .max])
    let digest = try ContentDigest(ofFile: directory.write("f", data), beginnings: asked)
    // Neither nothing nor more than there is.
    #expect(Set(digest.beginnings.keys) == Set(lengths.map(UInt64.init)))
    for length in lengths {
      let part = data[..<length]
      let beginning = digest.beginnings[UInt64(length)]
      #expect(beginning?.sha256 == Self.oracle(Data(part)), "\(length)")
      #expect(beginning?.endsLine == (part.last == 0x0A), "\(length)")
    }
    #expect(digest.beginnings[UInt64(data.count)]?.sha256 == digest.sha256)
  }

  @Test(
    "A changed byte anywhere is another content", arguments: [0, 1_048_575, 1_048_576, 1_100_000])
  func changes(_ place: Int) throws {
    let directory = try TemporaryDirectory()
    var data = Self.bytes(1_100_001)
    let before = try ContentDigest(ofFile: directory.write("f", data))
    data[place] ^= 0x10
    #expect(try ContentDigest(ofFile: directory.write("g", data)).sha256 != before.sha256)
  }

  @Test func packedContentIsKnownByWhatIsInIt() throws {
    let directory = try TemporaryDirectory()
    let data = Self.bytes(Self.piece + 777)
    let plain = try directory.write("log.csv", data)
    let tool = Process()
    tool.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tool.arguments = ["gzip", "-k", plain]
    try tool.run()
    tool.waitUntilExit()
    try #require(tool.terminationStatus == 0)
    let asked: Set<UInt64> = [100, UInt64(Self.piece), UInt64(Self.piece) + 1]
    // One by all processors, the other in order.
    let (serial, parallel) = (
      try ContentDigest(ofFile: plain + ".gz", beginnings: asked),
      try ContentDigest(ofFile: plain, beginnings: asked)
    )
    #expect(serial == parallel && serial.count == UInt64(data.count))
    #expect(serial.beginnings.count == 3)
  }

  @Test func whatIsNotThereIsTold() {
    #expect(throws: ReadError.self) { try ContentDigest(ofFile: "/no/such/file") }
  }
}
