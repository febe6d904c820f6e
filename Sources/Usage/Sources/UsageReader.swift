// SPDX-License-Identifier: Apache-2.0

public import Economics
import Glibc
public import SystemPackage

/// A piece of a log: the batch that it gave, and what was quarantined.
public struct ReadBatch: Sendable {
  /// The accepted rows.
  public var batch: UsageBatch
  /// The bytes of the unpacked stream that it was read from.
  public var start: UInt64
  /// The first byte after the range.
  public var end: UInt64
  /// Rows in that range: accepted, quarantined and duplicate.
  public var rowsRead: Int
  /// The rejected rows, with reasons.
  public var quarantined: [QuarantinedRow]
  /// Rows whose id was accepted before with the same content.
  public var duplicates: Int
  /// For sources with ids: the content hash of each accepted row.
  public var contents: [UInt64]
}

/// Reads a log into batches. The whole file is never in memory; a bad row never stops the rest.
///
/// ```swift
/// let reader = try UsageReader(
///   path: path, source: "gateway", batchRows: 32_768, ids: nil, now: now
/// ) { header in try ReadingOptions().mapping(for: header, file: path) }
/// var (accepted, quarantined) = (0, 0)
/// while let piece = try reader.next() {
///   accepted += piece.batch.count
///   quarantined += piece.quarantined.count
/// }
/// ```
/// The example is compiled in `Tests/ExampleTests/UsageExamples.swift`.
public final class UsageReader {
  /// The longest row, in bytes.
  public static let rowBytesMax = 1 << 20
  /// The numbers of lines: of more than any file has.
  public static let lines = 1...1 << 48
  /// A row of more than 10^12 tokens is a mistake, and a few of them would overflow every sum.
  static let quantityMax: UInt64 = 1_000_000_000_000

  private let loop: RowLoop

  /// Opens a log and reads its header.
  /// - Parameters:
  ///   - source: what the log is called; `nil` takes the mapping's name for it.
  ///   - batchRows: rows per batch, one of ``ReadingOptions/batchRowsRange``.
  ///   - length: how many bytes of the unpacked content to read at most: what is appended later is
  ///     not part of what was digested.
  ///   - ids: for sources whose rows have ids.
  ///   - now: the wall clock in milliseconds since 1970; rows of more than 48 h later are refused.
  ///   - mapping: how to read it, given the names in its header.
  /// - Throws: ``ReadError`` or ``FileProblem`` when the file as a whole cannot be read.
  public init(
    path: String, source: String?, batchRows: Int, length: UInt64 = .max, ids: IDIndex?,
    now: Int64, mapping: ([String]) throws -> Mapping
  ) throws {
    precondition(
      ReadingOptions.batchRowsRange.contains(batchRows), "a batch has from 1 to 65,536 rows")
    loop = try RowLoop(
      ByteSource(path: path), source: source, batchRows: batchRows, length: length, ids: ids,
      now: now, isGeneral: false, mapping: mapping)
  }

  /// Reads a log that somebody has opened, from its beginning; the rest is as for a path.
  /// - Parameters:
  ///   - file: a regular file; it stays the caller's to close, at any time.
  ///   - name: what to call it in errors.
  /// - Throws: ``ReadError`` or ``FileProblem`` when the file as a whole cannot be read.
  public init(
    _ file: FileDescriptor, name: String, source: String?, batchRows: Int, length: UInt64 = .max,
    ids: IDIndex?, now: Int64, mapping: ([String]) throws -> Mapping
  ) throws {
    precondition(
      ReadingOptions.batchRowsRange.contains(batchRows), "a batch has from 1 to 65,536 rows")
    loop = try RowLoop(
      ByteSource(file, name: name), source: source, batchRows: batchRows, length: length, ids: ids,
      now: now, isGeneral: false, mapping: mapping)
  }

  /// Reads every row on the general path: what the quick one is compared with.
  init(
    generallyReading path: String, batchRows: Int, ids: IDIndex?, now: Int64, mapping: Mapping
  ) throws {
    loop = try RowLoop(
      ByteSource(path: path), source: nil, batchRows: batchRows, length: .max, ids: ids, now: now,
      isGeneral: true
    ) { _ in mapping }
  }

