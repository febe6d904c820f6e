// SPDX-License-Identifier: Apache-2.0

import CBOR
import Documents
import Economics
import Foundation
import Synchronization
import TestSupport
import Testing
import Usage

@testable import Journal

@Suite("Journal")
struct JournalTests {
  static func job(_ number: UInt64) throws -> [UInt8] {
    let batch = try UsageBatch(
      count: 1, baseTime: 1_690_848_000_000, timeDeltas: [0],
      seriesTable: SeriesTable(count: 1, columns: []), series: [0],
      quantities: [.init(meter: .inputTokens, values: [number])], evidence: .measured)
    return try CBOREncoder().encode(
      PricingJob(
        key: BatchKey(
          source: "s", stream: [1], start: 1_000 + number * 10, end: 1_010 + number * 10),
        rowsRead: 2, rowsQuarantined: 1, rowsDuplicate: 0, batch: batch, rates: [], book: [],
        currency: "USD"))
  }

  static let side = BatchMetadata(
    nextLine: 4, quarantined: [.init(line: 3, field: "f", reason: .badNumber, text: "bad")],
    contents: [])

  /// Writes batches and returns the journal's only segment.
  static func write(_ directory: TemporaryDirectory, batches: UInt64) throws -> String {
    let (journal, _) = try Journal.open(directory: directory.path + "/j")
    try journal.append(
      ImportBegin(
        ImportKey(source: "s", stream: [1]), ImportState(path: "p", reading: "r", bytes: 9_000)))
    for number in 1...batches { try journal.append(job: job(number), side: side) { _ in } }
    journal.flush()
    return directory.path + "/j/00000001.segment"
  }

  @Test func whatWasAppendedIsThereAfterReopening() throws {
    let directory = try TemporaryDirectory()
    _ = try Self.write(directory, batches: 5)
    let (journal, contents) = try Journal.open(directory: directory.path + "/j")
    #expect(contents.pending.map(\.sequence) == [2, 3, 4, 5, 6])
    #expect(
      try JournalFiles.job(at: contents.pending[2].position, directory: directory.path + "/j")
        == Self.job(3))
    let state = try #require(contents.imports[ImportKey(source: "s", stream: [1])])
    #expect(
      state.end == 1_060 && state.rowsRead == 10 && state.rowsQuarantined == 5
        && state.nextLine == 4)
    try journal.append(CommittedBatches(sequences: [2, 4]))
    journal.flush()
    let later = try JournalFiles.verify(directory: directory.path + "/j")
    #expect(later.pending.map(\.sequence) == [3, 5, 6])
  }

  @Test func aSecondOwnerIsRefused() throws {
    let directory = try TemporaryDirectory()
    let (journal, _) = try Journal.open(directory: directory.path + "/j")
    #expect(throws: JournalError.self) { try Journal.open(directory: directory.path + "/j") }
    withExtendedLifetime(journal) {}
  }

  @Test func aLastFrameCutAtAnyByteLeavesACleanPrefix() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(directory, batches: 3)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    // Where the last frame begins: the size without it.
    let shorter = try TemporaryDirectory()
    let start = try Data(contentsOf: URL(fileURLWithPath: Self.write(shorter, batches: 2))).count
    for length in start..<whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      let contents = try JournalFiles.verify(directory: directory.path + "/j")
      #expect(contents.pending.count == 2 && contents.cutOff == length - start, "cut at \(length)")
    }
    // Opening repairs, and writing goes on.
    do {
      let (journal, contents) = try Journal.open(directory: directory.path + "/j")
      #expect(contents.pending.count == 2 && contents.cutOff > 0)
      try journal.append(job: Self.job(9), side: Self.side) { _ in }
      journal.flush()
    }
    let contents = try JournalFiles.verify(directory: directory.path + "/j")
    #expect(contents.pending.count == 3 && contents.cutOff == 0)
  }

  @Test func garbageAfterTheEndIsCutOff() throws {
    let directory = try TemporaryDirectory()
    let path = try Self.write(directory, batches: 2)
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    let size = data.count
    data.append(contentsOf: (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37) })
    try data.write(to: URL(fileURLWithPath: path))
    let contents = try JournalFiles.verify(directory: directory.path + "/j")
    #expect(contents.pending.count == 2 && contents.cutOff == data.count - size)
  }

  @Test func anyFlippedBitThatWasDurableIsReportedWithItsPlace() throws {
    let directory = try TemporaryDirectory()
    // Each batch in a write of its own, so that each was known durable when the next was written.
    do {
      let (journal, _) = try Journal.open(directory: directory.path + "/j")
      for number in 1...4 as ClosedRange<UInt64> {
        try journal.append(job: Self.job(number), side: Self.side) { _ in }
        journal.flush()
      }
    }
    let path = directory.path + "/j/00000001.segment"
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    let frame = (good.count - 64) / 4
    // Every byte of all but the last frame.
    for byte in 0..<(64 + 3 * frame) {
      var bad = good
      bad[byte] ^= 1 << UInt8(byte % 8)
      try bad.write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: JournalError.self, "byte \(byte)") {
        try JournalFiles.verify(directory: directory.path + "/j")
      }
      let start = byte < 64 ? 0 : 64 + (byte - 64) / frame * frame
      #expect(
        error?.description.contains("00000001.segment: byte \(start):") == true,
        "byte \(byte): \(error?.description ?? "")")
    }
  }

  @Test func segmentsFollowEachOther() throws {
    let directory = try TemporaryDirectory()
    do {
      let (journal, _) = try Journal.open(directory: directory.path + "/j")
      let big = BatchMetadata(
        nextLine: 1, quarantined: [], contents: [UInt64](repeating: .max, count: 1_500_000))
      for number in 1...4 as ClosedRange<UInt64> {
        try journal.append(job: Self.job(number), side: big) { _ in }
      }
      journal.flush()
    }
    #expect(FileManager.default.fileExists(atPath: directory.path + "/j/00000002.segment"))
    #expect(try JournalFiles.verify(directory: directory.path + "/j").pending.count == 4)
    // A segment that is missing is noticed.
    try FileManager.default.removeItem(atPath: directory.path + "/j/00000001.segment")
    let (_, contents) = (0, try? JournalFiles.verify(directory: directory.path + "/j"))
    #expect(contents?.pending.count != 4)
  }

  @Test func idsAreRebuilt() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "log.csv",
      ReadLog.header + "2026-03-02T10:00:00Z,a,m,c,1,1\n2026-03-02T10:00:00Z,b,m,c,1,1\n")
    do {
      let (journal, _) = try Journal.open(directory: directory.path + "/j")
      let piece = try #require(try ReadLog(path).pieces.first)
      let job = try PricingJob(
        piece, source: "usage", stream: [1], book: try PriceBookFile.shipped())
      try journal.append(
        job: CBOREncoder().encode(job),
        side: BatchMetadata(nextLine: 4, quarantined: [], contents: piece.contents)
      ) { _ in }
      journal.flush()
    }
    let ids = IDIndex()
    _ = try Journal.open(directory: directory.path + "/j", ids: ids)
    #expect(ids.count == 2)
    #expect(try ReadLog(path, ids: ids).duplicates == 2)
  }
}
