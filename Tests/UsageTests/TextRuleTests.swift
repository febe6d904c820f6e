// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Foundation
import TestSupport
import Testing

@testable import Usage

@Suite("Numbers of logs")
struct NumberTextTests {
  static func count(_ text: String) -> UInt64? {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      // A buffer without bytes has no address.
      let base = bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!
      return NumberText.count(base, bytes.count)
    }
  }

  static func milliseconds(_ text: String, power: Int) -> Int64? {
    Array((text + " ").utf8).withUnsafeBufferPointer {
      NumberText.milliseconds($0.baseAddress!, $0.count - 1, power: power)
    }
  }

  @Test(
    "Counts",
    arguments: [
      // text, count
      ("0", 0), ("7", 7), ("100", 100), ("100.0", 100), ("100.000000", 100), ("1.0E2", 100),
      ("1e2", 100), ("1E+2", 100), ("1e0", 1), ("12.50e1", 125), ("0.0", 0),
      ("0e5", 0), ("0.000e-3", 0), ("1.5e1", 15), ("999999999999999999", 999_999_999_999_999_999),
      ("1000000000000000000", 1_000_000_000_000_000_000), ("18446744073709551615", .max),
      ("18446744073709551615.0", .max), ("1844674407370955161.5e1", .max),
      // No counts.
      ("18446744073709551616", nil), ("1e20", nil), ("", nil), ("-1", nil), ("+1", nil),
      ("-0", nil), ("1.5", nil), ("0.1", nil), ("1e-1", nil), ("12abc", nil), ("0x10", nil),
      ("1,5", nil), ("1_000", nil), (" 1", nil), ("1 ", nil), ("nan", nil), ("inf", nil),
      ("007", nil), ("00", nil), ("01.0", nil), ("1.", nil), (".5", nil), ("1..0", nil),
      ("1.0.0", nil), ("1e", nil), ("1e+", nil), ("e1", nil), ("1e1000", nil), ("1e1e1", nil),
      ("１", nil), ("1.e1", nil), ("1e1.0", nil),
      // Whole, but nobody counts like that.
      ("2500e-2", nil), ("10.0e-1", nil),
    ] as [(String, UInt64?)])
  func counts(_ text: String, _ count: UInt64?) {
    #expect(Self.count(text) == count)
  }

  @Test("Any count is read back, however it is written", arguments: 0..<100 as Range<UInt64>)
  func spellings(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let number = random.next() >> random.below(64)
      #expect(Self.count("\(number)") == number, "seed \(seed)")
      #expect(
        Self.count("\(number).\(String(repeating: "0", count: Int(random.below(4)) + 1))") == number
      )
      // d.ddd…e(digits - 1)
      let digits = Array("\(number)")
      let text =
        digits.count > 1
        ? "\(digits[0]).\(String(digits[1...]))e\(digits.count - 1)" : "\(number)e0"
      #expect(Self.count(text) == number, "seed \(seed): \(text)")
      #expect(Self.count("-\(number)") == nil && Self.count("\(number)x") == nil)
    }
  }

  @Test(
    "Times as numbers",
    arguments: [
      // text, power of ten of its unit in milliseconds, milliseconds
      ("0", 3, 0), ("5", 3, 5_000), ("5", 0, 5), ("5.25", 3, 5_250), ("5.2509", 3, 5_250),
      ("5.9999", 0, 5), ("1690848000", 3, 1_690_848_000_000),
      ("1690848000.123", 3, 1_690_848_000_123), ("1690848000123", 0, 1_690_848_000_123),
      ("1690848000123456", -3, 1_690_848_000_123),
      ("1690848000123456789", -6, 1_690_848_000_123), ("1.690848e9", 3, 1_690_848_000_000),
      ("9223372036854775807", 0, .max), ("9223372036854775808", 0, nil),
      ("9223372036854775", 3, 9_223_372_036_854_775_000), ("9223372036854776", 3, nil),
      ("-5", 3, nil), ("", 0, nil), ("x", 0, nil), ("1e30", 0, nil),
    ] as [(String, Int, Int64?)])
  func times(_ text: String, _ power: Int, _ milliseconds: Int64?) {
    #expect(Self.milliseconds(text, power: power) == milliseconds)
  }
}

