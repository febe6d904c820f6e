// SPDX-License-Identifier: Apache-2.0

import Economics
import Testing

@testable import Documents

@Suite("Rates and idle cost of own hardware")
struct OwnRatesFileTests {
  static func rates(input: Double, output: Double, note: String = "n") -> OwnRatesFile.Rates {
    OwnRatesFile.Rates(
      provider: "own", model: "it's 'mine'", from: "2026-11-01", today: "2026-11-25",
      input: input, output: output, source: "8 x H100 at $2.50: 'metered'", evidence: "measured",
      note: note)
  }

  @Test(
    "The price book reads back as it was written, quotes and all",
    arguments: [
      // per million in and out; the price as it is read
      (0.15, 0.6, "0.15", "0.6"), (2.0, 30.0, "2", "30"),
      (0.123_456_789, 0.000_000_001, "0.123456789", "0.000000001"),
    ])
  func book(_ input: Double, _ output: Double, _ inputText: String, _ outputText: String) throws {
    let book = try PriceBookFile.read(
      OwnRatesFile.book(Self.rates(input: input, output: output)), file: "own.yaml")
    #expect(book.name == OwnRatesFile.name && book.version == "2026-11-25")
    let entry = try #require(book.entries.first)
    #expect(book.entries.count == 1 && entry.provider == "own" && entry.model == "it's 'mine'")
    let rate = try #require(entry.rates.first)
    #expect(rate.prices[.inputTokens] == (try Money(perMillion: inputText)))
    #expect(rate.prices[.outputTokens] == (try Money(perMillion: outputText)))
    #expect(rate.evidence == .measured && rate.retrieved == "2026-11-25")
    #expect(rate.source == "8 x H100 at $2.50: 'metered'")
  }

  @Test("The idle entry is booked to a millionth")
  func entry() throws {
    let text = OwnRatesFile.idleEntry(
      1.234_567_4, day: "2026-11-25", evidence: "estimated", note: "idle, 'all'")
    let books = try BooksFile.read(text, file: "idle.yaml")
    let entry = try #require(books.entries.first)
    #expect(books.entries.count == 1 && books.currency == "USD" && entry.evidence == .estimated)
    #expect(
      entry.lines.first { $0.account == .hosting }?.amount == (try Money(decimal: "1.234567")))
  }

  @Test(
    "Decimals without zeros at the end",
    arguments: [
      (1.0, 6, "1"), (0.5, 6, "0.5"), (0, 6, "0"), (10, 0, "10"), (100.25, 2, "100.25"),
      (0.000_000_4, 6, "0"),
    ])
  func decimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(OwnRatesFile.decimal(value, decimals) == text)
  }
}
