// SPDX-License-Identifier: Apache-2.0

/// Reads deterministic CBOR strictly: shortest forms, definite lengths, ascending keys, and every
/// length checked against the bytes that are left before anything is allocated for it.
public struct CBORReader {
  /// Nesting allowed in one item.
  public static let depthMax = 64

  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  var position: UnsafePointer<UInt8>
  #if DEBUG
    /// Heads that were read: tests count them.
    var visited = 0
  #endif

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    // A pointer that is never read stands for an empty buffer.
    start = bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!
    end = start + bytes.count
    position = start
  }

  var offset: Int { position - start }
  var left: Int { end - position }
  var isAtEnd: Bool { position == end }

  /// The head of the next item: its major type, additional information and value.
  struct Head {
    let major: UInt8
    let information: UInt8
    let value: UInt64
  }

  func error(_ code: CBORError.Code, _ detail: String = "") -> CBORError {
    CBORError(code, at: offset, detail)
  }

  mutating func head() throws(CBORError) -> Head {
    #if DEBUG
      visited += 1
    #endif
    guard left > 0 else { throw error(.truncated) }
    let first = position[0]
    let major = first >> 5
    let information = first & 0x1F
    if information < 24 {
      position += 1
      return Head(major: major, information: information, value: UInt64(information))
    }
    guard information < 28 else {
      throw error(information == 31 ? .indefiniteLength : .reserved)
    }
    let width = 1 << Int(information - 24)
    guard left > width else { throw error(.truncated) }
    let raw = UnsafeRawPointer(position + 1)
    let value: UInt64 =
      switch width {
      case 1: UInt64(position[1])
      case 2: UInt64(UInt16(bigEndian: raw.loadUnaligned(as: UInt16.self)))
      case 4: UInt64(UInt32(bigEndian: raw.loadUnaligned(as: UInt32.self)))
      default: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self))
      }
    if major != 7 {
      let least: UInt64 =
        switch width {
        case 1: 24
        case 2: 0x100
        case 4: 0x1_0000
        default: 0x1_0000_0000
        }
      guard value >= least else { throw error(.notShortest) }
    }
    position += 1 + width
    return Head(major: major, information: information, value: value)
  }

  mutating func expect(_ major: UInt8, _ what: String) throws(CBORError) -> UInt64 {
    let before = position
    let head = try head()
    guard head.major == major else {
      position = before
      throw error(.typeMismatch, "expected \(what)")
    }
    return head.value
  }

  mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(CBORError) -> Value {
    let before = position
    let head = try head()
    let value: Value?
    switch (head.major, head.value) {
    case (0, let magnitude): value = Value(exactly: magnitude)
    case (1, let magnitude): value = Value(exactly: ~Int128(magnitude))
    case (6, 2): value = Value(exactly: try bignum())
    case (6, 3): value = Int128(exactly: try bignum()).flatMap { Value(exactly: ~$0) }
    default:
      position = before
      throw error(.typeMismatch, "expected an integer")
    }
    guard let value else {
      position = before
      throw error(.outOfRange, "not a \(Value.self)")
    }
    return value
  }

  private mutating func bignum() throws(CBORError) -> UInt128 {
    let bytes = try byteString()
    guard bytes.count <= 16 else { throw error(.outOfRange, "a bignum of over 128 bits") }
    // Preferred serialization: no leading zeros, and no bignum where an integer would do.
    guard bytes.count > 8, bytes[0] != 0 else { throw error(.notShortest) }
    return bytes.reduce(0) { $0 << 8 | UInt128($1) }
  }

  mutating func byteString() throws(CBORError) -> UnsafeBufferPointer<UInt8> {
    try content(of: expect(2, "a byte string"))
  }

  mutating func text() throws(CBORError) -> String {
    let length = try expect(3, "a text string")
    let bytes = try content(of: length)
    do {
      return String(copying: try UTF8Span(validating: bytes.span))
    } catch {
      throw self.error(.invalidUTF8)
    }
  }

  private mutating func content(
    of length: UInt64
  ) throws(CBORError) -> UnsafeBufferPointer<UInt8> {
    guard length <= UInt64(left) else { throw error(.truncated, "\(length) bytes announced") }
    defer { position += Int(length) }
    return UnsafeBufferPointer(start: position, count: Int(length))
  }

  /// The number of items of an array, or of entries of a map: each needs at least a byte (two).
  mutating func items(_ major: UInt8) throws(CBORError) -> Int {
    let count = try expect(major, major == 4 ? "an array" : "a map")
    guard count <= UInt64(left) / (major == 4 ? 1 : 2) else {
      throw error(.truncated, "\(count) items announced")
    }
    return Int(count)
  }

  mutating func bool() throws(CBORError) -> Bool {
    guard left > 0 else { throw error(.truncated) }
    guard position[0] == 0xF4 || position[0] == 0xF5 else {
      throw error(.typeMismatch, "expected true or false")
    }
    defer { position += 1 }
    return position[0] == 0xF5
  }

  var isNull: Bool { left > 0 && position[0] == 0xF6 }

  mutating func float() throws(CBORError) -> Double {
    let before = position
    let head = try head()
    guard head.major == 7, (25...27).contains(head.information) else {
      position = before
      throw error(.typeMismatch, "expected a float")
    }
    let value: Double
    switch head.information {
    case 25: value = HalfFloat.double(UInt16(head.value))
    case 26: value = Double(Float(bitPattern: UInt32(head.value)))
    default: value = Double(bitPattern: head.value)
    }
    guard isShortest(value, head) else {
      position = before
      throw error(.notShortest)
    }
    return value
  }

  private func isShortest(_ value: Double, _ head: Head) -> Bool {
    if value.isNaN { return head.information == 25 && head.value == 0x7E00 }
    let single = Float(value)
    if Double(single) != value { return head.information == 27 }
    return head.information == (HalfFloat.bits(exactly: single) == nil ? 26 : 25)
  }

  // MARK: Columns

  /// A typed array of unsigned numbers, widened to `Element`.
  mutating func unsignedColumn<Element: FixedWidthInteger & UnsignedInteger>(
    _: Element.Type
  ) throws(CBORError) -> [Element] {
    let before = position
    let tag = try expect(6, "a typed array")
    let bytes = try byteString()
    switch tag {
    case 64: return widened(bytes, from: UInt8.self)
    case 69: return try column(bytes, before, from: UInt16.self)
    case 70: return try column(bytes, before, from: UInt32.self)
    case 71: return try column(bytes, before, from: UInt64.self)
    default:
      position = before
      throw error(.typeMismatch, "expected an unsigned typed array, found tag \(tag)")
    }
  }

  /// A typed array of signed numbers.
  mutating func signedColumn() throws(CBORError) -> [Int64] {
    let before = position
    let tag = try expect(6, "a typed array")
    let bytes = try byteString()
    switch tag {
    case 72: return widened(bytes, from: Int8.self)
    case 77: return try column(bytes, before, from: Int16.self)
    case 78: return try column(bytes, before, from: Int32.self)
    case 79: return try column(bytes, before, from: Int64.self)
    default:
      position = before
      throw error(.typeMismatch, "expected a signed typed array, found tag \(tag)")
    }
  }

  private mutating func column<Element: FixedWidthInteger, Stored: FixedWidthInteger>(
    _ bytes: UnsafeBufferPointer<UInt8>, _ before: UnsafePointer<UInt8>, from: Stored.Type
  ) throws(CBORError) -> [Element] {
    let width = MemoryLayout<Stored>.size
    guard bytes.count % width == 0 else {
      position = before
      throw error(.truncated, "a typed array of \(bytes.count) bytes, \(width) an element")
    }
    guard width <= MemoryLayout<Element>.size else {
      position = before
      throw error(.outOfRange, "a column of \(width)-byte numbers is not a \(Element.self) column")
    }
    let values: [Element] = widened(bytes, from: Stored.self)
    // Deterministic: the narrowest width that holds all. A wider column must need its width.
    let needed = values.contains { value in
      let magnitude = value < 0 ? ~value : value
      return magnitude.bitWidth - magnitude.leadingZeroBitCount
        > (width / 2) * 8 - (Stored.isSigned ? 1 : 0)
    }
    guard needed else {
      position = before
      throw error(.notShortest, "a column wider than its values need")
    }
    return values
  }

  private func widened<Element: FixedWidthInteger, Stored: FixedWidthInteger>(
    _ bytes: UnsafeBufferPointer<UInt8>, from: Stored.Type
  ) -> [Element] {
    let width = MemoryLayout<Stored>.size
    let count = bytes.count / width
    let raw = UnsafeRawBufferPointer(bytes)
    return [Element](unsafeUninitializedCapacity: count) { out, initialized in
      for index in 0..<count {
        let stored = raw.loadUnaligned(fromByteOffset: index &* width, as: Stored.self)
        out[index] = Element(truncatingIfNeeded: Stored(littleEndian: stored))
      }
      initialized = count
    }
  }

  // MARK: Skipping

  /// Passes over one item of any type, checking that it is well-formed and deterministic.
  mutating func skip(depth: Int = 0) throws(CBORError) {
    guard depth < Self.depthMax else { throw error(.depth) }
    guard left > 0 else { throw error(.truncated) }
    switch position[0] >> 5 {
    case 0, 1: _ = try head()
    case 2: _ = try byteString()
    case 3: _ = try text()
    case 4:
      for _ in 0..<(try items(4)) { try skip(depth: depth + 1) }
    case 5:
      try skipMap(depth: depth)
    case 6:
      _ = try head()
      try skip(depth: depth + 1)
    default: try skipSimple()
    }
  }

  private mutating func skipMap(depth: Int) throws(CBORError) {
    var previous: UnsafeBufferPointer<UInt8>?
    for _ in 0..<(try items(5)) {
      let key = position
      try skip(depth: depth + 1)
      let bytes = UnsafeBufferPointer(start: key, count: position - key)
      if let previous, !previous.lexicographicallyPrecedes(bytes) { throw error(.keyOrder) }
      previous = bytes
      try skip(depth: depth + 1)
    }
  }

  private mutating func skipSimple() throws(CBORError) {
    let before = position
    let information = position[0] & 0x1F
    switch information {
    case 20...22: position += 1
    case 25...27: _ = try float()
    default:
      let head = try head()
      position = before
      // Two-byte simple values below 32 are not well-formed (RFC 8949 section 3.3).
      throw error(
        head.information == 24 && head.value < 32 ? .reserved : .unsupported,
        "simple value \(head.value)")
    }
  }
}
