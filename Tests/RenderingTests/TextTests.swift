// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Foundation
import Rendering
import Runway
import Testing

@Suite("Text")
struct TextTests {
  @Test(
    "Digits in groups of three",
    arguments: [
      // number, text
      (0, "0"), (7, "7"), (999, "999"), (1_000, "1,000"), (-1, "-1"), (-999, "-999"),
      (-1_000, "-1,000"), (123_456, "123,456"), (1_234_567, "1,234,567"),
      (.max, "9,223,372,036,854,775,807"), (.min, "-9,223,372,036,854,775,808"),
    ] as [(Int, String)])
  func groups(_ number: Int, _ text: String) {
    #expect(Text.grouped(number) == text)
    #expect(Int(Text.grouped(number).filter { $0 != "," }) == number)
  }

  @Test(
    "Counts with a scale are rounded half up, and carry into the next unit",
    arguments: [
      // number, text
      (0, "0"), (999, "999"), (1_000, "1,000"), (999_999, "999,999"), (1_000_000, "1.0M"),
      (1_049_999, "1.0M"), (1_050_000, "1.1M"), (1_100_000, "1.1M"), (999_949_999, "999.9M"),
      (999_950_000, "1.0B"), (999_999_999, "1.0B"), (1_999_999, "2.0M"),
      (1_000_000_000, "1.0B"), (386_190_000_000, "386.2B"), (999_999_999_999, "1.0T"),
      (1_000_000_000_000, "1.0T"), (1_234_500_000_000_000, "1,234.5T"),
      (.max, "18,446,744.1T"),
    ] as [(UInt64, String)])
  func short(_ number: UInt64, _ text: String) { #expect(Text.short(number) == text) }

  @Test("One of a thing has no plural")
  func counted() {
    #expect(Text.counted(1, "batch", "batches") == "1 batch")
    #expect(Text.counted(0, "batch", "batches") == "0 batches")
    #expect(Text.counted(1_204, "entry", "entries") == "1,204 entries")
    #expect(Text.counted(2, "model") == "2 models")
  }

  @Test(
    "A part of a whole, rounded down so that 100% means all",
    arguments: [
      // part, whole, text
      (0, 0, "–"), (0, 5, "0.0%"), (5, 5, "100.0%"), (1, 3, "33.3%"), (2, 3, "66.6%"),
      (999_999, 1_000_000, "99.9%"), (1, 1_000_000, "0.0%"), (1, 1_000, "0.1%"),
      (.max, .max, "100.0%"), (.max - 1, .max, "99.9%"), (.max / 2, .max, "49.9%"),
    ] as [(UInt64, UInt64, String)])
  func percent(_ part: UInt64, _ whole: UInt64, _ text: String) {
    #expect(Text.percent(part, of: whole) == text)
  }

  @Test(
    "Numbers with decimals",
    arguments: [
      // value, decimals, text
      (0, 0, "0"), (1_204.5, 2, "1,204.50"), (-1_204.5, 1, "-1,204.5"), (-0.25, 1, "-0.2"),
      (-0.75, 0, "-1"), (1e6, 0, "1,000,000"), (0.999, 2, "1.00"), (.nan, 2, "–"),
      (.infinity, 2, "–"), (-.infinity, 0, "–"),
    ] as [(Double, Int, String)])
  func decimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(Text.decimal(value, decimals) == text)
  }

  @Test func whatRoundsToZeroHasNoSign() {
    #expect(Text.decimal(-0.001, 2) == "0.00")
  }

  @Test(
    "Sparklines",
    arguments: [
      // values, line
      ([], ""), ([0, 0], ""), ([-1, -2], ""), ([5], "█"), ([0, 1], "▁█"),
      ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([7, -7], "█▁"), ([1, 1, 1], "███"),
      ([100, 50, 0], "█▅▁"),
    ] as [([Double], String)])
  func sparklines(_ values: [Double], _ line: String) {
    #expect(Text.sparkline(values) == line)
  }

  @Test("A sparkline has a character for each value", arguments: 0..<20 as Range<UInt64>)
  func sparklineWidths(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let values = (0..<(1 + random.below(80))).map { _ in Double(random.below(1_000)) + 1 }
    let line = Array(Text.sparkline(values))
    #expect(line.count == values.count, "seed \(seed)")
    // A greater value is never lower.
    let heights = Array("▁▂▃▄▅▆▇█")
    let ranked = zip(values, line).sorted { $0.0 < $1.0 }.map { heights.firstIndex(of: $0.1) ?? -1 }
    #expect(ranked == ranked.sorted() && ranked.last == 7, "seed \(seed)")
  }
}

@Suite("Amounts")
struct AmountTests {
  @Test(
    "Amounts of money",
    arguments: [
      // amount, decimals, currency, text
      ("0", 2, "USD", "$0.00"), ("1204331.5", 2, "USD", "$1,204,331.50"),
      ("-1204331.5", 2, "USD", "-$1,204,331.50"), ("-0.001", 2, "USD", "$0.00"),
      ("999.995", 2, "USD", "$1,000.00"), ("12", 0, "USD", "$12"), ("12", 2, "EUR", "EUR 12.00"),
      ("-12", 0, "EUR", "-EUR 12"), ("0.0000005", 6, "USD", "$0.000000"),
      ("0.0000015", 6, "USD", "$0.000002"),
      ("170141183460469", 0, "USD", "$170,141,183,460,469"),
      ("0.000000000000000000000001", 24, "USD", "$0.000000000000000000000001"),
    ])
  func amounts(_ amount: String, _ decimals: Int, _ currency: String, _ text: String) throws {
    #expect(Amount.text(try Money(decimal: amount), decimals: decimals, currency) == text)
  }

