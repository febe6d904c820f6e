// SPDX-License-Identifier: Apache-2.0

import Economics

/// Reads usual rows in one pass, eight bytes at a time.
///
/// A usual row has every column, no quote, plain digits where numbers are expected, and only values
/// that its batch has seen before. Any other row is left to the general path of ``UsageReader``,
/// which alone decides what is wrong with it: what this one accepts, that one accepts with the same
/// result, and a test compares the two on damaged logs.
///
/// Digits are found and converted as in D. Lemire, "Number Parsing at a Gigabyte per Second",
/// Software: Practice and Experience 51 (8), 2021, section 4.
struct QuickReader: ~Copyable {
  /// How far beyond the start of any byte of a row it may load.
  static let slack = 32

  private static let recentsPerColumn = 4

  private enum Role: UInt8 {
    case passedOver, time, textTime, quantity, dimension
  }

  private struct Column {
    var role = Role.passedOver
    /// Of the quantity or dimension.
    var slot = 0
    var isOptional = false
    /// Whether its text is looked at again.
    var isKept = false
  }

  private let columns: UnsafeMutablePointer<Column>
  private let count: Int
  private let delimiter: UInt8
  private let delimiters: UInt64
  private let timeFactor: Int64
  private let timeOrigin: Int64
  private let recents: UnsafeMutablePointer<RecentValue>
  private let recentCount: Int
  /// Which of a column's recent values is replaced next; held apart, so that reading changes nothing
  /// that the compiler would have to load again.
  private let nextRecent: UnsafeMutablePointer<Int>

  /// Whether it covers the plan: not one with a column of two meanings that are both read, or with
  /// times in fractions of a millisecond.
  let isUsable: Bool

  init(_ plan: ReadingPlan, _ mapping: Mapping, columns names: Int, delimiter: UInt8) {
    var made = [Column](repeating: Column(), count: names)
    var isUsable = true
    func assign(_ index: Int, _ column: Column) {
      isUsable = isUsable && made[index].role == .passedOver
      made[index] = column
    }
    var factor: Int64 = 1
    var origin: Int64 = 0
    var time = Column(role: .time)
    switch mapping.timeFormat {
    case .relativeSeconds: (factor, origin) = (1_000, mapping.origin)
    case .epoch(power: 3): factor = 1_000
    case .epoch(power: 0): factor = 1
    case .epoch: isUsable = false
    case .rfc3339: time.role = .textTime
    }
    assign(plan.timeField, time)
    for quantity in plan.quantities {
      assign(
        quantity.field,
        Column(role: .quantity, slot: quantity.slot, isOptional: quantity.isOptional))
    }
    for (slot, field) in plan.dimensions.enumerated() {
      assign(field, Column(role: .dimension, slot: slot))
    }
    for field in [plan.timeField, plan.failureField, plan.idField ?? plan.timeField] {
      made[field].isKept = true
    }
    self.isUsable = isUsable
    columns = .allocate(capacity: names)
    columns.initialize(from: made, count: names)
    count = names
    self.delimiter = delimiter
    delimiters = Bytes.repeated(delimiter)
    timeFactor = factor
    timeOrigin = origin
    recentCount = plan.dimensions.count * Self.recentsPerColumn
    recents = .allocate(capacity: max(1, recentCount))
    recents.initialize(repeating: RecentValue(), count: recentCount)
    nextRecent = .allocate(capacity: 1)
    nextRecent.initialize(to: 0)
  }

  deinit {
    columns.deallocate()
    recents.deallocate()
    nextRecent.deallocate()
  }

  /// Forgets the codes of values: a new batch gives others.
  func forgetValues() {
    for index in 0..<recentCount { recents[index] = RecentValue() }
  }

  /// What a row gave.
  struct Row {
    /// Where the next begins; 0 when this row is for the general path.
    var next = 0
    var time: Int64 = 0
    /// Whether the time is still text, in its field.
    var isTimeText = false
    static let unusual = Row()
  }