@Suite("Times of logs")
struct TimeTextTests {
  @Test(
    "RFC 3339",
    arguments: [
      // text, milliseconds
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00z", 0), ("1970-01-01 00:00:00Z", 0),
      ("1969-12-31T23:59:59Z", -1_000), ("2023-08-01T00:00:00Z", 1_690_848_000_000),
      ("2023-08-01T02:00:00+02:00", 1_690_848_000_000),
      ("2023-07-31T18:30:00-05:30", 1_690_848_000_000),
      ("2023-08-01T00:00:00.5Z", 1_690_848_000_500),
      ("2023-08-01T00:00:00.123456789Z", 1_690_848_000_123),
      ("2023-08-01T00:00:00.0004+00:00", 1_690_848_000_000),
      ("2024-02-29T12:00:00Z", 1_709_208_000_000), ("0000-03-01T00:00:00Z", -62_162_035_200_000),
      // Refused.
      ("2023-02-29T12:00:00Z", nil), ("2100-02-29T12:00:00Z", nil), ("2023-00-01T00:00:00Z", nil),
      ("2023-13-01T00:00:00Z", nil), ("2023-08-00T00:00:00Z", nil), ("2023-08-32T00:00:00Z", nil),
      ("2023-04-31T00:00:00Z", nil), ("2023-08-01T24:00:00Z", nil), ("2023-08-01T00:60:00Z", nil),
      ("2023-08-01T00:00:60Z", nil), ("2023-08-01t00:00:00Z", nil), ("2023-08-01T00:00:00", nil),
      ("2023-08-01T00:00:00.Z", nil), ("2023-08-01T00:00:00,5Z", nil), ("2023-08-01T00:00Z", nil),
      ("2023-8-1T00:00:00Z", nil), ("2023-08-01", nil), ("", nil), ("2023-08-01T00:00:00 Z", nil),
      ("2023-08-01T00:00:00+0200", nil), ("2023-08-01T00:00:00+02", nil),
      ("2023-08-01T00:00:00+24:00", nil), ("2023-08-01T00:00:00+02:60", nil),
      ("2023-08-01T00:00:00+02:00x", nil), ("2023-08-01T00:00:00Zx", nil),
      ("-023-08-01T00:00:00Z", nil), ("２０２３-08-01T00:00:00Z", nil),
    ] as [(String, Int64?)])
  func texts(_ text: String, _ milliseconds: Int64?) {
    #expect(TimeText.milliseconds(text) == milliseconds)
  }

  @Test(
    "A zone is assumed only where none is named",
    arguments: [
      // text, zone, milliseconds
      ("1970-01-01T02:00:00", 120, 0), ("1970-01-01T00:00:00", -60, 3_600_000),
      ("1970-01-01T00:00:00Z", 120, 0), ("1970-01-01T01:00:00+01:00", 120, 0),
      ("1970-01-01T02:00:00.25", 120, 250), ("1970-01-01T02:00:00x", 120, nil),
    ] as [(String, Int64, Int64?)])
  func zones(_ text: String, _ zone: Int64, _ milliseconds: Int64?) {
    #expect(TimeText.milliseconds(text, zoneMinutes: zone) == milliseconds)
  }

  @Test("Any instant is read back", arguments: 0..<50 as Range<UInt64>)
  func roundTrip(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      // 1900 to 2200.
      let seconds = Int64(random.below(9_467_000_000)) - 2_208_988_800
      let text = Instant.text(seconds * 1_000)
      #expect(TimeText.milliseconds(text) == seconds * 1_000, "seed \(seed): \(text)")
      let offset = Int64(random.below(1_681)) - 840
      let local = Instant.text((seconds + offset * 60) * 1_000).dropLast()
      func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
      let zoned =
        "\(local)\(offset < 0 ? "-" : "+")\(two(abs(offset) / 60)):\(two(abs(offset) % 60))"
      #expect(TimeText.milliseconds(zoned) == seconds * 1_000, "seed \(seed): \(zoned)")
      #expect(TimeText.milliseconds(String(local), zoneMinutes: offset) == seconds * 1_000)
    }
  }

  @Test("One wrong character is refused or another time", arguments: 0..<30 as Range<UInt64>)
  func damage(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let text = Array("2023-08-01T12:34:56Z".utf8)
    for place in text.indices {
      var damaged = text
      damaged[place] = UInt8(0x20 + random.below(95))
      let read = TimeText.milliseconds(String(decoding: damaged, as: UTF8.self))
      let isSame = damaged[place] == text[place] || [10, 19].contains(place)
      if !isSame { #expect(read != 1_690_893_296_000, "seed \(seed): \(damaged)") }
    }
  }
}

