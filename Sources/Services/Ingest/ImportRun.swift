// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import ClusterAPI
import Documents
import Economics
import FileHandover
import Foundation
import Host
import Journal
import Synchronization
import SystemPackage
import Usage
import ZeroMQ

/// One file, from its first byte to its last booking.
///
/// The file is known by the digest of its unpacked content. What the journal already holds of it is
/// passed over, so an import that was cut off goes on, one that was complete adds nothing, and a log
/// that has grown adds what is new.
final class ImportRun: Sendable {
  private let request: ImportRequest
  private let job: JobID
  private let coordinator: ImportCoordinator

  init(_ request: ImportRequest, job: JobID, coordinator: ImportCoordinator) {
    self.request = request
    self.job = job
    self.coordinator = coordinator
  }

  func run() throws -> ImportReport {
    let book = try request.options.priceBook()
    let file: FileDescriptor
    do throws(FileHandoverError) {
      file = try request.file.fetch()
    } catch {
      throw FileProblem(file: request.label, error.description)
    }
    return try file.closeAfter { try run(file, book) }
  }

  private func run(_ file: FileDescriptor, _ book: PriceBook) throws -> ImportReport {
    let label = request.label
    let lengths = coordinator.decide { $0.lengths }
    let first = try ContentDigest(of: file, name: label, beginnings: lengths)
    try coordinator.check(job)
    return try coordinator.ids.withIndex { ids in
      // While it waited for its turn, another import may have read a beginning of this very file.
      let now = coordinator.decide { $0.lengths }
      let isStale = now.contains { !lengths.contains($0) && $0 <= first.count }
      let digest = isStale ? try ContentDigest(of: file, name: label, beginnings: now) : first
      let reader = try UsageReader(
        file, name: label, source: request.options.source, batchRows: request.options.batchRows,
        length: digest.count, ids: ids, now: Int64(Date().timeIntervalSince1970 * 1_000)
      ) { header in try request.options.mapping(for: header, file: label) }
      return try run(reader, ids, digest, book)
    }
  }

  private func run(
    _ reader: UsageReader, _ ids: IDIndex, _ digest: ContentDigest, _ book: PriceBook
  ) throws -> ImportReport {
    let key = ImportKey(source: reader.source, stream: digest.sha256)
    let fresh = ImportState(
      path: request.label, reading: reader.mapping.identity, bytes: digest.count)
    var report = ImportReport(
      label: request.label, source: key.source, mapping: reader.mapping.name)
    report.note = reader.mapping.note
    var state: ImportState
    switch coordinator.decide({ $0.open(key, fresh: fresh, digest: digest) }) {
    case .refused(let reason, let line):
      throw FileProblem(file: request.label, line: line, reason)
    case .complete(let known):
      state = known
      report.wasComplete = true
    case .read(let begun, let isNew, let after):
      state = begun
      defer { coordinator.closed(key, job: job) }
      if let after {
        let continued = "continued after the first \(after) bytes, which were imported before"
        report.note = report.note.isEmpty ? continued : "\(continued); \(report.note)"
      }
      let before = state.rowsAccepted
      if isNew { try coordinator.journal.append(ImportBegin(key, state)) }
      if state.end > 0 { try reader.skip(to: state.end, line: state.nextLine) }
      try readAll(reader, ids, key, book, &state)
      try finish(key, &state)
      report.rowsNew = state.rowsAccepted - before
    }
    report.rowsRead = state.rowsRead
    report.rowsAccepted = state.rowsAccepted
    report.rowsQuarantined = state.rowsQuarantined
    report.rowsDuplicate = state.rowsDuplicate
    report.refusals = coordinator.decide { $0.refusals(key) }
    if state.rowsQuarantined > 0 { report.quarantineFile = try writeQuarantine(key) }
    return report
  }

  private func readAll(
    _ reader: UsageReader, _ ids: IDIndex, _ key: ImportKey, _ book: PriceBook,
    _ state: inout ImportState
  ) throws {
    while true {
      // Before reading: what was read must reach the journal.
      try coordinator.waitForRoom(job)
      guard let piece = try reader.next() else { return }
      do {
        try submit(piece, nextLine: reader.nextLine, key, book)
      } catch {
        ids.remove(idsOf: piece.batch)
        throw error
      }
      state.end = piece.end
      state.nextLine = reader.nextLine
      coordinator.counts.add(
        accepted: piece.batch.count, quarantined: piece.quarantined.count,
        duplicates: piece.duplicates)
      state.rowsRead += piece.rowsRead
      state.rowsAccepted += piece.batch.count
      state.rowsQuarantined += piece.quarantined.count
      state.rowsDuplicate += piece.duplicates
      coordinator.decide { [state] in $0.advanced(key, state) }
      let (consumed, size) = reader.progress
      let permille = size.map { $0 > 0 ? Int(min(1_000, consumed * 1_000 / $0)) : 0 } ?? 0
      coordinator.progressed(job, permille: permille, rows: state.rowsRead)
    }
  }

  private func submit(
    _ piece: ReadBatch, nextLine: Int, _ key: ImportKey, _ book: PriceBook
  ) throws {
    let pricing = try PricingJob(piece, source: key.source, stream: key.stream, book: book)
    let bytes = try CBOREncoder().encode(pricing)
    let payload = try SharedMessage(bytes)
    let control = BatchControl(pricing)
    let run = coordinator.decide { $0.submitting(key, bytes: bytes.count) }
    let side = BatchMetadata(
      nextLine: nextLine, quarantined: piece.quarantined, contents: piece.contents)
    do {
      try coordinator.journal.append(job: bytes, side: side) { [coordinator] sequence in
        coordinator.durable(sequence, payload, control, key, run: run)
      }
    } catch {
      coordinator.decide { $0.notSubmitted(key, bytes: bytes.count, run: run) }
      throw error
    }
  }

  /// Waits until the ledger has everything, then marks the import complete.
  private func finish(_ key: ImportKey, _ state: inout ImportState) throws {
    var completion = ImportMachine.Completion.waiting
    try coordinator.wait(job) {
      completion = coordinator.decide { $0.completion(key) }
      return completion != .waiting
    }
    guard completion == .complete else { return }
    let written = DispatchSemaphore(value: 0)
    try coordinator.journal.append(ImportEnd(source: key.source, stream: key.stream)) { _ in
      written.signal()
    }
    written.wait()
    state.isComplete = true
    coordinator.decide { [state] in $0.advanced(key, state) }
  }

  /// Writes the rows that were quarantined, read back from the journal: the file is the same whether
  /// the import ran through or was cut off ten times.
  private func writeQuarantine(_ key: ImportKey) throws -> String {
    coordinator.journal.flush()
    let name = key.stream.prefix(6).map { String(format: "%02x", $0) }.joined()
    // A source may be called anything; a file may not.
    let source = key.source.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    let path = "\(coordinator.dataDirectory.quarantine)/\(String(source.prefix(64)))-\(name).jsonl"
    var lines = Data()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    _ = try JournalFiles.verify(directory: coordinator.dataDirectory.journal) { found, row in
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
