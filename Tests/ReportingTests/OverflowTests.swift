// SPDX-License-Identifier: Apache-2.0

import Economics
import Reporting
import Testing

/// Counts beyond 64 bits are refused as amounts beyond 128 are; they do not end the process.
@Suite("What is too large")
struct OverflowTests {
  private static let most: UInt64 = (1 << 62) - 1

  @Test(
    "A sum of counts is refused where the sums of tokens could overflow",
    arguments: Meter.allCases, [Pricing.uncharged, .unpriced])
  func sums(_ meter: Meter, _ pricing: Pricing) throws {
    var totals = CostTotals()
    try totals.add(meter, Self.most, pricing, .measured, .zero)
    #expect(throws: MoneyError.overflow) {
      try totals.add(meter, 1, pricing, .measured, .zero)
    }
    var one = CostTotals()
    #expect(throws: MoneyError.overflow) { try one.add(meter, .max, pricing, .measured, .zero) }
  }

  @Test func totalsOfTotalsAreRefusedAlike() throws {
    var totals = CostTotals()
    for meter in Meter.allCases { try totals.add(meter, Self.most, .unpriced, .measured, .zero) }
    #expect(totals.tokens.all == 3 * Self.most && totals.tokens.priced == 0)
    let again = totals
    #expect(throws: MoneyError.overflow) { try totals.add(again) }
  }

  @Test func usersOfAllProductsAreAdded() throws {
    func figure(_ product: String, _ value: UInt64) throws -> AudienceFigure {
      var figure = try AudienceFigure(id: product, day: 0, .users, value)
      figure.product = product
      return figure
    }
    let most = AudienceFigure.valueMax
    let books = BooksBatch(
      currency: "USD", entries: [], figures: [try figure("a", most), try figure("b", most)])
    #expect(books.audience(.users, in: Month(day: 0))?.value == 2 * most)
  }
}