  /// Reads the row at `position`; ``slack`` bytes behind `limit` must be loadable.
  /// - Parameters:
  ///   - limit: the end of what may be a row.
  ///   - scanner: is given the fields that are looked at again.
  ///   - quantities: are set, by slot; that of failures is not.
  ///   - codes: are set, by slot.
  func read(
    _ base: UnsafePointer<UInt8>, at position: Int, limit: Int,
    scanner: borrowing RecordScanner, interners: UnsafeMutablePointer<Interner>,
    quantities: UnsafeMutablePointer<UInt64>, codes: UnsafeMutablePointer<UInt32>
  ) -> Row {
    var row = Row()
    var at = position
    var hasQuantity = false
    let (columns, count, delimiter) = (columns, count, delimiter)
    for index in 0..<count {
      guard at < limit else { return .unusual }
      let column = columns[index]
      var length = 0
      switch column.role {
      case .quantity:
        let number = Digits(base + at)
        length = number.length
        if length == 0 {
          guard column.isOptional else { return .unusual }
          quantities[column.slot] = 0
        } else {
          guard number.isPlain, number.value <= UsageReader.quantityMax else { return .unusual }
          quantities[column.slot] = number.value
          hasQuantity = true
        }
      case .time:
        let number = Digits(base + at)
        length = number.length
        guard number.isPlain, length <= 13 else { return .unusual }
        row.time = Int64(number.value) &* timeFactor &+ timeOrigin
        // Whole seconds that were once a float: 19440151.0
        if base[at &+ length] == 0x2E && base[at &+ length &+ 1] == 0x30 { length &+= 2 }
      case .dimension:
        if let known = recent(column.slot, base + at) {
          length = known.count
          codes[column.slot] = known.code
        } else {
          length = fieldLength(base + at, limit - at)
          guard length >= 0, let code = interners[column.slot].find(base + at, length) else {
            return .unusual
          }
          remember(column.slot, RecentValue(base + at, length, code))
          codes[column.slot] = code
        }
      case .textTime:
        length = fieldLength(base + at, limit - at)
        row.isTimeText = true
      case .passedOver:
        length = fieldLength(base + at, limit - at)
      }
      guard length >= 0 else { return .unusual }
      if column.isKept { scanner.put(index, start: at, count: length) }
      at &+= length
      if index &+ 1 < count {
        guard base[at] == delimiter else { return .unusual }
        at &+= 1
      }
    }
    guard hasQuantity else { return .unusual }
    if base[at] == 0x0D { at &+= 1 }
    guard base[at] == 0x0A, at < limit else { return .unusual }
    row.next = at &+ 1
    return row
  }

  /// A recent value that stands at `start`, up to a delimiter or the end of its line.
  @inline(__always)
  private func recent(
    _ slot: Int, _ start: UnsafePointer<UInt8>
  ) -> (count: Int, code: UInt32)? {
    let first = Bytes.load(start)
    let known = recents + slot &* Self.recentsPerColumn
    for index in 0..<Self.recentsPerColumn
    where first & known[index].mask.0 == known[index].word.0 {
      let count = Int(known[index].count)
      guard count > 0 else { continue }
      if count > 8 {
        guard Bytes.load(start + 8) & known[index].mask.1 == known[index].word.1,
          Bytes.load(start + 16) & known[index].mask.2 == known[index].word.2
        else { continue }
      }
      let stop = start[count]
      if stop == delimiter || stop == 0x0A || stop == 0x0D { return (count, known[index].code) }
    }
    return nil
  }

  private func remember(_ slot: Int, _ value: RecentValue) {
    guard value.count > 0 else { return }
    recents[slot &* Self.recentsPerColumn &+ nextRecent.pointee] = value
    nextRecent.pointee = (nextRecent.pointee &+ 1) & (Self.recentsPerColumn - 1)
  }

  /// The length of an unquoted field; -1 when it holds a quote or does not end in time.
  @inline(__always)
  private func fieldLength(_ start: UnsafePointer<UInt8>, _ limit: Int) -> Int {
    var length = 0
    while length < limit {
      let word = Bytes.load(start + length)
      let stops =
        Bytes.zeros(word ^ delimiters) | Bytes.zeros(word ^ Bytes.repeated(0x0A))
        | Bytes.zeros(word ^ Bytes.repeated(0x0D)) | Bytes.zeros(word ^ Bytes.repeated(0x22))
      if stops != 0 {
        length &+= stops.trailingZeroBitCount >> 3
        let stop = start[length]
        // A CR belongs to the line end only before LF; elsewhere it is content.
        if stop == 0x22 || stop == 0x0D && start[length &+ 1] != 0x0A { return -1 }
        return length
      }
      length &+= 8
    }
    return -1
  }
}

