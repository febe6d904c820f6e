// SPDX-License-Identifier: Apache-2.0

/// Writes CBOR items in deterministic form (RFC 8949 section 4.2.1) into a growing buffer.
///
///     head byte = major type (3 bits) | additional information (5 bits)
///     0 unsigned   1 negative   2 bytes   3 text   4 array   5 map   6 tag   7 simple, float
///     0…23 the value itself   24 one byte   25 two   26 four   27 eight follow, big-endian
struct CBORWriter: ~Copyable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int = 512) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  var array: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

  private mutating func reserve(_ extra: Int) {
    if count + extra > capacity { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    capacity = max(capacity * 2, count + extra)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
  }

  /// Room for `extra` bytes that the caller fills.
  mutating func append(
    _ extra: Int, _ fill: (UnsafeMutableRawPointer) -> Void
  ) {
    reserve(extra)
    fill(UnsafeMutableRawPointer(base + count))
    count += extra
  }

  mutating func byte(_ value: UInt8) {
    reserve(1)
    base[count] = value
    count += 1
  }

  /// A head in its shortest form.
  mutating func head(_ major: UInt8, _ value: UInt64) {
    reserve(9)
    let at = UnsafeMutableRawPointer(base + count)
    let type = major << 5
    switch value {
    case 0..<24:
      base[count] = type | UInt8(value)
      count += 1
    case 24...0xFF:
      base[count] = type | 24
      base[count + 1] = UInt8(value)
      count += 2
    case 0x100...0xFFFF:
      base[count] = type | 25
      at.storeBytes(of: UInt16(value).bigEndian, toByteOffset: 1, as: UInt16.self)
      count += 3
    case 0x1_0000...0xFFFF_FFFF:
      base[count] = type | 26
      at.storeBytes(of: UInt32(value).bigEndian, toByteOffset: 1, as: UInt32.self)
      count += 5
    default:
      base[count] = type | 27
      at.storeBytes(of: value.bigEndian, toByteOffset: 1, as: UInt64.self)
      count += 9
    }
  }

  mutating func unsigned(_ value: UInt64) { head(0, value) }

  mutating func signed(_ value: Int64) {
    if value >= 0 { head(0, UInt64(value)) } else { head(1, UInt64(bitPattern: ~value)) }
  }

  /// An integer of up to 128 bits: as an integer while it fits one, else as a bignum without
  /// leading zeros (RFC 8949 section 3.4.3, preferred serialization).
  mutating func integer(_ value: Int128) {
    let magnitude = UInt128(bitPattern: value < 0 ? ~value : value)
    bignum(magnitude, negative: value < 0)
  }

  mutating func integer(_ value: UInt128) { bignum(value, negative: false) }

  private mutating func bignum(_ magnitude: UInt128, negative: Bool) {
    if let small = UInt64(exactly: magnitude) {
      head(negative ? 1 : 0, small)
      return
    }
    head(6, negative ? 3 : 2)
    let length = 16 - magnitude.leadingZeroBitCount / 8
    head(2, UInt64(length))
    for index in (0..<length).reversed() {
      byte(UInt8(truncatingIfNeeded: magnitude >> UInt128(index * 8)))
    }
  }

  mutating func raw(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    append(bytes.count) { $0.copyMemory(from: start, byteCount: bytes.count) }
  }

  mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
    head(2, UInt64(bytes.count))
    raw(bytes)
  }

  mutating func text(_ string: String) {
    var string = string
    string.withUTF8 {
      head(3, UInt64($0.count))
      raw(UnsafeRawBufferPointer($0))
    }
  }

  mutating func bool(_ value: Bool) { byte(value ? 0xF5 : 0xF4) }

  mutating func null() { byte(0xF6) }

  /// A number in the shortest of the three float forms that keeps its value; every NaN is the one
  /// quiet NaN (RFC 8949 section 4.2.2, second rule).
  mutating func float(_ value: Double) {
    if value.isNaN {
      byte(0xF9)
      byte(0x7E)
      byte(0x00)
      return
    }
    let single = Float(value)
    guard Double(single) == value else {
      byte(0xFB)
      append(8) { $0.storeBytes(of: value.bitPattern.bigEndian, as: UInt64.self) }
      return
    }
    if let half = HalfFloat.bits(exactly: single) {
      byte(0xF9)
      append(2) { $0.storeBytes(of: half.bigEndian, as: UInt16.self) }
    } else {
      byte(0xFA)
      append(4) { $0.storeBytes(of: single.bitPattern.bigEndian, as: UInt32.self) }
    }
  }

  // MARK: Columns

  /// Unsigned numbers as the narrowest little-endian typed array that holds them all (RFC 8746
  /// section 2: tags 64 uint8, 69 uint16, 70 uint32, 71 uint64).
  mutating func unsignedColumn<Element: FixedWidthInteger & UnsignedInteger>(
    _ values: UnsafeBufferPointer<Element>
  ) {
    var all: Element = 0
    for value in values { all |= value }
    switch UInt64(all) {
    case 0...0xFF: column(64, values, as: UInt8.self)
    case 0x100...0xFFFF: column(69, values, as: UInt16.self)
    case 0x1_0000...0xFFFF_FFFF: column(70, values, as: UInt32.self)
    default: column(71, values, as: UInt64.self)
    }
  }

  /// Signed numbers, likewise (tags 72 sint8, 77 sint16, 78 sint32, 79 sint64).
  mutating func signedColumn(_ values: UnsafeBufferPointer<Int64>) {
    var all: Int64 = 0
    // x ^ (x >> 63) has the bits that a value needs besides its sign.
    for value in values { all |= value ^ (value >> 63) }
    switch all {
    case 0...0x7F: column(72, values, as: Int8.self)
    case 0x80...0x7FFF: column(77, values, as: Int16.self)
    case 0x8000...0x7FFF_FFFF: column(78, values, as: Int32.self)
    default: column(79, values, as: Int64.self)
    }
  }

  private mutating func column<Element: FixedWidthInteger, Stored: FixedWidthInteger>(
    _ tag: UInt64, _ values: UnsafeBufferPointer<Element>, as: Stored.Type
  ) {
    let width = MemoryLayout<Stored>.size
    head(6, tag)
    head(2, UInt64(values.count * width))
    append(values.count * width) { out in
      for index in 0..<values.count {
        out.storeBytes(
          of: Stored(truncatingIfNeeded: values[index]).littleEndian,
          toByteOffset: index &* width, as: Stored.self)
      }
    }
  }

  // MARK: Definite lengths known only afterwards

  /// Replaces the one-byte head of an empty array or map at `start` by one for `items` items.
  mutating func patchLength(at start: Int, items: Int) {
    guard items >= 24 else {
      base[start] |= UInt8(items)
      return
    }
    let major = base[start] >> 5
    let width = items <= 0xFF ? 1 : items <= 0xFFFF ? 2 : 4
    reserve(width)
    let content = base + (start + 1)
    (content + width).update(from: content, count: count - start - 1)
    let end = count + width
    count = start
    head(major, UInt64(items))
    count = end
  }

  /// Sorts the entries of a map, whose key begins at each of `starts`, bytewise by encoded key.
  mutating func sortEntries(_ starts: [Int], keyEnds: [Int]) throws(CBORError) {
    let end = count
    let entries = starts.indices.map { index in
      (
        key: starts[index]..<keyEnds[index],
        whole: starts[index]..<(index + 1 < starts.count ? starts[index + 1] : end)
      )
    }
    let sorted = entries.sorted { precedes($0.key, $1.key) }
    for (left, right) in zip(sorted, sorted.dropFirst()) where !precedes(left.key, right.key) {
      throw CBORError(.keyOrder, "a map has the same key twice")
    }
    guard let first = starts.first else { return }
    let copy = Array(UnsafeBufferPointer(start: base + first, count: end - first))
    var at = first
    for entry in sorted {
      for index in entry.whole {
        base[at] = copy[index - first]
        at += 1
      }
    }
  }

  private func precedes(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    let a = UnsafeBufferPointer(start: base + left.lowerBound, count: left.count)
    let b = UnsafeBufferPointer(start: base + right.lowerBound, count: right.count)
    return a.lexicographicallyPrecedes(b)
  }
}
