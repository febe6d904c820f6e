// SPDX-License-Identifier: Apache-2.0

import Determinism
import Documents
import Economics
import Foundation
import TestSupport
import Testing

@testable import Usage

/// The quick path and the general one must read the same from every log.
@Suite("Reading quickly")
struct QuickReaderTests {
  static let mappings = """
    mappings:
      - name: relative
        detect: [t]
        time: {column: t, format: relative-seconds, origin: 2023-08-01T00:00:00Z}
        dimensions: {provider: {value: p}, model: m}
        tags: {kind: k}
        quantities: {input_tokens: i, output_tokens: {column: o, optional: true}}
        failed: {column: o, equals: "0"}
      - name: epoch
        detect: [t]
        time: {column: t, format: epoch-milliseconds}
        dimensions: {model: m, customer: k}
        quantities:
          input_tokens: {column: i, includes: output_tokens}
          output_tokens: o
        id: x
      - name: text
        detect: [t]
        time: {column: t, format: rfc3339}
        dimensions: {model: m}
        quantities: {output_tokens: o}
    """

  /// A log of 400 rows in which every tenth byte or so may be hit.
  static func log(_ time: String, seed: UInt64, damage: Int, ending: String) -> String {
    var random = SplitMix64(seed: seed)
    let models = ["gpt-4", "gpt-4-0613", "g", "", "a model with a name of more than 24 bytes", "ü"]
    var lines = ["t,m,i,o,k,x"]
    for row in 0..<400 {
      let stamp =
        switch time {
        case "relative": "\(row * 7)" + (row % 3 == 0 ? ".0" : "")
        case "epoch": "\(1_690_848_000_000 + row * 1_013)"
        default: "2026-03-02T10:\(10 + row % 50):00Z"
        }
      let input = random.below(random.below(4) == 0 ? 3_000_000_000_000 : 4_000)
      lines.append(
        [
          stamp, models[Int(random.below(6))], "\(input)",
          random.below(9) == 0 ? "" : "\(random.below(300))",
          ["API log", "Conversation log", "\"quoted, one\"", "x"][Int(random.below(4))],
          "id\(random.below(380))",
        ].joined(separator: ","))
    }
    var bytes = Array((lines.joined(separator: ending) + ending).utf8)
    let strange = Array("\",;\r\n0+-.e \u{7F}9".utf8) + [0xFF, 0x00]
    for _ in 0..<damage {
      let at = 12 + Int(random.below(UInt64(bytes.count - 12)))
      switch random.below(3) {
      case 0: bytes[at] = strange[Int(random.below(UInt64(strange.count)))]
      case 1: bytes.insert(strange[Int(random.below(UInt64(strange.count)))], at: at)
      default: bytes.remove(at: at)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("Damaged logs", arguments: ["relative", "epoch", "text"], [0, 3, 60])
  func bothPathsAgree(_ name: String, _ damage: Int) throws {
    let directory = try TemporaryDirectory()
    let mapping = try #require(
      try MappingFile.read(Self.mappings, file: "test").first { $0.name == name })
    var accepted = 0
    for seed in 1...40 as ClosedRange<UInt64> {
      let ending = seed % 3 == 0 ? "\r\n" : "\n"
      let path = try directory.write(
        "log.csv", Self.log(name, seed: seed, damage: damage, ending: ending))
      let quick = try UsageReader(
        path: path, source: nil, batchRows: 100, ids: IDIndex(), now: ReadLog.now
      ) { _ in mapping }
      let general = try UsageReader(
        generallyReading: path, batchRows: 100, ids: IDIndex(), now: ReadLog.now,
        mapping: mapping)
      while true {
        let (a, b) = (try quick.next(), try general.next())
        try #require(a?.batch == b?.batch, "seed \(seed)")
        #expect(a?.quarantined == b?.quarantined && a?.duplicates == b?.duplicates)
        #expect(a?.start == b?.start && a?.end == b?.end && a?.contents == b?.contents)
        #expect(quick.nextLine == general.nextLine)
        accepted += a?.batch.count ?? 0
        if a == nil { break }
      }
    }
    #expect(accepted > 40 * 100)
  }

  @Test func aGrowingContentIsKnownByItsBeginning() throws {
    let directory = try TemporaryDirectory()
    var random = SplitMix64(seed: 5)
    // More than two pieces, so that beginnings end within, at and behind the edges of pieces.
    let text = String(
      decoding: (0..<(2 * ContentDigest.pieceBytes + 777)).map { _ in
        UInt8(truncatingIfNeeded: 97 + random.below(26))
      }, as: UTF8.self)
    let whole = try directory.write("whole", text)
    let lengths = [
      1, 1_000, ContentDigest.pieceBytes - 1, ContentDigest.pieceBytes,
      ContentDigest.pieceBytes + 1, 2 * ContentDigest.pieceBytes, text.utf8.count,
    ].map(UInt64.init)
    let digest = try ContentDigest(
      ofFile: whole, beginnings: Set(lengths + [UInt64(text.utf8.count) + 1, 0]))
    #expect(Set(digest.beginnings.keys) == Set(lengths))
    for length in lengths {
      let part = try directory.write("part", String(text.prefix(Int(length))))
      #expect(try ContentDigest(ofFile: part).sha256 == digest.beginnings[length]?.sha256)
    }
  }

  @Test func whatIsAppendedAfterTheDigestIsNotRead() throws {
    let directory = try TemporaryDirectory()
    let rows = (0..<50).map { "\($0),g,1,1,k,x\n" }
    let path = try directory.write("log.csv", "t,m,i,o,k,x\n" + rows.joined())
    let mapping = try #require(try MappingFile.read(Self.mappings, file: "test").first)
    let length = try ContentDigest(ofFile: path).count
    _ = try directory.write("log.csv", "t,m,i,o,k,x\n" + rows.joined() + rows.joined())
    let reader = try UsageReader(
      path: path, source: nil, batchRows: 20, length: length, ids: nil, now: ReadLog.now
    ) { _ in mapping }
    while try reader.next() != nil {}
    #expect(reader.totalRows == 50)
  }
}
