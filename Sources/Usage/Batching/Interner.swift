// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Numbers the distinct values of a column, by their bytes.
///
/// Most rows repeat the value of the row before; the rest is found by open addressing on a word-wise
/// hash: `Dictionary<String, Int>` would cost more than all other work on the row.
struct Interner {
  private(set) var values: [String] = []
  private var bytes: [UInt8] = []
  private var ends: [Int] = [0]
  private var slots: [Int32]
  private var last: Int32 = -1

  init() { slots = [Int32](repeating: -1, count: 64) }

  mutating func removeAll() {
    values.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    ends = [0]
    slots = [Int32](repeating: -1, count: 64)
    last = -1
  }

  /// The number of a value that was seen before.
  mutating func find(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt32? {
    if last >= 0 && equals(Int(last), start, count) { return UInt32(last) }
    var slot = Int(truncatingIfNeeded: ContentHash.of(start, count)) & (slots.count - 1)
    while slots[slot] >= 0 {
      if equals(Int(slots[slot]), start, count) {
        last = slots[slot]
        return UInt32(last)
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Adds a value that ``find(_:_:)`` did not find.
  mutating func insert(_ start: UnsafePointer<UInt8>, _ count: Int, _ value: String) -> UInt32 {
    if (values.count + 1) * 2 > slots.count { grow() }
    let number = Int32(values.count)
    values.append(value)
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    ends.append(bytes.count)
    place(number, hash: ContentHash.of(start, count))
    last = number
    return UInt32(number)
  }

  private func equals(_ number: Int, _ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let from = ends[number]
    guard ends[number + 1] - from == count else { return false }
    return bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + from, start, count) == 0 }
  }

  private mutating func place(_ number: Int32, hash: UInt64) {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = number
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for number in values.indices {
      let hash = bytes.withUnsafeBufferPointer {
        ContentHash.of($0.baseAddress! + ends[number], ends[number + 1] - ends[number])
      }
      place(Int32(number), hash: hash)
    }
  }
}

/// Numbers the distinct pairs of two numbers. Folding a row's codes through a chain of them gives
/// each combination of any number of columns its own number.
struct PairInterner {
  private(set) var pairs: [(UInt32, UInt32)] = []
  private var slots: [Int32]
  private var lastKey: UInt64 = .max
  private var last: UInt32 = 0

  init() { slots = [Int32](repeating: -1, count: 64) }

  mutating func removeAll() {
    pairs.removeAll(keepingCapacity: true)
    slots = [Int32](repeating: -1, count: 64)
    lastKey = .max
  }

  mutating func number(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let key = UInt64(left) << 32 | UInt64(right)
    if key == lastKey { return last }
    lastKey = key
    var slot = Self.slot(key, slots.count)
    while slots[slot] >= 0 {
      let pair = pairs[Int(slots[slot])]
      if pair.0 == left && pair.1 == right {
        last = UInt32(slots[slot])
        return last
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    if (pairs.count + 1) * 2 > slots.count {
      grow()
      slot = Self.slot(key, slots.count)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    }
    last = UInt32(pairs.count)
    slots[slot] = Int32(pairs.count)
    pairs.append((left, right))
    return last
  }

  private static func slot(_ key: UInt64, _ count: Int) -> Int {
    let mixed = (key ^ (key >> 31)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32) & (count - 1)
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for (number, pair) in pairs.enumerated() {
      var slot = Self.slot(UInt64(pair.0) << 32 | UInt64(pair.1), slots.count)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(number)
    }
  }
}
