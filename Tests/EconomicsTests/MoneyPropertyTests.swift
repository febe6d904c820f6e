// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Testing

/// Money beside ``DecimalDigits``, by seed.
@Suite("Money by seed")
struct MoneyPropertyTests {
  /// Amounts of every size: as many have 3 bits as have 120.
  static func amount(_ random: inout SplitMix64) -> Money {
    let wide = Int128(random.next() >> 1) << 64 | Int128(random.next())
    let quanta = wide >> Int128(random.below(127))
    return Money(quanta: random.below(2) == 0 ? quanta : -quanta)
  }

  @Test("An amount's text is its digits, and reads back", arguments: 0..<100 as Range<UInt64>)
  func text(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let money = Self.amount(&random)
      let digits = DecimalDigits(money.quanta)
      #expect(money.decimal == digits.pointed(24), "seed \(seed)")
      #expect(money.nano == digits.pointed(15), "seed \(seed)")
      #expect(try Money(decimal: money.decimal) == money, "seed \(seed)")
      #expect(money.description == money.decimal)
    }
  }

  @Test(
    "A sum is exact or refused, never wrapped, in any order",
    arguments: 0..<100 as Range<UInt64>)
  func sums(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let (a, b) = (Self.amount(&random), Self.amount(&random))
      let exact = DecimalDigits(a.quanta) + DecimalDigits(b.quanta)
      if exact.fits {
        #expect(DecimalDigits(try a.adding(b).quanta) == exact, "seed \(seed): \(a) + \(b)")
        #expect(try b.adding(a) == a.adding(b), "seed \(seed)")
      } else {
        #expect(throws: MoneyError.overflow, "seed \(seed)") { try a.adding(b) }
      }
    }
  }

  @Test(
    "A price times a quantity is exact or refused", arguments: 0..<100 as Range<UInt64>)
  func products(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let price = Self.amount(&random)
      let quantity = random.next() >> random.below(64)
      let exact = DecimalDigits(price.quanta) * DecimalDigits(quantity)
      if exact.fits {
        let product = try price.times(quantity)
        #expect(DecimalDigits(product.quanta) == exact, "seed \(seed): \(price) x \(quantity)")
      } else {
        #expect(throws: MoneyError.overflow, "seed \(seed)") { try price.times(quantity) }
      }
    }
  }

  @Test(
    "Rounding is that of the digits, to every place", arguments: 0..<40 as Range<UInt64>)
  func rounding(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for decimals in 0...24 {
      let money = Self.amount(&random)
      let expected = DecimalDigits(money.quanta).rounded(decimals)
      #expect(money.rounded(decimals: decimals) == expected, "seed \(seed): \(money)")
    }
  }

  /// Ties are rare among random amounts: here every one is a tie.
  @Test("Ties go to the even digit, at every place", arguments: 0...23)
  func ties(_ decimals: Int) {
    var half: Int128 = 5
    for _ in decimals..<23 { half *= 10 }
    for whole in 0..<4 as Range<Int128> {
      for sign in [1, -1] as [Int128] {
        let money = Money(quanta: sign * (whole * 2 * half + half))
        let expected = DecimalDigits(money.quanta).rounded(decimals)
        #expect(money.rounded(decimals: decimals) == expected)
        #expect(expected.last.flatMap(\.wholeNumberValue).map { $0 % 2 } == 0)
      }
    }
  }

  @Test("The order is that of the numbers", arguments: 0..<20 as Range<UInt64>)
  func order(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let amounts = (0..<60).map { _ in Self.amount(&random) }
    let byDigits = amounts.sorted { DecimalDigits($0.quanta) < DecimalDigits($1.quanta) }
    #expect(amounts.sorted() == byDigits, "seed \(seed)")
  }

  @Test(
    "A price for a million is a millionth of it for one", arguments: 0..<50 as Range<UInt64>)
  func perMillion(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<10 {
      // At most 18 decimals, as price lists have.
      let places = Int(random.below(19))
      let number = DecimalDigits(random.next() >> (18 + random.below(46)))
      let text = number.pointed(places)
      let one = try Money(perMillion: text)
      #expect(try one.times(1_000_000) == Money(decimal: text), "seed \(seed): \(text)")
    }
  }

  @Test("Columns give back what they took", arguments: 0..<50 as Range<UInt64>)
  func columns(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let amounts = (0..<100).map { _ in Self.amount(&random) }
    let column = try MoneyColumn(amounts)
    #expect(column.count == 100)
    var parts = MoneyParts(units: 0, pico: 0, yocto: 0)
    var sum = DecimalDigits(0)
    for (index, amount) in amounts.enumerated() {
      #expect(column.money(index) == amount, "seed \(seed)")
      let part = column.parts(index)
      #expect((0..<1_000_000_000_000).contains(part.pico), "seed \(seed)")
      #expect((0..<1_000_000_000_000).contains(part.yocto), "seed \(seed)")
      parts.units += part.units
      parts.pico += part.pico
      parts.yocto += part.yocto
      sum = sum + DecimalDigits(amount.quanta)
    }
    // Sums of parts, as a database makes them, are the sum of the amounts.
    if sum.fits {
      #expect(DecimalDigits(try parts.money().quanta) == sum, "seed \(seed)")
    } else {
      #expect(throws: MoneyError.overflow, "seed \(seed)") { try parts.money() }
    }
  }

  @Test(
    "The order of parts is the order of amounts", arguments: 0..<20 as Range<UInt64>)
  func orderOfParts(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<50 {
      let (a, b) = (Self.amount(&random), Self.amount(&random))
      let (x, y) = (MoneyParts(a), MoneyParts(b))
      #expect(
        ((x.units, x.pico, x.yocto) < (y.units, y.pico, y.yocto)) == (a < b), "seed \(seed)")
    }
  }
}

