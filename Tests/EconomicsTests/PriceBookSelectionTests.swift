// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Testing

@Suite("Selection of rates")
struct PriceBookSelectionTests {
  static func rate(
    _ from: Int64, _ until: Int64?, _ prices: [Meter: Int128], _ evidence: Evidence = .reported
  ) -> PriceBook.Rate {
    PriceBook.Rate(
      from: TimeBucket(index: from), until: until.map { TimeBucket(index: $0) },
      prices: prices.mapValues { Money(quanta: $0) }, source: "s", retrieved: "2026-01-01",
      evidence: evidence)
  }

  static func book(_ name: String, _ entries: [PriceBook.Entry]) -> PriceBook {
    PriceBook(
      name: name, version: "1", currency: "USD", entries: entries, digest: Array(name.utf8))
  }

  static func bucket(_ index: Int64) -> TimeBucket { TimeBucket(index: index) }

  @Test(
    "A rate holds from its first bucket until before its last",
    arguments: [
      // from, until, bucket, holds
      (10, 20, 9, false), (10, 20, 10, true), (10, 20, 19, true), (10, 20, 20, false),
      (10, nil, 9, false), (10, nil, 10, true), (10, nil, TimeBucket.indexes.upperBound, true),
      (10, 10, 10, false),
      (-20, -10, -11, true), (-20, -10, -10, false),
    ] as [(Int64, Int64?, Int64, Bool)])
  func borders(_ from: Int64, _ until: Int64?, _ bucket: Int64, _ holds: Bool) {
    let rate = RateCard.Rate(
      from: Self.bucket(from), until: until.map(Self.bucket), meter: .inputTokens,
      price: .zero, evidence: .reported)
    #expect(rate.holds(in: Self.bucket(bucket)) == holds)
  }

  @Test(
    "A meter without a rate of its own",
    arguments: [
      // meter asked for, meters with a price (the price is the meter's number), price or nil
      (Meter.cachedInputTokens, [.inputTokens, .cachedInputTokens], 4),
      (.cachedInputTokens, [.inputTokens], 3), (.cachedInputTokens, [.outputTokens], nil),
      (.inputTokens, [.cachedInputTokens], nil), (.outputTokens, [.inputTokens], nil),
      (.images, [.inputTokens, .outputTokens], nil), (.requests, [.requests], 1),
      (.failedRequests, [.requests], nil), (.requests, [], nil),
    ] as [(Meter, [Meter], Int128?)])
  func fallbacks(_ meter: Meter, _ priced: [Meter], _ price: Int128?) {
    let card = RateCard(
      provider: "p", model: "m",
      rates: priced.map {
        .init(
          from: Self.bucket(0), until: nil, meter: $0, price: Money(quanta: Int128($0.rawValue)),
          evidence: .reported)
      })
    #expect(card.rate(for: meter, in: Self.bucket(5))?.price.quanta == price)
  }

  @Test func aCachedTokenFallsBackInEachSpanOfTime() {
    let book = Self.book(
      "b",
      [
        .init(
          provider: "p", model: "m",
          rates: [
            Self.rate(0, 10, [.inputTokens: 100]),
            Self.rate(10, nil, [.inputTokens: 200, .cachedInputTokens: 20]),
          ])
      ])
    let card = book.card(provider: "p", model: "m", in: Self.bucket(0)...Self.bucket(10))
    #expect(card.rate(for: .cachedInputTokens, in: Self.bucket(9))?.price.quanta == 100)
    #expect(card.rate(for: .cachedInputTokens, in: Self.bucket(10))?.price.quanta == 20)
    #expect(card.rate(for: .cachedInputTokens, in: Self.bucket(-1)) == nil)
  }

