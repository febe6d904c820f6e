// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import ClusterAPI
import Documents
import Economics
import Foundation
import Host
import Journal
import Synchronization
import Usage
import ZeroMQ

/// One file, from its first byte to its last booking.
///
/// The file is known by the digest of its unpacked content. What the journal already holds of it is
/// passed over, so an import that was cut off goes on, one that was complete adds nothing, and a log
/// that has grown adds what is new.
final class ImportRun: Sendable {
  /// Batches handed to the journal, and those that it made durable.
  private struct Counts {
    var submitted = 0
    var durable = 0
  }

  private let request: ImportRequest
  private let job: JobID
  private let desk: ImportDesk
  private let counts = Mutex(Counts())

  init(_ request: ImportRequest, job: JobID, desk: ImportDesk) {
    self.request = request
    self.job = job
    self.desk = desk
  }

  func run() throws -> ImportReport {
    let book = try request.options.priceBook()
    let lengths = desk.lengths()
    let first = try ContentDigest(ofFile: request.path, beginnings: lengths)
    try desk.check(job)
    return try desk.ids.withIndex { ids in
      // While it waited for its turn, another import may have read a beginning of this very file.
      let isStale = desk.lengths().contains { !lengths.contains($0) && $0 <= first.count }
      let digest =
        isStale ? try ContentDigest(ofFile: request.path, beginnings: desk.lengths()) : first
      let reader = try UsageReader(
        path: request.path, source: request.options.source, batchRows: request.options.batchRows,
        length: digest.count, ids: ids, now: Int64(Date().timeIntervalSince1970 * 1_000)
      ) { header in try request.options.mapping(for: header, file: request.label) }
      return try run(reader, ids, digest, book)
    }
  }

  private func run(
    _ reader: UsageReader, _ ids: IDIndex, _ digest: ContentDigest, _ book: PriceBook
  ) throws -> ImportReport {
    let key = ImportKey(source: reader.source, stream: digest.sha256)
    let reading = reader.mapping.identity
    var fresh = ImportState(path: request.label, reading: reading, bytes: digest.count)
    let isKnown = desk.isKnown(key)
    let earlier = isKnown ? nil : desk.grownFrom(key.source, digest)
    if let earlier { try goOn(&fresh, after: earlier.state, endsLine: earlier.endsLine) }
    guard var state = desk.begin(key, fresh) else {
      throw FileProblem(file: request.label, "is already being imported; wait for that import")
    }
    defer { desk.end(key, job: job) }
    guard state.reading == reading else {
      throw FileProblem(
        file: request.label,
        """
        was imported before as '\(key.source)' with another mapping; booked rows are not read \
        again otherwise. To book the file a second time, give another --source
        """)
    }
    var report = ImportReport(
      label: request.label, source: key.source, mapping: reader.mapping.name)
    report.wasComplete = state.isComplete
    report.note = reader.mapping.note
    if let earlier {
      report.note = """
        continued after the first \(earlier.state.bytes) bytes, which were imported before\
        \(report.note.isEmpty ? "" : "; \(report.note)")
        """
    }
    let acceptedBefore = state.rowsAccepted
    if !state.isComplete {
      if !isKnown {
        try desk.journal.append(ImportBegin(key, state))
        desk.update(key, state)
      }
      if state.end > 0 { try reader.skip(to: state.end, line: state.nextLine) }
      try readAll(reader, ids, key, book, &state)
      try finish(key, &state)
    }
    report.rowsRead = state.rowsRead
    report.rowsAccepted = state.rowsAccepted
    report.rowsQuarantined = state.rowsQuarantined
    report.rowsDuplicate = state.rowsDuplicate
    report.rowsNew = state.rowsAccepted - acceptedBefore
    report.refusals = desk.refusals(key)
    if state.rowsQuarantined > 0 { report.quarantineFile = try writeQuarantine(key) }
    return report
  }