  /// The mapping that was chosen for the header.
  public var mapping: Mapping { loop.mapping }
  /// The log's name, as it will be booked.
  public var source: String { loop.source }
  /// Rows so far, of all batches.
  public var totalRows: Int { loop.totalRows }
  /// How much of the file on disk was read, and how large it is: for progress.
  public var progress: (consumed: Int64, size: Int64?) { loop.progress }
  /// The line that comes next.
  public var nextLine: Int { loop.nextLine }

  /// Passes over everything before byte `offset` of the unpacked stream, which an earlier run has
  /// read; `line` is the number of the line there.
  /// - Throws: ``ReadError`` when the file is shorter than that.
  public func skip(to offset: UInt64, line: Int) throws { try loop.skip(to: offset, line: line) }

  /// The next batch; `nil` at the end.
  /// - Throws: ``ReadError`` when the file cannot be read on, ``BatchError`` for a time outside 1900 to 2200.
  public func next() throws -> ReadBatch? { try loop.next() }
}

/// The reader's state, which one thread uses. Its properties are not checked for exclusive access, which
/// took a third of the time; the proof stands beside them.
private final class RowLoop {
  private static let valueBytesMax = 1_024
  private static let quarantineBytesMax = 1_024 * 1_024
  /// Values in one batch: a batch must fit a message.
  private static let batchValueBytesMax = 4 * 1_024 * 1_024
  /// 2015-01-01: nothing that Solvent prices is older.
  private static let earliest: Int64 = 1_420_070_400_000

  let mapping: Mapping
  let source: String
  private let header: [String]
  private let plan: ReadingPlan
  private let quick: QuickReader
  private let usesQuick: Bool
  // Of the plan, as plain memory: its arrays would be retained at each row.
  private let meterCount: Int
  private let dimensionCount: Int
  private let failureSlot: Int
  private let failureField: Int
  private let subtractions: UnsafeMutableBufferPointer<(whole: Int, part: Int)>
  private let input: ByteSource
  private let length: UInt64
  private let latest: Int64
  // Of the mapping, which is large: copied once, not at each row.
  private let timeFormat: Mapping.TimeFormat
  private let origin: Int64
  private let ids: IDIndex?
  private let idField: Int?

  private let buffer: UnsafeMutableRawBufferPointer
  // Not checked for exclusive access, which would cost a call at every field of every row. It cannot be
  // violated: the loop is private to its reader, which is not Sendable and calls one method at a time,
  // and nothing that a method calls (input, scanner, builder, ids) knows the loop to call it back.
  @exclusivity(unchecked) private var filled: Int
  @exclusivity(unchecked) private var position: Int
  @exclusivity(unchecked) private var bufferStart: UInt64 = 0
  @exclusivity(unchecked) private var isEnd: Bool
  @exclusivity(unchecked) private var isInLongRow = false
  @exclusivity(unchecked) private var line = 2
  @exclusivity(unchecked) private var scanner: RecordScanner
  @exclusivity(unchecked) private var builder: BatchBuilder
  @exclusivity(unchecked) private var contents: [UInt64] = []
  @exclusivity(unchecked) private var newIDs: [IDIndex.ID] = []
  private let rowQuantities: UnsafeMutablePointer<UInt64>
  private let rowCodes: UnsafeMutablePointer<UInt32>
  @exclusivity(unchecked) private var quarantined: [QuarantinedRow] = []
  @exclusivity(unchecked) private var quarantinedBytes = 0
  @exclusivity(unchecked) private var valueBytes = 0
  @exclusivity(unchecked) private var duplicates = 0
  @exclusivity(unchecked) private var rowsRead = 0
  @exclusivity(unchecked) private var batchStart: UInt64
  @exclusivity(unchecked) private(set) var totalRows = 0

  var progress: (consumed: Int64, size: Int64?) { (input.consumed, input.size) }

