// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Foundation
import Glibc
import SystemPackage
public import Usage

/// The files of a journal: listing, reading, creating.
public enum JournalFiles {
  struct Last {
    var number: Int
    var size: Int
    var sequence: UInt64
  }

  static func path(_ directory: String, _ number: Int) -> String {
    let digits = String(number)
    return
      "\(directory)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).segment"
  }

  static func numbers(_ directory: String) throws -> [Int] {
    try FileManager.default.contentsOfDirectory(atPath: directory)
      .filter { $0.hasSuffix(".segment") }
      // Nine digits: a number that others can follow.
      .compactMap { $0.utf8.count <= 17 ? UInt32($0.dropLast(8)).map(Int.init) : nil }
      .sorted()
  }

  /// Makes a segment that survives a power cut: the file, then its name, reach the disk.
  /// - Throws: `Errno`; nothing of the segment is left then.
  static func create(
    _ directory: String, _ number: Int, _ head: SegmentHead
  ) throws -> FileDescriptor {
    let path = path(directory, number)
    let file = try FileDescriptor.open(
      FilePath(path), .readWrite, options: [.create, .truncate, .closeOnExec],
      permissions: .ownerReadWrite)
    do {
      try file.writeAll(toAbsoluteOffset: 0, head.bytes)
      try file.synchronizeData()
      try FileDescriptor.synchronizeDirectory(directory)
      return file
    } catch {
      // Made again at the next try: a descriptor must not be left behind each time.
      try? file.close()
      unlink(path)
      throw error
    }
  }

  /// Reads all segments in order.
  /// - Parameter repair: cut off a torn tail; otherwise it is only noted.
  /// - Returns: where writing goes on, or `nil` for an empty journal.
  static func read(
    directory: String, repair: Bool, _ ids: IDIndex?, _ contents: inout JournalContents,
    quarantine: (ImportKey, QuarantinedRow) throws -> Void = { _, _ in }
  ) throws -> Last? {
    var numbers = try numbers(directory)
    var positions: [UInt64: Int] = [:]
    var last: Last?
    while let number = numbers.first {
      numbers.removeFirst()
      let path = path(directory, number)
      let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
      let isLast = numbers.isEmpty
      let scan = try data.withUnsafeBytes { raw -> SegmentScan? in
        guard let head = SegmentHead(raw) else {
          // A crash while the segment was being made: nothing in it was ever acknowledged.
          if isLast && raw.count <= JournalFrame.headBytes { return nil }
          throw JournalError("\(path): byte 0: the header of the segment is damaged")
        }
        if let last {
          guard head.journal == contents.id, head.firstSequence == last.sequence + 1,
            head.chainBefore == contents.chain
          else { throw JournalError("\(path): byte 0: it does not continue the previous segment") }
        } else {
          contents.id = head.journal
          contents.chain = head.chainBefore
        }
        return try SegmentScan.scan(raw, head: head, isLast: isLast) { frame, offset in
          do {
            let position = JournalPosition(
              segment: number, offset: offset, bytes: JournalFrame.headBytes + frame.body.count)
            try take(frame, position, ids, &contents, &positions, quarantine)
          } catch let error as JournalError {
            throw error
          } catch {
            throw JournalError("\(path): byte \(offset): \(error)")
          }
        }
      }
      guard let scan else {
        if repair { unlink(path) }
        break
      }
      var size = data.count
      switch scan.ending {
      case .clean: break
      case .torn(let end):
        contents.cutOff += size - end
        size = end
        if repair { try truncate(path, end) }
      case .corrupt(let offset, let reason):
        throw JournalError(
          "\(path): byte \(offset): \(reason). It was acknowledged; restore the segment "
            + "from a backup"
        )
      }
      contents.chain = scan.chain
      contents.bytes += size
      last = Last(number: number, size: size, sequence: scan.lastSequence)
    }
    return last
  }

  /// The job of a batch, read again.
  /// - Throws: ``JournalError`` when the frame is damaged.
  public static func job(at position: JournalPosition, directory: String) throws -> [UInt8] {
    let path = path(directory, position.segment)
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    try handle.seek(toOffset: UInt64(position.offset))
    let data = try handle.read(upToCount: position.bytes) ?? Data()
    return try data.withUnsafeBytes { raw in
      guard case .success(let frame) = SegmentScan.frame(raw, 0) else {
        throw JournalError("\(path): byte \(position.offset): the frame is damaged")
      }
      return try split(frame.body).job
    }
  }