  @Test("A card is the book, cut to the span", arguments: 0..<60 as Range<UInt64>)
  func cards(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    // Rates that follow each other, some with a gap between.
    var rates: [PriceBook.Rate] = []
    var from = Int64(random.below(20))
    for _ in 0..<(1 + random.below(6)) {
      let until = from + 1 + Int64(random.below(10))
      rates.append(
        Self.rate(from, until, [.inputTokens: Int128(random.below(99)), .images: 1], .assumed))
      from = until + Int64(random.below(3)) * 2
    }
    if random.below(2) == 0 { rates[rates.count - 1].until = nil }
    let book = Self.book("b", [.init(provider: "p", model: "m", rates: rates)])
    let low = Int64(random.below(60))
    let high = low + Int64(random.below(20))
    let card = book.card(provider: "p", model: "m", in: Self.bucket(low)...Self.bucket(high))
    for index in low...high {
      let expected = rates.first {
        $0.from.index <= index && index < ($0.until?.index ?? .max)
      }
      let found = card.rate(for: .inputTokens, in: Self.bucket(index))
      #expect(found?.price == expected?.prices[.inputTokens], "seed \(seed) bucket \(index)")
      #expect(found?.evidence == expected?.evidence, "seed \(seed) bucket \(index)")
    }
    // And nothing that the span does not touch.
    for rate in card.rates {
      #expect(
        rate.from.index <= high && low < (rate.until?.index ?? .max), "seed \(seed)")
    }
  }

  @Test(
    "Names are found by any spelling of case, aliases, and with or without a provider",
    arguments: [
      // provider, model, the entry found: its provider and model
      ("openai", "gpt-4", "openai gpt-4"), ("OPENAI", "GPT-4", "openai gpt-4"),
      ("openai", "gpt-4-0613", "openai gpt-4"), ("azure", "gpt-4", "azure gpt-4"),
      ("", "gpt-4", "openai gpt-4"), ("", "gpt-4-azure", "azure gpt-4"),
      ("aws", "gpt-4", nil), ("openai", "gpt", nil), ("openai", "", nil), ("", "", nil),
      ("openai", "claude", nil), ("", "Claude", "anthropic claude"),
      ("openai", "gpt-4-azure", nil),
    ] as [(String, String, String?)])
  func names(_ provider: String, _ model: String, _ found: String?) {
    let rates = [Self.rate(0, nil, [.inputTokens: 1])]
    let book = Self.book(
      "b",
      [
        .init(provider: "openai", model: "gpt-4", aliases: ["GPT-4-0613"], rates: rates),
        .init(provider: "azure", model: "gpt-4", aliases: ["gpt-4-azure"], rates: rates),
        .init(provider: "anthropic", model: "claude", rates: rates),
        .init(provider: "anthropic", model: "CLAUDE", rates: []),
      ])
    let entry = book.entry(provider: provider, model: model)
    #expect(entry.map { "\($0.provider) \($0.model)" } == found)
    let card = book.card(provider: provider, model: model, in: Self.bucket(0)...Self.bucket(1))
    #expect(card.rates.isEmpty == (found == nil))
    // The card is of the pair that was asked for, so that the worker finds it by the batch's names.
    #expect(card.provider == provider && card.model == model)
  }

  @Test func anEntryOfTheUsersBookHidesTheOthersWhole() {
    let mine = Self.book(
      "mine",
      [
        .init(
          provider: "p", model: "m", aliases: ["x"],
          rates: [Self.rate(0, nil, [.outputTokens: 5])])
      ])
    let shipped = Self.book(
      "shipped",
      [
        .init(provider: "p", model: "m", rates: [Self.rate(0, nil, [.inputTokens: 9])]),
        .init(provider: "p", model: "x", rates: [Self.rate(0, nil, [.inputTokens: 8])]),
        .init(provider: "q", model: "m", rates: [Self.rate(0, nil, [.inputTokens: 7])]),
      ])
    let both = mine.over(shipped)
    #expect(both.entries.count == 4)
    #expect(
      both.entry(provider: "p", model: "m")?.rates[0].prices == [.outputTokens: Money(quanta: 5)])
    #expect(both.entry(provider: "p", model: "x")?.model == "m")
    #expect(both.entry(provider: "q", model: "m")?.provider == "q")
    #expect(both.entry(provider: "", model: "m")?.provider == "p")
    #expect(both.digest == Array("mineshipped".utf8) && both.digest != shipped.over(mine).digest)
    #expect(both.name.contains("mine") && both.name.contains("shipped"))
  }

  @Test func aBatchGetsACardForEachPairThatHasRates() throws {
    let book = Self.book(
      "b",
      [
        .init(provider: "p", model: "m", rates: [Self.rate(0, 10, [.inputTokens: 1])]),
        .init(provider: "p", model: "n", rates: [Self.rate(10, 20, [.inputTokens: 1])]),
      ])
    let table = try SeriesTable(
      count: 5,
      columns: [
        .init(dimension: "model", values: ["n", "m", "?"], codes: [0, 1, 2, 1, 1]),
        .init(dimension: "provider", values: ["p", ""], codes: [0, 0, 0, 0, 1]),
      ])
    func pairs(_ low: Int64, _ high: Int64) -> [String] {
      book.cards(for: table, in: Self.bucket(low)...Self.bucket(high)).map {
        "\($0.provider)/\($0.model)"
      }
    }
    #expect(pairs(0, 30) == ["/m", "p/m", "p/n"])
    #expect(pairs(0, 9) == ["/m", "p/m"])
    #expect(pairs(10, 19) == ["p/n"])
    #expect(pairs(20, 30) == [])
  }
}
