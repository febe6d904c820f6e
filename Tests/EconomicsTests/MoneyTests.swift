// SPDX-License-Identifier: Apache-2.0

import Economics
import Testing

@Suite("Money")
struct MoneyTests {
  @Test(
    "Decimals are read and written exactly",
    arguments: [
      // text, quanta, nano
      ("0", 0 as Int128, "0"), ("1", 1_000_000_000_000_000_000_000_000, "1000000000"),
      ("0.0000000015", 1_500_000_000_000_000, "1.5"),
      ("-12.5", -12_500_000_000_000_000_000_000_000, "-12500000000"),
      ("0.000000000000000000000001", 1, "0.000000000000001"),
      ("0.0002833333333333333", 283_333_333_333_333_300_000, "283333.3333333333"),
    ])
  func exact(_ text: String, _ quanta: Int128, _ nano: String) throws {
    let money = try Money(decimal: text)
    #expect(money.quanta == quanta)
    #expect(money.decimal == text)
    #expect(money.nano == nano)
  }

  @Test(
    "What is no plain decimal is refused",
    arguments: [
      "", "-", ".5", "5.", "1,5", "12abc", "+5", "0x10", "nan", "infinity", "1e400", "1e3", " 1",
      "１", "0.0000000000000000000000001", "1.2.3",
    ])
  func refused(_ text: String) {
    #expect(throws: MoneyError.self) { try Money(decimal: text) }
  }

  @Test func overflowIsAnErrorNotAWrap() throws {
    #expect(throws: MoneyError.overflow) {
      try Money(decimal: "170141183460470").adding(Money(decimal: "1"))
    }
    #expect(throws: MoneyError.overflow) { try Money(decimal: "1000").times(.max) }
  }

  @Test(
    "Rounding is half to even, for people",
    arguments: [
      // amount, decimals, text
      ("0.125", 2, "0.12"), ("0.135", 2, "0.14"), ("0.1250000001", 2, "0.13"), ("2.5", 0, "2"),
      ("3.5", 0, "4"), ("-0.125", 2, "-0.12"), ("-0.001", 2, "0.00"),
      ("699999.995", 2, "700000.00"),
    ])
  func rounding(_ text: String, _ decimals: Int, _ rounded: String) throws {
    #expect(try Money(decimal: text).rounded(decimals: decimals) == rounded)
  }

  @Test func aPricePerMillionIsExactForOne() throws {
    #expect(try Money(perMillion: "0.0375").decimal == "0.0000000375")
  }
}

@Suite("Time")
struct TimeTests {
  @Test(
    "Days and dates agree",
    arguments: [
      (0 as Int64, "1970-01-01"), (19_570, "2023-08-01"), (-1, "1969-12-31"),
      (11_016, "2000-02-29"),
      (20_512, "2026-02-28"), (20_513, "2026-03-01"), (-719_468, "0000-03-01"),
    ])
  func dates(_ day: Int64, _ text: String) {
    #expect(Instant.date(day: day) == text)
    let (year, month, date) = Instant.civil(days: day)
    #expect(Instant.days(year: year, month: month, day: date) == day)
  }

  @Test func bucketsHoldAQuarterOfAnHourAlsoBefore1970() {
    #expect(TimeBucket(containing: 0)?.index == 0)
    #expect(TimeBucket(containing: 899_999)?.index == 0)
    #expect(TimeBucket(containing: 900_000)?.index == 1)
    #expect(TimeBucket(containing: -1)?.index == -1)
  }
}

@Suite("Price book")
struct PriceBookTests {
  static func rate(_ from: Int64, _ until: Int64?, _ price: String) throws -> PriceBook.Rate {
    PriceBook.Rate(
      from: TimeBucket(index: from), until: until.map { TimeBucket(index: $0) },
      prices: [.inputTokens: try Money(decimal: price)], source: "s", retrieved: "2026-01-01")
  }

  @Test func namesAreFoundInAnyCaseAndByAlias() throws {
    let book = PriceBook(
      name: "b", version: "1", currency: "USD",
      entries: [
        .init(
          provider: "openai", model: "gpt-4", aliases: ["G4"], rates: [try Self.rate(0, nil, "1")])
      ], digest: [])
    #expect(book.entry(provider: "OpenAI", model: "GPT-4")?.model == "gpt-4")
    #expect(book.entry(provider: "", model: "g4")?.model == "gpt-4")
    #expect(book.entry(provider: "azure", model: "gpt-4") == nil)
  }

  @Test func aCardHoldsWhatAppliesInTheSpan() throws {
    let book = PriceBook(
      name: "b", version: "1", currency: "USD",
      entries: [
        .init(
          provider: "p", model: "m",
          rates: [
            try Self.rate(0, 10, "1"), try Self.rate(10, 20, "2"), try Self.rate(20, nil, "3"),
          ])
      ], digest: [])
    let card = book.card(
      provider: "p", model: "m", in: TimeBucket(index: 12)...TimeBucket(index: 20))
    #expect(card.rates.map(\.price.decimal) == ["2", "3"])
    #expect(card.rate(for: .inputTokens, in: TimeBucket(index: 19))?.price.decimal == "2")
    #expect(card.rate(for: .inputTokens, in: TimeBucket(index: 20))?.price.decimal == "3")
    // A cached token without a price of its own costs what an uncached one does.
    #expect(card.rate(for: .cachedInputTokens, in: TimeBucket(index: 20))?.price.decimal == "3")
    #expect(card.rate(for: .outputTokens, in: TimeBucket(index: 20)) == nil)
  }

  @Test func theUsersBookGoesBeforeTheShippedOne() throws {
    func book(_ price: String) throws -> PriceBook {
      PriceBook(
        name: price, version: "1", currency: "USD",
        entries: [.init(provider: "p", model: "m", rates: [try Self.rate(0, nil, price)])],
        digest: [])
    }
    let both = try book("7").over(book("1"))
    #expect(both.entry(provider: "p", model: "m")?.rates[0].prices[.inputTokens]?.decimal == "7")
  }
}

@Suite("Money in columns")
struct MoneyColumnTests {
  @Test(
    "Parts add up to the amount",
    arguments: [
      // amount, units, pico, yocto
      ("0", 0, 0, 0), ("0.000000000000000000000001", 0, 0, 1),
      ("0.000000000001", 0, 1, 0), ("1", 1, 0, 0), ("1234.5", 1_234, 500_000_000_000, 0),
      ("18446743.999999999999999999999999", 18_446_743, 999_999_999_999, 999_999_999_999),
      ("18446745", 18_446_745, 0, 0), ("170000000000000.000000000001", 170_000_000_000_000, 1, 0),
      ("-0.000000000000000000000001", -1, 999_999_999_999, 999_999_999_999),
      ("-1.5", -2, 500_000_000_000, 0),
    ] as [(String, Int64, Int64, Int64)])
  func parts(_ text: String, _ units: Int64, _ pico: Int64, _ yocto: Int64) throws {
    let money = try Money(decimal: text)
    let column = try MoneyColumn([money])
    #expect(column.parts(0) == MoneyParts(units: units, pico: pico, yocto: yocto))
    #expect(column.money(0) == money)
  }
}
