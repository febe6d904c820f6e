// SPDX-License-Identifier: Apache-2.0

public import Economics

/// A piece of a log: the batch that it gave, and what was put aside.
public struct ReadBatch: Sendable {
  public var batch: UsageBatch
  /// The bytes of the unpacked stream that it was read from.
  public var start: UInt64
  public var end: UInt64
  /// Rows in that range: accepted, quarantined and duplicate.
  public var rowsRead: Int
  public var quarantined: [QuarantinedRow]
  public var duplicates: Int
  /// For sources with ids: the content hash of each accepted row.
  public var contents: [UInt64]
}

/// Reads a log into batches. The whole file is never in memory; a bad row never stops the rest.
public final class UsageReader {
  /// The longest row, in bytes.
  public static let rowBytesMax = 1 << 20
  private static let valueBytesMax = 1_024
  private static let quarantineBytesMax = 1_024 * 1_024
  /// A row of the greatest length with its line end, and room to read on.
  private static let bufferBytes = rowBytesMax + 64 * 1024
  /// 2015-01-01: nothing that Solvent prices is older.
  private static let earliest: Int64 = 1_420_070_400_000

  /// A column as the row loop needs it.
  private enum Role {
    case quantity(index: Int, isOptional: Bool)
    case dimension(index: Int)
  }

  public let mapping: Mapping
  public let source: String
  private let input: ByteSource
  private let latest: Int64
  private let ids: IDIndex?

  private var buffer: UnsafeMutableRawBufferPointer
  private var filled = 0
  private var position = 0
  private var bufferStart: UInt64 = 0
  private var isEnd = false
  private var isInLongRow = false
  private var line = 1
  private var scanner: RecordScanner

  private var header: [String] = []
  private var timeField = 0
  private var failureField: Int?
  private var idField: Int?
  private var roles: [(field: Int, role: Role)] = []
  private var meters: [Meter] = []
  private var subtractions: [(whole: Int, part: Int)] = []
  private var failureIndex: Int?
  private var builder: BatchBuilder
  private var contents: [UInt64] = []

  private var rowQuantities: [UInt64] = []
  private var rowCodes: [UInt32] = []
  private var quarantined: [QuarantinedRow] = []
  private var quarantinedBytes = 0
  private var duplicates = 0
  private var rowsRead = 0
  private var batchStart: UInt64 = 0

  /// Rows so far, of all batches.
  public private(set) var totalRows = 0
  /// How much of the file on disk was read, and how large it is: for progress.
  public var progress: (consumed: Int64, size: Int64?) { (input.consumed, input.size) }

  /// Opens a log and reads its header.
  /// - Parameters:
  ///   - source: what the log is called; `nil` takes the mapping's name for it.
  ///   - mapping: how to read it, given the names in its header.
  ///   - batchRows: rows per batch.
  ///   - ids: for sources whose rows have ids.
  ///   - now: the wall clock in milliseconds since 1970; rows of more than 48 h later are refused.
  /// - Throws: ``ReadError`` or ``FileProblem`` when the file as a whole cannot be read.
  public init(
    path: String, source: String?, batchRows: Int, ids: IDIndex?, now: Int64,
    mapping choose: ([String]) throws -> Mapping
  ) throws {
    precondition(batchRows > 0, "a batch has rows")
    input = try ByteSource(path: path)
    latest = now + 48 * 3_600_000
    self.ids = ids
    buffer = .allocate(byteCount: Self.bufferBytes, alignment: 64)
    // The header may turn out to use another delimiter; a comma first.
    scanner = RecordScanner(delimiter: UInt8(ascii: ","))
    builder = BatchBuilder(
      capacity: 1, meters: [], names: [], constants: [], evidence: .measured)
    let placeholder = Mapping(
      name: "", detect: [], source: "", delimiter: 0x2C, timeColumn: "",
      timeFormat: .relativeSeconds, origin: 0, dimensions: [:], quantities: [:], failure: nil,
      idColumn: nil, evidence: .measured, note: "")
    var chosen = placeholder
    var names: [String] = []
    do {
      names = try Self.readHeader(
        input, &buffer, &filled, &position, &isEnd, &scanner, path: path)
      chosen = try choose(names)
    } catch {
      buffer.deallocate()
      throw error
    }
    mapping = chosen
    self.source = source ?? chosen.source
    line = 2
    batchStart = UInt64(position)
    do {
      try plan(names, path: path, batchRows: batchRows)
    } catch {
      // `deinit` frees the buffer: all properties are set.
      throw error
    }
  }

  deinit { buffer.deallocate() }

  // MARK: Header