  /// The job of a batch, by its number.
  /// - Returns: `nil` when the journal has no such batch.
  /// - Throws: ``JournalError`` when a segment is damaged.
  public static func job(_ sequence: UInt64, directory: String) throws -> [UInt8]? {
    let numbers = try numbers(directory)
    // The last segment that does not begin after it.
    for number in numbers.reversed() {
      let path = path(directory, number)
      let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
      var job: [UInt8]?
      let isHere = try data.withUnsafeBytes { raw -> Bool in
        guard let head = SegmentHead(raw), head.firstSequence <= sequence else { return false }
        _ = try SegmentScan.scan(raw, head: head, isLast: number == numbers.last) { frame, _ in
          if frame.sequence == sequence && frame.kind == .batch { job = try split(frame.body).job }
        }
        return true
      }
      if isHere { return job }
    }
    return nil
  }

  private static func truncate(_ path: String, _ size: Int) throws(JournalError) {
    do {
      let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.closeOnExec])
      try file.closeAfter {
        try file.resize(to: Int64(size))
        try file.synchronizeData()
      }
    } catch {
      throw JournalError("\(path): \(error)")
    }
  }

  private static func take(
    _ frame: JournalFrame, _ position: JournalPosition, _ ids: IDIndex?,
    _ contents: inout JournalContents, _ positions: inout [UInt64: Int],
    _ quarantine: (ImportKey, QuarantinedRow) throws -> Void
  ) throws {
    contents.frames += 1
    let decoder = CBORDecoder()
    switch frame.kind {
    case .batch:
      let (job, side) = try split(frame.body)
      let head = try decoder.decode(PricingJob.self, from: job)
      let key = ImportKey(source: head.key.source, stream: head.key.stream)
      var state = contents.imports[key] ?? ImportState(path: "", reading: "", bytes: 0)
      state.end = head.key.end
      state.nextLine = side.nextLine
      state.rowsRead += head.rowsRead
      state.rowsAccepted += head.batch.count
      state.rowsQuarantined += head.rowsQuarantined
      state.rowsDuplicate += head.rowsDuplicate
      contents.imports[key] = state
      for row in side.quarantined { try quarantine(key, row) }
      remember(head.batch, side, ids)
      positions[frame.sequence] = contents.batches.count
      contents.batches.append(.init(sequence: frame.sequence, key: head.key, position: position))
    case .importBegan:
      let begin = try decoder.decode(ImportBegin.self, from: frame.body)
      let key = ImportKey(source: begin.source, stream: begin.stream)
      contents.imports[key] = ImportState(begin)
    case .importEnded:
      let end = try decoder.decode(ImportEnd.self, from: frame.body)
      contents.imports[ImportKey(source: end.source, stream: end.stream)]?.isComplete = true
    case .committed:
      let committed = try decoder.decode(CommittedBatches.self, from: frame.body)
      for sequence in committed.sequences {
        if let position = positions[sequence] { contents.batches[position].isNoted = true }
      }
    case .discarded:
      let discarded = try decoder.decode(DiscardedBatches.self, from: frame.body)
      for sequence in discarded.sequences {
        if let position = positions[sequence] { contents.batches[position].isDiscarded = true }
      }
    }
  }

  private static func split(_ body: [UInt8]) throws -> (job: [UInt8], side: BatchMetadata) {
    let length = body.withUnsafeBytes { $0.count >= 4 ? Int($0.number(0, UInt32.self)) : .max }
    guard length <= body.count - 4 else { throw JournalError("a batch frame is too short") }
    let side = try CBORDecoder().decode(BatchMetadata.self, from: Array(body[(4 + length)...]))
    return (Array(body[4..<4 + length]), side)
  }

  private static func remember(_ batch: UsageBatch, _ side: BatchMetadata, _ ids: IDIndex?) {
    guard let ids, batch.ids.count == 16 * batch.count, side.contents.count == batch.count else {
      return
    }
    batch.ids.withUnsafeBytes { raw in
      for row in 0..<batch.count {
        let id = IDIndex.ID(
          high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16 * row, as: UInt64.self)),
          low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16 * row + 8, as: UInt64.self)))
        ids.insert(id, content: side.contents[row])
      }
    }
  }

  /// Reads a journal without changing it.
  /// - Throws: ``JournalError`` with file and byte for the first damage.
  public static func verify(
    directory: String, quarantine: (ImportKey, QuarantinedRow) throws -> Void = { _, _ in }
  ) throws -> JournalContents {
    var contents = JournalContents()
    _ = try read(directory: directory, repair: false, nil, &contents, quarantine: quarantine)
    return contents
  }
}