@Suite("Small CSV")
struct DelimitedTextTests {
  /// RFC 4180, character by character, with LF or CR LF; nil where it is not properly quoted.
  static func oracle(_ text: [UInt8]) -> [[String]]? {
    var rows: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var at = 0
    func endsLine(_ at: Int) -> Int? {
      if at == text.count { return at }
      if text[at] == 0x0A { return at + 1 }
      if text[at] == 0x0D, at + 1 < text.count, text[at + 1] == 0x0A { return at + 2 }
      return nil
    }
    while at < text.count {
      // One cell.
      cell = []
      if text[at] == 0x22 {
        at += 1
        while true {
          guard at < text.count else { return nil }
          if text[at] == 0x22 {
            guard at + 1 < text.count, text[at + 1] == 0x22 else { break }
            at += 1
          }
          cell.append(text[at])
          at += 1
        }
        at += 1
        guard endsLine(at) != nil || text[at] == 0x2C else { return nil }
      } else {
        while endsLine(at) == nil, text[at] != 0x2C {
          guard text[at] != 0x22 else { return nil }
          cell.append(text[at])
          at += 1
        }
      }
      row.append(String(decoding: cell, as: UTF8.self))
      if let next = endsLine(at) {
        if row != [""] { rows.append(row) }
        row = []
        at = next
      } else {
        at += 1
        // A comma at the very end is followed by an empty cell.
        if at == text.count {
          rows.append(row + [""])
          row = []
        }
      }
    }
    return rows
  }

  @Test("Any text is read as RFC 4180 says", arguments: 0..<400 as Range<UInt64>)
  func anything(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let letters: [UInt8] = [0x61, 0x62, 0x2C, 0x22, 0x22, 0x0A, 0x0D, 0x20, 0x2C]
    for _ in 0..<10 {
      let bytes = (0..<random.below(14)).map { _ in letters[Int(random.below(9))] }
      let expected = Self.oracle(bytes)
      do {
        let rows = try DelimitedText.rows(bytes, file: "f").map(\.cells)
        #expect(
          rows == expected,
          "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
      } catch {
        #expect(
          expected == nil,
          "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
      }
    }
  }

  @Test("What is quoted reads back", arguments: 0..<100 as Range<UInt64>)
  func roundTrip(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let letters = ["a", "é", ",", "\"", "\n", "\r\n", " ", "\"\"", ""]
    let rows = (0..<(1 + random.below(5))).map { _ in
      // The first cell keeps the row from being empty.
      ["x"]
        + (0..<random.below(5)).map { _ in
          (0..<random.below(5)).map { _ in letters[Int(random.below(9))] }.joined()
        }
    }
    let text = rows.map { cells in
      cells.map { cell in
        let mustQuote = cell.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
        let quoted = cell.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined()
        return mustQuote || random.below(3) == 0 ? "\"\(quoted)\"" : cell
      }.joined(separator: ",")
    }
    let ending = random.below(2) == 0 ? "\n" : "\r\n"
    let mark: [UInt8] = random.below(2) == 0 ? [0xEF, 0xBB, 0xBF] : []
    let bytes = mark + Array((text.joined(separator: ending) + ending).utf8)
    let read = try DelimitedText.rows(bytes, file: "f")
    #expect(
      read.map { $0.cells.map { Array($0.utf8) } } == rows.map { $0.map { Array($0.utf8) } },
      "seed \(seed)")
  }

  @Test(
    "Rows are numbered by the lines of the file",
    arguments: [
      // text, line numbers
      ("a\nb\nc", [1, 2, 3]), ("a\r\nb\r\n", [1, 2]), ("\n\na\n\nb\n", [3, 5]),
      ("\"a\nb\"\nc", [1, 3]), ("\"a\n\n\n\"\n\nb", [1, 6]), ("", []), ("\n\n", []),
    ] as [(String, [Int])])
  func lines(_ text: String, _ lines: [Int]) throws {
    #expect(try DelimitedText.rows(Array(text.utf8), file: "f").map(\.line) == lines)
  }

  @Test(
    "A quote that is not closed is told with its line",
    arguments: [("\"a", 1), ("a\nb\n\"c\nd\n", 3), ("a\nb\"c\n", 2), ("a\n\"b\"c\n", 2)])
  func quotes(_ text: String, _ line: Int) {
    let problem = #expect(throws: FileProblem.self) {
      try DelimitedText.rows(Array(text.utf8), file: "f")
    }
    #expect(problem?.line == line && problem?.file == "f")
  }
}