  private static func readHeader(
    _ input: ByteSource, _ buffer: inout UnsafeMutableRawBufferPointer, _ filled: inout Int,
    _ position: inout Int, _ isEnd: inout Bool, _ scanner: inout RecordScanner, path: String
  ) throws -> [String] {
    while true {
      let base = UnsafePointer(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
      let mark = filled >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF ? 3 : 0
      if filled > mark || isEnd {
        var delimiter = UInt8(ascii: ",")
        if let end = (mark..<filled).first(where: { base[$0] == 0x0A }) {
          // The header tells the delimiter: whichever of the three occurs most.
          let candidates: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
          let counts = candidates.map { candidate in (mark..<end).count { base[$0] == candidate } }
          delimiter = candidates[counts.firstIndex(of: counts.max()!)!]
        }
        scanner = RecordScanner(delimiter: delimiter)
        switch scanner.scan(base, from: mark, to: filled, isFinal: isEnd) {
        case .record(let next):
          position = next
          return try names(scanner, base, path: path)
        case .malformed:
          throw FileProblem(file: path, line: 1, "the header is not properly quoted")
        case .incomplete:
          guard filled < buffer.count else {
            throw FileProblem(file: path, line: 1, "the header is longer than 1 MiB")
          }
        }
      }
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = try input.read(into: room)
      filled += count
      if count == 0 {
        if filled == 0 { throw FileProblem(file: path, "is empty: not even a header") }
        isEnd = true
      }
    }
  }

  private static func names(
    _ scanner: RecordScanner, _ base: UnsafePointer<UInt8>, path: String
  ) throws(FileProblem) -> [String] {
    var names: [String] = []
    for field in scanner.fields {
      let bytes = UnsafeBufferPointer(start: base + field.start, count: field.count)
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw FileProblem(file: path, line: 1, "bad_encoding: the header is not UTF-8")
      }
      guard !name.isEmpty else {
        throw FileProblem(
          file: path, line: 1,
          "empty_column_name: column \(names.count + 1) has no name; remove the extra delimiter")
      }
      guard !names.contains(name) else {
        throw FileProblem(file: path, line: 1, "the column '\(name)' occurs twice")
      }
      names.append(name)
    }
    return names
  }

  /// Works out once which field plays which role.
  private func plan(_ names: [String], path: String, batchRows: Int) throws(FileProblem) {
    header = names
    func field(_ name: String) throws(FileProblem) -> Int {
      if let index = names.firstIndex(of: name) { return index }
      let near = Spelling.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
      throw FileProblem(
        file: path, line: 1,
        """
        the mapping '\(mapping.name)' reads a column '\(name)', which the header does not have; \
        it has \(names.joined(separator: ", "))\(near)
        """)
    }
    timeField = try field(mapping.timeColumn)
    failureField = try mapping.failure.map { (failure) throws(FileProblem) in
      try field(failure.column)
    }
    idField = mapping.idColumn.flatMap { names.firstIndex(of: $0) }
    meters = mapping.quantities.keys.sorted()
    if mapping.failure != nil {
      meters.append(.failedRequests)
      meters.sort()
      failureIndex = meters.firstIndex(of: .failedRequests)
    }
    for (meter, quantity) in mapping.quantities.sorted(by: { $0.key < $1.key }) {
      if quantity.isOptional && !names.contains(quantity.column) { continue }
      let index = meters.firstIndex(of: meter) ?? 0
      roles.append(
        (try field(quantity.column), .quantity(index: index, isOptional: quantity.isOptional)))
      if let part = quantity.includes.flatMap({ meters.firstIndex(of: $0) }) {
        subtractions.append((index, part))
      }
    }
    var varying: [String] = []
    var constants: [(name: String, value: String)] = []
    for (name, value) in mapping.dimensions.sorted(by: { $0.key < $1.key }) {
      switch value {
      case .constant(let text): constants.append((name, text))
      case .column(let column):
        guard let index = names.firstIndex(of: column) else { continue }
        roles.append((index, .dimension(index: varying.count)))
        varying.append(name)
      }
    }
    guard roles.contains(where: { if case .quantity = $0.role { true } else { false } }) else {
      throw FileProblem(
        file: path, line: 1,
        """
        none of the quantities of the mapping '\(mapping.name)' is in the header; it looks for \
        \(mapping.quantities.values.map(\.column).sorted().joined(separator: ", "))
        """)
    }
    // A column of requests that the file does not have must not make every row zero requests.
    let present = roles.compactMap { role -> Int? in
      if case .quantity(let index, _) = role.role { index } else { nil }
    }
    let kept = meters.indices.filter { present.contains($0) || $0 == failureIndex }
    let renumber = Dictionary(uniqueKeysWithValues: zip(kept, kept.indices))
    roles = roles.map { entry in
      guard case .quantity(let index, let isOptional) = entry.role else { return entry }
      return (entry.field, .quantity(index: renumber[index] ?? 0, isOptional: isOptional))
    }
    subtractions = subtractions.compactMap { pair in
      guard let whole = renumber[pair.whole], let part = renumber[pair.part] else { return nil }
      return (whole, part)
    }
    failureIndex = failureIndex.flatMap { renumber[$0] }
    meters = kept.map { meters[$0] }
    rowQuantities = [UInt64](repeating: 0, count: meters.count)
    rowCodes = [UInt32](repeating: 0, count: varying.count)
    builder = BatchBuilder(
      capacity: batchRows, meters: meters, names: varying, constants: constants,
      evidence: mapping.evidence)
  }