@Suite("Money's borders")
struct MoneyBorderTests {
  static let most = Money(quanta: .max)

  @Test func theGreatestAmountIsWrittenReadAndNotExceeded() throws {
    #expect(Self.most.decimal == "170141183460469.231731687303715884105727")
    #expect(try Money(decimal: Self.most.decimal) == Self.most)
    #expect(try Money(decimal: "-" + Self.most.decimal) == -Self.most)
    #expect(try Self.most.adding(.zero) == Self.most)
    #expect(throws: MoneyError.overflow) { try Self.most.adding(Money(quanta: 1)) }
    #expect(throws: MoneyError.overflow) { try (-Self.most).adding(Money(quanta: -2)) }
    #expect(try Self.most.times(1) == Self.most && Self.most.times(0) == .zero)
    #expect(throws: MoneyError.overflow) { try Self.most.times(2) }
  }

  @Test(
    "What is too large is an overflow, what is too fine is no decimal",
    arguments: [
      // text, error
      ("170141183460469.231731687303715884105728", MoneyError.overflow),
      ("-170141183460470", .overflow), ("1000000000000000", .overflow),
      (String(repeating: "9", count: 500), .overflow),
      (
        "1.0000000000000000000000001", .notADecimal("1.0000000000000000000000001")
      ),
      ("0.5e1", .notADecimal("0.5e1")), ("--1", .notADecimal("--1")),
      ("1-", .notADecimal("1-")), (".", .notADecimal(".")), ("-.", .notADecimal("-.")),
    ])
  func refused(_ text: String, _ error: MoneyError) {
    #expect(throws: error) { try Money(decimal: text) }
  }

  @Test(
    "Zeros before and behind change nothing",
    arguments: [
      // text, the same as
      ("007", "7"), ("-0", "0"), ("-0.000", "0"), ("1.50", "1.5"), ("0001.10", "1.1"),
      ("0." + String(repeating: "0", count: 300), "0"),
      ("3." + String(repeating: "0", count: 25), "3"),
      (String(repeating: "0", count: 400) + "4", "4"),
    ])
  func zeros(_ text: String, _ same: String) throws {
    #expect(try Money(decimal: text).decimal == same)
  }

  @Test(
    "A price for a million may be finer than a millionth of the finest",
    arguments: [
      // text, price of one; nil where it is too fine or too large
      ("1", "0.000001"), ("0.000000000000000001", "0.000000000000000000000001"),
      ("0.0000000000000000001", nil), ("-2.5", "-0.0000025"),
      ("170141183460469231731", "170141183460469.231731"), ("170141183460469231732", nil),
    ] as [(String, String?)])
  func perMillion(_ text: String, _ one: String?) throws {
    guard let one else {
      #expect(throws: MoneyError.self) { try Money(perMillion: text) }
      return
    }
    #expect(try Money(perMillion: text).decimal == one)
  }

  @Test(
    "Parts that no amount has are refused",
    arguments: [
      // units, pico, yocto
      (Int64.max, 0, 0), (Int64.min, 0, 0), (170_141_183_460_470, 0, 0),
      (170_141_183_460_469, 999_999_999_999, 999_999_999_999),
      (-170_141_183_460_470, 0, 0),
    ] as [(Int64, Int64, Int64)])
  func parts(_ units: Int64, _ pico: Int64, _ yocto: Int64) {
    #expect(throws: MoneyError.overflow) {
      try MoneyParts(units: units, pico: pico, yocto: yocto).money()
    }
  }

  @Test func anApproximationIsNearAndKeepsTheSign() throws {
    for text in ["0", "1", "-1", "0.1", "12345.678", "-170000000000000"] {
      let value = try #require(Double(text))
      #expect(abs(try Money(decimal: text).approximate - value) <= abs(value) * 1e-15)
    }
  }

  @Test(
    "A column ends less than a unit before the range of amounts does",
    arguments: [
      // amount, is taken
      ("170141183460468.9", true), ("170141183460469", false), ("-170141183460468", true),
      ("-170141183460469", false),
    ])
  func columnEnds(_ text: String, _ isTaken: Bool) throws {
    let amount = try Money(decimal: text)
    if isTaken {
      #expect(try MoneyColumn([amount]).money(0) == amount)
    } else {
      #expect(throws: MoneyError.overflow) { try MoneyColumn([.zero, amount, .zero]) }
    }
  }

  @Test func everyAmountHasAnOpposite() throws {
    let most = Money(quanta: .max)
    #expect((-most).quanta == -.max && -(-most) == most)
    // The least number of 128 bits has none: no sum, product or message comes to it.
    #expect(throws: MoneyError.overflow) { try Money(exactly: .min) }
    #expect(throws: MoneyError.overflow) { try (-most).adding(Money(quanta: -1)) }
    #expect(throws: MoneyError.overflow) { try Money(quanta: .min / 2).times(2) }
  }

  @Test func theErrorsSayWhatWasWritten() {
    #expect("\(MoneyError.notADecimal("12,5"))".contains("'12,5'"))
    #expect("\(MoneyError.overflow)".contains("170"))
  }
}
