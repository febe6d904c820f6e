// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Foundation
import Usage

@testable import Journal

/// A folder in memory for one process.
func fuzzFolder(_ name: String) -> String {
  let path = "/dev/shm/solvent-fuzz-\(name)-\(getpid())"
  try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}

extension Fuzz {
  private static let chain = [UInt8](repeating: 7, count: 32)
  private static let folder = fuzzFolder("journal")

  /// The journal: its segments as bytes, and its frames with proper checksums around any body.
  static let records: [Target] = [
    Target(name: "segment", isCBOR: false) {
      var bytes = SegmentHead(journal: 9, firstSequence: 1, chainBefore: chain).bytes
      var last = chain
      for (sequence, body) in [[UInt8]([1, 2]), [], [3]].enumerated() {
        let frame = JournalFrame.bytes(
          kind: .committed, sequence: UInt64(sequence) + 1, durable: UInt64(sequence),
          previous: last, body: body)
        bytes += frame.bytes
        last = frame.chain
      }
      return [bytes, Array(bytes.dropLast(9))]
    } take: { bytes in
      bytes.withUnsafeBytes { raw in
        guard let head = SegmentHead(raw) else { return }
        for isLast in [true, false] {
          let scan = SegmentScan.scan(raw, head: head, isLast: isLast) { _, _ in }
          if case .torn(let end) = scan.ending, end > raw.count || end < JournalFrame.headBytes {
            finding("torn at \(end)")
          }
        }
      }
    },
    Target(name: "frame", isCBOR: false) {
      let batch = try SampleMessages.all().first { $0.rule == "pricing-job" }?.bytes ?? []
      let side = try CBOREncoder().encode(
        BatchMetadata(
          nextLine: 7,
          quarantined: [.init(line: 3, field: "f", reason: .badNumber, text: "x")], contents: [5]))
      let length = UInt32(batch.count)
      let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
      let begin = try CBOREncoder().encode(
        ImportBegin(
          ImportKey(source: "s", stream: [1]), ImportState(path: "p", reading: "r", bytes: 99)))
      return [
        [1] + head + batch + side, [2] + begin,
        [3] + (try CBOREncoder().encode(ImportEnd(source: "s", stream: [1]))),
        [4] + (try CBOREncoder().encode(CommittedBatches(sequences: [1, 2]))),
      ]
    } take: { bytes in
      guard let first = bytes.first, let kind = JournalFrame.Kind(rawValue: first) else { return }
      let body = Array(bytes.dropFirst())
      let head = SegmentHead(journal: 9, firstSequence: 1, chainBefore: chain)
      let frame = JournalFrame.bytes(
        kind: kind, sequence: 1, durable: 0, previous: chain, body: body)
      let path = JournalFiles.path(folder, 1)
      try? Data(head.bytes + frame.bytes).write(to: URL(fileURLWithPath: path))
      _ = try? JournalFiles.verify(directory: folder)
    },
    Target(name: "batch-metadata", isCBOR: true) {
      [
        try CBOREncoder().encode(
          BatchMetadata(
            nextLine: 7,
            quarantined: [.init(line: 3, field: "f", reason: .badNumber, text: "x")],
            contents: [5]))
      ]
    } take: { bytes in
      _ = decode(BatchMetadata.self, bytes)
    },
    Target(name: "import-begin", isCBOR: true) {
      [
        try CBOREncoder().encode(
          ImportBegin(
            ImportKey(source: "s", stream: [1]), ImportState(path: "p", reading: "r", bytes: 99)))
      ]
    } take: { bytes in
      if let begin = decode(ImportBegin.self, bytes) { _ = ImportState(begin) }
    },
  ]
}