  @Test(
    "Estimates with a scale",
    arguments: [
      // value, currency, text
      (0, "USD", "$0"), (999, "USD", "$999"), (1_000, "USD", "$1.00k"), (-1_500, "USD", "-$1.50k"),
      (1_200_000_000, "USD", "$1.20B"), (2.5e6, "EUR", "EUR 2.50M"), (7e12, "USD", "$7.00T"),
      (7e15, "USD", "$7000.00T"), (0.4, "USD", "$0"),
    ] as [(Double, String, String)])
  func estimates(_ value: Double, _ currency: String, _ text: String) {
    #expect(Amount.text(value, currency) == text)
  }

  @Test(
    "Months after a month",
    arguments: [
      // start, months, text
      ("2023-07", 0, "2023-07"), ("2023-07", 5, "2023-12"), ("2023-07", 6, "2024-01"),
      ("2023-12", 1, "2024-01"), ("2023-01", 120, "2033-01"), ("2024-01", -1, "2023-12"),
      ("", 3, "month 3"), ("2023", 3, "month 3"),
    ])
  func months(_ start: String, _ months: Int, _ text: String) {
    #expect(MonthLabel.text(start, plus: months) == text)
  }

  @Test(
    "Percentages", arguments: [(0, "0.0%"), (0.123, "12.3%"), (1, "100.0%"), (-0.5, "-50.0%")])
  func percentages(_ value: Double, _ text: String) { #expect(Percent.text(value) == text) }
}

@Suite("CSV")
struct CSVTextTests {
  @Test(
    "Cells",
    arguments: [
      // text, cell
      ("", ""), ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""),
      ("two\r\nlines", "\"two\r\nlines\""), (" blank ", " blank "), ("é😀", "é😀"),
      // A spreadsheet would take these for formulas.
      ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@cmd", "'@cmd"), ("\tx", "'\tx"),
      ("=\"a\",b", "\"'=\"\"a\"\",b\""), ("a=b", "a=b"), ("'=x", "'=x"),
    ])
  func cells(_ text: String, _ cell: String) { #expect(CSVText.cell(text) == cell) }

  @Test(
    "A cell that holds what ends a cell or a line is quoted",
    arguments: [
      // text, cell
      ("two\nlines", "\"two\nlines\""), ("a\rb", "\"a\rb\""), ("\rx", "\"'\rx\""),
      ("\n", "\"\n\""), ("a,\u{301}b", "\"a,\u{301}b\""), ("a\"\u{301}", "\"a\"\"\u{301}\""),
    ])
  func breaks(_ text: String, _ cell: String) {
    // CR LF is one character in Swift, and a comma with an accent is another than a comma.
    #expect(Array(CSVText.cell(text).unicodeScalars) == Array(cell.unicodeScalars))
  }

  @Test(
    "Lines: numbers stay numbers",
    arguments: [
      // cells, line
      ([], ""), ([""], ""), (["a", "", "b"], "a,,b"), (["-1.5", "1e3", "-x"], "-1.5,1e3,'-x"),
      (["=1", "1,5"], "'=1,\"1,5\""),
      (["-0.000000000000000000000001"], "-0.000000000000000000000001"),
    ])
  func lines(_ cells: [String], _ line: String) { #expect(CSVText.line(cells) == line) }

  /// Reads one record of RFC 4180, character by character.
  static func read(_ line: String) -> [String] {
    var cells = [""]
    var isQuoted = false
    var characters = Array(line.unicodeScalars)[...]
    while let next = characters.popFirst() {
      if isQuoted, next == "\"", characters.first == "\"" {
        characters.removeFirst()
        cells[cells.count - 1] += "\""
      } else if next == "\"" {
        isQuoted.toggle()
      } else if next == ",", !isQuoted {
        cells.append("")
      } else {
        cells[cells.count - 1].unicodeScalars.append(next)
      }
    }
    return cells
  }

  @Test("Whatever is written reads back", arguments: 0..<100 as Range<UInt64>)
  func roundTrip(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let letters: [Unicode.Scalar] = ["a", ",", "\"", " ", "é", "\t", "=", "-", "1", "|"]
    let cells = (0..<(1 + random.below(6))).map { _ in
      var text = ""
      for _ in 0..<random.below(8) {
        text.unicodeScalars.append(letters[Int(random.below(UInt64(letters.count)))])
      }
      return text
    }
    let expected = cells.map { text in
      guard Double(text) == nil, let first = text.unicodeScalars.first,
        ["=", "+", "-", "@", "\t", "\r"].contains(first)
      else { return text }
      return "'" + text
    }
    let read = Self.read(CSVText.line(cells)).map { Array($0.unicodeScalars) }
    #expect(read == expected.map { Array($0.unicodeScalars) }, "seed \(seed): \(cells)")
  }
}