  init(
    _ file: ByteSource, source: String?, batchRows: Int, length: UInt64, ids: IDIndex?, now: Int64,
    isGeneral: Bool, mapping choose: ([String]) throws -> Mapping
  ) throws {
    let header = try HeaderReader.read(file)
    let mapping = try choose(header.names)
    let plan = try ReadingPlan(mapping, header: header.names, path: file.path)
    self.header = header.names
    self.mapping = mapping
    timeFormat = mapping.timeFormat
    origin = mapping.origin
    self.plan = plan
    quick = QuickReader(
      plan, mapping, columns: header.names.count, delimiter: header.delimiter)
    usesQuick = quick.isUsable && !isGeneral
    (meterCount, dimensionCount) = (plan.meters.count, plan.dimensions.count)
    (failureSlot, failureField) = (plan.failureSlot, plan.failureField)
    subtractions = .allocate(capacity: plan.subtractions.count)
    _ = subtractions.initialize(from: plan.subtractions)
    self.source = source ?? mapping.source
    self.ids = plan.idField == nil ? nil : ids
    idField = ids == nil ? nil : plan.idField
    input = header.input
    buffer = header.buffer
    self.length = length
    filled = Int(min(UInt64(header.filled), length))
    position = min(header.position, filled)
    isEnd = header.isEnd || UInt64(filled) == length
    batchStart = UInt64(position)
    latest = now + 48 * 3_600_000
    scanner = RecordScanner(delimiter: header.delimiter)
    builder = BatchBuilder(
      capacity: batchRows, meters: plan.meters, names: plan.varying, constants: plan.constants,
      evidence: mapping.evidence)
    rowQuantities = .allocate(capacity: max(1, plan.meters.count))
    rowCodes = .allocate(capacity: max(1, plan.varying.count))
  }

  deinit {
    buffer.deallocate()
    subtractions.deallocate()
    rowQuantities.deallocate()
    rowCodes.deallocate()
  }

  // MARK: Rows

  func skip(to offset: UInt64, line: Int) throws {
    while bufferStart + UInt64(filled) < offset && !isEnd {
      bufferStart += UInt64(filled)
      filled = 0
      position = 0
      try fill()
    }
    guard offset >= bufferStart, offset - bufferStart <= UInt64(filled) else {
      throw ReadError(input.path, "is shorter than when it was read before")
    }
    position = Int(offset - bufferStart)
    batchStart = offset
    self.line = line
  }

  var nextLine: Int { line }

  func next() throws -> ReadBatch? {
    do {
      let piece = try readPiece()
      newIDs = []
      return piece
    } catch {
      // Nobody will see these rows: their ids must not make them duplicates of nothing.
      for id in newIDs { ids?.remove(id) }
      newIDs = []
      throw error
    }
  }

  private func readPiece() throws -> ReadBatch? {
    while true {
      scanRows()
      if isBatchFull { return try finishBatch() }
      if isEnd && position == filled {
        return rowsRead > 0 ? try finishBatch() : nil
      }
      try refill()
    }
  }

  private var isBatchFull: Bool {
    builder.isFull || quarantinedBytes > Self.quarantineBytesMax
      || valueBytes + builder.tableBytes > Self.batchValueBytesMax
  }

  private func finishBatch() throws(BatchError) -> ReadBatch {
    let end = bufferStart + UInt64(position)
    defer {
      quick.forgetValues()
      batchStart = end
      rowsRead = 0
      quarantined = []
      quarantinedBytes = 0
      valueBytes = 0
      duplicates = 0
      contents = []
    }
    return ReadBatch(
      batch: try builder.finish(), start: batchStart, end: end, rowsRead: rowsRead,
      quarantined: quarantined, duplicates: duplicates, contents: contents)
  }