@Suite("Tables of names and ids")
struct InternerTests {
  static func number(_ interner: inout Interner, _ text: String) -> (number: UInt32, isNew: Bool) {
    // Room behind the text: an empty one has an address too.
    Array((text + "x").utf8).withUnsafeBufferPointer { bytes in
      let base = bytes.baseAddress!
      let count = bytes.count - 1
      if let known = interner.find(base, count) { return (known, false) }
      return (interner.insert(base, count, text), true)
    }
  }

  @Test("Each value has one number, in the order of coming", arguments: 0..<10 as Range<UInt64>)
  func names(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var interner = Interner()
    var known: [String: UInt32] = [:]
    for _ in 0..<3_000 {
      let text = String(repeating: "é", count: Int(random.below(6))) + "\(random.below(900))"
      let found = Self.number(&interner, text)
      #expect(found.isNew == (known[text] == nil), "seed \(seed): \(text)")
      #expect(found.number == known[text] ?? UInt32(known.count), "seed \(seed): \(text)")
      known[text] = found.number
    }
    #expect(interner.values.count == known.count)
    #expect(interner.values.enumerated().allSatisfy { known[$1] == UInt32($0) }, "seed \(seed)")
    interner.removeAll()
    #expect(Self.number(&interner, "a") == (0, true) && Self.number(&interner, "") == (1, true))
  }

  @Test func bytesTellNamesApartNotCharacters() {
    var interner = Interner()
    // The same letter to Swift, written as one scalar and as two.
    #expect(Self.number(&interner, "\u{E9}") == (0, true))
    #expect(Self.number(&interner, "e\u{301}") == (1, true))
    #expect(Self.number(&interner, "\u{E9}") == (0, false))
    #expect(Self.number(&interner, "abc") == (2, true) && Self.number(&interner, "ab") == (3, true))
  }

  @Test("Pairs", arguments: 0..<10 as Range<UInt64>)
  func pairs(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var interner = PairInterner()
    var known: [UInt64: UInt32] = [:]
    for _ in 0..<3_000 {
      let (left, right) = (UInt32(random.below(60)), UInt32(random.below(40)) &* 0x1000_0001)
      let key = UInt64(left) << 32 | UInt64(right)
      let number = interner.number(left, right)
      #expect(number == known[key] ?? UInt32(known.count), "seed \(seed)")
      known[key] = number
      #expect(interner.pairs[Int(number)] == (left, right), "seed \(seed)")
    }
    interner.removeAll()
    #expect(interner.number(9, 9) == 0 && interner.number(9, 8) == 1 && interner.number(9, 9) == 0)
  }

  static func id(_ source: String, _ id: String) -> IDIndex.ID {
    Array(id.utf8).withUnsafeBytes { IDIndex.ID(source: source, id: $0) }
  }

  @Test func anIdIsOfItsSource() {
    #expect(Self.id("a", "b") == Self.id("a", "b"))
    #expect(Self.id("a", "b") != Self.id("b", "a") && Self.id("a", "b") != Self.id("ab", ""))
    #expect(Self.id("a", "") != Self.id("", "a"))
    // SHA-256("s\0i"), its first 16 bytes.
    let ids = Set((0..<1_000).map { Self.id("s", "\($0)") })
    #expect(ids.count == 1_000)
  }

  @Test func anIdIsNewThenKnownThenInConflict() {
    let index = IDIndex()
    let id = Self.id("s", "1")
    guard case .new = index.find(id, content: 5) else {
      Issue.record("known at once")
      return
    }
    index.insert(id, content: 5)
    guard case .duplicate = index.find(id, content: 5), case .conflict = index.find(id, content: 6),
      case .new = index.find(Self.id("t", "1"), content: 5)
    else {
      Issue.record("not found by source, id and content")
      return
    }
    #expect(index.count == 1)
    index.remove(id)
    guard case .new = index.find(id, content: 6) else {
      Issue.record("not forgotten")
      return
    }
    #expect(index.count == 0)
  }

  @Test("Content that differs in a bit has another hash", arguments: [1, 7, 8, 9, 16, 33, 100])
  func contents(_ count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    var bytes = (0..<count).map { _ in UInt8(random.below(256)) }
    func hash(_ bytes: [UInt8]) -> UInt64 {
      bytes.withUnsafeBufferPointer { ContentHash.of($0.baseAddress!, $0.count) }
    }
    var hashes: Set<UInt64> = [hash(bytes), hash(bytes + [0])]
    for place in 0..<(8 * count) {
      bytes[place / 8] ^= 1 << UInt8(place % 8)
      hashes.insert(hash(bytes))
      bytes[place / 8] ^= 1 << UInt8(place % 8)
    }
    #expect(hashes.count == 8 * count + 2)
  }
}