  // MARK: Rows

  /// Passes over everything before byte `offset` of the unpacked stream, which an earlier run has
  /// read. The line numbers of what follows count on from `lines` rows.
  public func skip(to offset: UInt64, lines: Int) throws {
    while bufferStart + UInt64(filled) < offset && !isEnd {
      bufferStart += UInt64(filled)
      filled = 0
      position = 0
      try fill()
    }
    position = Int(offset - bufferStart)
    batchStart = offset
    line = lines
  }

  /// The line that comes next.
  public var nextLine: Int { line }

  /// The next batch; `nil` at the end.
  /// - Throws: ``ReadError`` when the file cannot be read on.
  public func next() throws -> ReadBatch? {
    while true {
      scanRows()
      if builder.count == builder.capacity || quarantinedBytes > Self.quarantineBytesMax {
        return finishBatch()
      }
      if isEnd && position == filled {
        return rowsRead > 0 ? finishBatch() : nil
      }
      try refill()
    }
  }

  private func finishBatch() -> ReadBatch {
    let end = bufferStart + UInt64(position)
    defer {
      batchStart = end
      rowsRead = 0
      quarantined = []
      quarantinedBytes = 0
      duplicates = 0
      contents = []
    }
    return ReadBatch(
      batch: builder.finish(), start: batchStart, end: end, rowsRead: rowsRead,
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
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
    let count = try input.read(into: room)
    filled += count
    if count == 0 { isEnd = true }
  }

  /// A row that fills the whole buffer: it is put aside, and everything up to its line end passed
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
    while position < filled && builder.count < builder.capacity
      && quarantinedBytes <= Self.quarantineBytesMax
    {
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
          // An empty line is no row.
          advance(base, to: next)
          continue
        }
        rowsRead += 1
        totalRows += 1
        if next - position > Self.rowBytesMax + 2 {
          quarantine(base, position, next, "", .lineTooLong)
        } else {
          read(base, next)
        }
        advance(base, to: next)
      }
    }
  }

  private func isBlank(_ next: Int) -> Bool {
    scanner.fields.count == 1 && scanner.fields[0].count == 0 && header.count > 1
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
    let fields = scanner.fields
    guard fields.count == header.count else {
      return quarantine(base, position, next, "", .fieldCount)
    }
    guard let time = time(base, fields[timeField]) else {
      return quarantine(
        base, position, next, mapping.timeColumn,
        fields[timeField].count == 0 ? .missingField : .badTimestamp)
    }
    var anyQuantity = false
    for index in rowQuantities.indices { rowQuantities[index] = 0 }
    for (index, role) in roles {
      let field = fields[index]
      switch role {
      case .quantity(let slot, let isOptional):
        if field.count == 0 {
          if isOptional { continue }
          return quarantine(base, position, next, header[index], .missingField)
        }
        guard let value = NumberText.count(base + field.start, field.count) else {
          return quarantine(base, position, next, header[index], .badNumber)
        }
        rowQuantities[slot] = value
        anyQuantity = true
      case .dimension(let slot):
        if let code = builder.code(slot, base + field.start, field.count) {
          rowCodes[slot] = code
        } else if let problem = newValue(slot, base, field) {
          return quarantine(base, position, next, header[index], problem)
        }
      }
    }
    guard anyQuantity else {
      return quarantine(base, position, next, "", .missingField)
    }
    for (whole, part) in subtractions {
      guard rowQuantities[whole] >= rowQuantities[part] else {
        return quarantine(base, position, next, meters[whole].name, .inconsistent)
      }
      rowQuantities[whole] -= rowQuantities[part]
    }
    if let failureIndex, let failureField {
      rowQuantities[failureIndex] = isFailed(base, fields[failureField]) ? 1 : 0
    }
    if let idField, let ids {
      guard checkID(base, next, fields[idField], ids) else { return }
    }
    rowCodes.withUnsafeBufferPointer { codes in
      rowQuantities.withUnsafeBufferPointer { quantities in
        builder.append(time: time, codes: codes, quantities: quantities)
      }
    }
  }

  private func time(_ base: UnsafePointer<UInt8>, _ field: RecordScanner.Field) -> Int64? {
    let start = base + field.start
    let time: Int64?
    switch mapping.timeFormat {
    case .relativeSeconds:
      time = NumberText.milliseconds(start, field.count, power: 3).map { $0 + mapping.origin }
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
    return nil
  }

  private func isFailed(_ base: UnsafePointer<UInt8>, _ field: RecordScanner.Field) -> Bool {
    guard let failure = mapping.failure else { return false }
    let bytes = UnsafeBufferPointer(start: base + field.start, count: field.count)
    if failure.isNoneOf.isEmpty {
      return failure.isOneOf.contains { $0.utf8.elementsEqual(bytes) }
    }
    return !failure.isNoneOf.contains { $0.utf8.elementsEqual(bytes) }
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
    quarantinedBytes += text.utf8.count + 64
    quarantined.append(QuarantinedRow(line: line, field: field, reason: reason, text: text))
  }
}