  /// Moves the unread rest to the front and reads more behind it.
  private func refill() throws {
    let rest = filled - position
    if rest == buffer.count {
      skipLongRow()
      return
    }
    if rest > 0 && position > 0 {
      UnsafeMutableRawBufferPointer(rebasing: buffer[0..<rest])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[position..<filled]))
    }
    bufferStart += UInt64(position)
    position = 0
    filled = rest
    try fill()
  }

  private func fill() throws {
    let end = Int(min(UInt64(buffer.count), length - bufferStart))
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<end])
    let count = room.isEmpty ? 0 : try input.read(into: room)
    filled += count
    if count == 0 { isEnd = true }
  }

  /// A row that fills the whole buffer: it is quarantined, and everything up to its line end passed
  /// over.
  private func skipLongRow() {
    let base = UnsafePointer(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
    quarantine(base, position, filled, "", .lineTooLong)
    rowsRead += 1
    totalRows += 1
    isInLongRow = true
    passLongRow(base)
  }

  private func passLongRow(_ base: UnsafePointer<UInt8>) {
    guard let end = (position..<filled).first(where: { base[$0] == 0x0A }) else {
      position = filled
      return
    }
    position = end + 1
    line += 1
    isInLongRow = false
  }

  private func scanRows() {
    let base = UnsafePointer(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
    if isInLongRow { passLongRow(base) }
    // So that a row read quickly, and what is loaded behind it, is within the buffer.
    let limit = filled - QuickReader.slack
    while position < filled && !isBatchFull {
      if usesQuick && position < limit && readQuickly(base, limit) { continue }
      switch scanner.scan(base, from: position, to: filled, isFinal: isEnd) {
      case .incomplete:
        return
      case .malformed(let next):
        rowsRead += 1
        totalRows += 1
        quarantine(base, position, next, "", .badQuoting)
        advance(base, to: next)
      case .record(let next):
        if isBlank(next) {
          // Empty lines are skipped.
          advance(base, to: next)
          continue
        }
        rowsRead += 1
        totalRows += 1
        if isTooLong(base, next) {
          quarantine(base, position, next, "", .lineTooLong)
        } else {
          read(base, next)
        }
        advance(base, to: next)
      }
    }
  }

  /// Reads a usual row.
  /// - Returns: whether it was one; if not, nothing has changed.
  @inline(__always)
  private func readQuickly(_ base: UnsafePointer<UInt8>, _ limit: Int) -> Bool {
    let row = quick.read(
      base, at: position, limit: limit, scanner: scanner, interners: builder.interners,
      quantities: rowQuantities, codes: rowCodes)
    guard row.next > 0, row.next - position <= UsageReader.rowBytesMax else { return false }
    var time = row.time
    if row.isTimeText {
      guard let read = self.time(base, scanner[plan.timeField]) else { return false }
      time = read
    }
    guard time >= Self.earliest, time <= latest else { return false }
    rowsRead &+= 1
    totalRows &+= 1
    settle(base, row.next, time)
    line &+= 1
    position = row.next
    return true
  }

  /// Whether the row, without its line end, is longer than any may be.
  private func isTooLong(_ base: UnsafePointer<UInt8>, _ next: Int) -> Bool {
    guard next - position > UsageReader.rowBytesMax else { return false }
    var end = next
    if base[end - 1] == 0x0A { end -= 1 }
    if end > position && base[end - 1] == 0x0D { end -= 1 }
    return end - position > UsageReader.rowBytesMax
  }

  private func isBlank(_ next: Int) -> Bool {
    scanner.fieldCount == 1 && scanner[0].count == 0 && header.count > 1
      && next - position <= 2
  }

  private func advance(_ base: UnsafePointer<UInt8>, to next: Int) {
    line += 1
    // Quoted fields may hold line breaks: then the row spans several lines.
    if scanner.sawQuote {
      line += (position..<max(position, next - 1)).count { base[$0] == 0x0A }
    }
    position = next
  }

  /// Reads one row: all of it, or none.
  private func read(_ base: UnsafePointer<UInt8>, _ next: Int) {
    guard scanner.fieldCount == header.count else {
      return quarantine(base, position, next, "", .fieldCount)
    }
    let timeField = scanner[plan.timeField]
    guard let time = time(base, timeField) else {
      return quarantine(
        base, position, next, mapping.timeColumn,
        timeField.count == 0 ? .missingField : .badTimestamp)
    }
    var hasQuantity = false
    for slot in 0..<plan.meters.count { rowQuantities[slot] = 0 }
    for quantity in plan.quantities {
      let field = scanner[quantity.field]
      if field.count == 0 {
        if quantity.isOptional { continue }
        return quarantine(base, position, next, header[quantity.field], .missingField)
      }
      guard let value = NumberText.count(base + field.start, field.count),
        value <= UsageReader.quantityMax
      else {
        return quarantine(base, position, next, header[quantity.field], .badNumber)
      }
      rowQuantities[quantity.slot] = value
      hasQuantity = true
    }
    guard hasQuantity else { return quarantine(base, position, next, "", .missingField) }
    for slot in 0..<plan.dimensions.count {
      let field = scanner[plan.dimensions[slot]]
      if let code = builder.code(slot, base + field.start, field.count) {
        rowCodes[slot] = code
      } else if let problem = newValue(slot, base, field) {
        return quarantine(base, position, next, header[plan.dimensions[slot]], problem)
      }
    }
    settle(base, next, time)
  }

  /// Takes the row whose fields, quantities and codes are set, unless they contradict each other or
  /// its event is known.
  private func settle(_ base: UnsafePointer<UInt8>, _ next: Int, _ time: Int64) {
    for index in 0..<subtractions.count {
      let (whole, part) = subtractions[index]
      guard rowQuantities[whole] >= rowQuantities[part] else {
        return quarantine(base, position, next, plan.meters[whole].name, .inconsistent)
      }
      rowQuantities[whole] -= rowQuantities[part]
    }
    if failureSlot >= 0 {
      let field = scanner[failureField]
      rowQuantities[failureSlot] = plan.tellsFailure(base + field.start, field.count) ? 1 : 0
    }
    if let idField, let ids {
      guard checkID(base, next, scanner[idField], ids) else { return }
    }
    builder.append(
      time: time, codes: UnsafeBufferPointer(start: rowCodes, count: dimensionCount),
      quantities: UnsafeBufferPointer(start: rowQuantities, count: meterCount))
  }

  private func time(_ base: UnsafePointer<UInt8>, _ field: RecordScanner.Field) -> Int64? {
    let start = base + field.start
    let time: Int64?
    switch timeFormat {
    case .relativeSeconds:
      time = NumberText.milliseconds(start, field.count, power: 3).flatMap { seconds in
        let (time, overflow) = seconds.addingReportingOverflow(origin)
        return overflow ? nil : time
      }
    case .epoch(let power):
      time = NumberText.milliseconds(start, field.count, power: power)
    case .rfc3339(let zone):
      time = TimeText.milliseconds(
        UnsafeRawBufferPointer(start: start, count: field.count), zoneMinutes: zone)
    }
    guard let time, time >= Self.earliest, time <= latest else { return nil }
    return time
  }

  /// Checks a value that the batch has not seen, and gives it a code.
  private func newValue(
    _ slot: Int, _ base: UnsafePointer<UInt8>, _ field: RecordScanner.Field
  ) -> QuarantineReason? {
    guard field.count <= Self.valueBytesMax else { return .tooLong }
    let bytes = UnsafeBufferPointer(start: base + field.start, count: field.count)
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return .controlCharacter }
    guard let raw = String(validating: bytes, as: UTF8.self) else { return .badEncoding }
    let value = field.isEscaped ? raw.replacing("\"\"", with: "\"") : raw
    rowCodes[slot] = builder.newCode(slot, base + field.start, field.count, value)
    valueBytes += field.count
    return nil
  }

  /// - Returns: whether the row is new.
  private func checkID(
    _ base: UnsafePointer<UInt8>, _ next: Int, _ field: RecordScanner.Field, _ ids: IDIndex
  ) -> Bool {
    guard field.count > 0 else {
      quarantine(base, position, next, mapping.idColumn ?? "", .missingField)
      return false
    }
    let bytes = UnsafeRawBufferPointer(start: base + field.start, count: field.count)
    let id = IDIndex.ID(source: source, id: bytes)
    // The line end is not content: the last line may lack it.
    var end = next
    while end > position && (base[end - 1] == 0x0A || base[end - 1] == 0x0D) { end -= 1 }
    let content = ContentHash.of(base + position, end - position)
    switch ids.find(id, content: content) {
    case .duplicate:
      duplicates += 1
      return false
    case .conflict:
      quarantine(base, position, next, mapping.idColumn ?? "", .idConflict)
      return false
    case .new:
      ids.insert(id, content: content)
      newIDs.append(id)
      builder.append(id: id)
      contents.append(content)
      return true
    }
  }

  private func quarantine(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ field: String,
    _ reason: QuarantineReason
  ) {
    var stop = end
    while stop > start && (base[stop - 1] == 0x0A || base[stop - 1] == 0x0D) { stop -= 1 }
    let bytes = UnsafeBufferPointer(start: base + start, count: min(stop - start, 4_096))
    let text = String(decoding: bytes, as: UTF8.self)
    quarantinedBytes += text.utf8.count + field.utf8.count + 64
    quarantined.append(QuarantinedRow(line: line, field: field, reason: reason, text: text))
  }
}