/// A short value as words, so that finding it again takes a few comparisons.
private struct RecentValue {
  /// 0 is no value.
  var count: UInt32 = 0
  var code: UInt32 = 0
  var word: (UInt64, UInt64, UInt64) = (0, 0, 0)
  /// The bytes of each word that belong to the value.
  var mask: (UInt64, UInt64, UInt64) = (0, 0, 0)

  init() {}

  /// - Parameter start: an unquoted field, so without delimiter, quote or line end in it.
  init(_ start: UnsafePointer<UInt8>, _ length: Int, _ code: UInt32) {
    guard length > 0 && length <= 24 else { return }
    func mask(_ word: Int) -> UInt64 {
      let bytes = min(8, max(0, length - 8 * word))
      return bytes == 0 ? 0 : UInt64.max >> UInt64(64 - 8 * bytes)
    }
    count = UInt32(length)
    self.code = code
    self.mask = (mask(0), mask(1), mask(2))
    word = (
      Bytes.load(start) & mask(0), Bytes.load(start + 8) & mask(1), Bytes.load(start + 16) & mask(2)
    )
  }
}

/// The digits at the start of a text.
private struct Digits {
  /// How many; more than 16 are not looked at.
  let length: Int
  let value: UInt64
  /// Whether it is a number that needs no second look: no padding, at most 15 digits.
  let isPlain: Bool

  @inline(__always)
  init(_ start: UnsafePointer<UInt8>) {
    let word = Bytes.load(start)
    let first = Self.count(word)
    if first < 8 {
      length = first
      value = Self.number(word, first)
      // Without a branch: how long numbers are cannot be guessed.
      let isPadded = (word & 0xFF == 0x30 ? 1 : 0) & (first > 1 ? 1 : 0)
      isPlain = isPadded | (first == 0 ? 1 : 0) == 0
    } else {
      let next = Bytes.load(start + 8)
      let second = Self.count(next)
      length = 8 &+ second
      value =
        Self.number(word, 8) &* Self.powers[second]
        &+ (second == 0 ? 0 : Self.number(next, second))
      isPlain = second < 8 && start[0] != 0x30
    }
  }

  private static let powers: InlineArray<9, UInt64> = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
  ]

  /// How many of eight bytes are digits before the first that is not.
  @inline(__always)
  private static func count(_ word: UInt64) -> Int {
    let digits = word ^ Bytes.repeated(0x30)
    // The high bit of the first byte that is 10 or more; a carry spoils only bytes after it.
    let others = ((digits &+ Bytes.repeated(0x76)) | digits) & Bytes.repeated(0x80)
    return others.trailingZeroBitCount >> 3
  }

  /// The number that the first `count` bytes write, 1 to 8 of them; anything for 0.
  @inline(__always)
  private static func number(_ word: UInt64, _ count: Int) -> UInt64 {
    var value = (word &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)) & Bytes.repeated(0x0F)
    value = (value &* 2_561) >> 8 & 0x00FF_00FF_00FF_00FF
    value = (value &* 6_553_601) >> 16 & 0x0000_FFFF_0000_FFFF
    return (value &* 42_949_672_960_001) >> 32
  }
}

/// Eight bytes at a time.
enum Bytes {
  @inline(__always)
  static func load(_ start: UnsafePointer<UInt8>) -> UInt64 {
    UnsafeRawPointer(start).loadUnaligned(as: UInt64.self).littleEndian
  }

  @inline(__always)
  static func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

  /// The high bit of the first byte that is zero; bits above it mean nothing.
  @inline(__always)
  static func zeros(_ word: UInt64) -> UInt64 {
    (word &- repeated(0x01)) & ~word & repeated(0x80)
  }
}