  /// Makes an import begin where the earlier import of a log that has grown since ended.
  private func goOn(
    _ fresh: inout ImportState, after earlier: ImportState, endsLine: Bool
  ) throws {
    guard earlier.isComplete else {
      throw FileProblem(
        file: request.label,
        """
        has grown since an import that was interrupted; import the first \(earlier.bytes) bytes \
        again to complete that one (head -c \(earlier.bytes)), then this file
        """)
    }
    guard endsLine else {
      throw FileProblem(
        file: request.label, line: earlier.nextLine - 1,
        """
        was imported when it ended in the middle of this line, which was read as it stood; give \
        another --source to import all of it once more
        """)
    }
    guard earlier.reading == fresh.reading else {
      throw FileProblem(
        file: request.label,
        "has grown since it was imported with another mapping; use that one for the rest")
    }
    fresh.end = earlier.bytes
    fresh.nextLine = earlier.nextLine
  }

  private func readAll(
    _ reader: UsageReader, _ ids: IDIndex, _ key: ImportKey, _ book: PriceBook,
    _ state: inout ImportState
  ) throws {
    while true {
      // Before reading: what was read must reach the journal.
      try desk.waitForRoom(job)
      guard let piece = try reader.next() else { return }
      do {
        try submit(piece, nextLine: reader.nextLine, key, book)
      } catch {
        ids.remove(idsOf: piece.batch)
        throw error
      }
      state.end = piece.end
      state.nextLine = reader.nextLine
      state.rowsRead += piece.rowsRead
      state.rowsAccepted += piece.batch.count
      state.rowsQuarantined += piece.quarantined.count
      state.rowsDuplicate += piece.duplicates
      desk.update(key, state)
      let (consumed, size) = reader.progress
      let permille = size.map { $0 > 0 ? Int(min(1_000, consumed * 1_000 / $0)) : 0 } ?? 0
      desk.progressed(job, permille: permille, rows: state.rowsRead)
    }
  }

  private func submit(
    _ piece: ReadBatch, nextLine: Int, _ key: ImportKey, _ book: PriceBook
  ) throws {
    let pricing = PricingJob(piece, source: key.source, stream: key.stream, book: book)
    let bytes = try CBOREncoder().encode(pricing)
    let payload = try SharedMessage(bytes)
    counts.withLock { $0.submitted += 1 }
    desk.reserve(bytes.count)
    let side = JournalSide(
      nextLine: nextLine, quarantined: piece.quarantined, contents: piece.contents)
    do {
      try desk.journal.append(job: bytes, side: side) { [desk] sequence in
        desk.durable(sequence, payload, key)
        self.counts.withLock { $0.durable += 1 }
      }
    } catch {
      counts.withLock { $0.submitted -= 1 }
      desk.reserve(-bytes.count)
      throw error
    }
  }

  /// Waits until the ledger has everything, then marks the import complete.
  private func finish(_ key: ImportKey, _ state: inout ImportState) throws {
    try desk.wait(job) {
      let (submitted, durable) = counts.withLock { ($0.submitted, $0.durable) }
      return desk.isAnswered(key, submitted: submitted, durable: durable)
    }
    guard desk.refusals(key).isEmpty else { return }
    let written = DispatchSemaphore(value: 0)
    try desk.journal.append(ImportEnd(source: key.source, stream: key.stream)) { _ in
      written.signal()
    }
    written.wait()
    state.isComplete = true
    desk.update(key, state)
  }

  /// Writes the rows that were quarantined, read back from the journal: the file is the same whether
  /// the import ran through or was cut off ten times.
  private func writeQuarantine(_ key: ImportKey) throws -> String {
    desk.journal.flush()
    let name = key.stream.prefix(6).map { String(format: "%02x", $0) }.joined()
    // A source may be called anything; a file may not.
    let source = key.source.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    let path = "\(desk.places.quarantine)/\(String(source.prefix(64)))-\(name).jsonl"
    var lines = Data()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    _ = try JournalFiles.verify(directory: desk.places.journal) { found, row in
      guard found == key else { return }
      let line = QuarantineLine(
        file: request.label, line: row.line, field: row.field, reason: row.reason.rawValue,
        remedy: row.reason.remedy, text: row.text)
      lines.append(try encoder.encode(line))
      lines.append(0x0A)
    }
    try lines.write(to: URL(fileURLWithPath: path), options: .atomic)
    return path
  }
}

/// A line of a quarantine file.
struct QuarantineLine: Codable {
  let file: String
  let line: Int
  let field: String
  let reason: String
  let remedy: String
  let text: String
}
