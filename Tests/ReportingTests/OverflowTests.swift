// SPDX-License-Identifier: Apache-2.0

import Economics
import Reporting
import Testing

/// Counts beyond 64 bits must be refused as amounts beyond 128 are, not end the process.
@Suite("What is too large")
struct OverflowTests {
  @Test func aSumOfCountsIsRefused() async {
    await withKnownIssue("adding counts traps") {
      await #expect(processExitsWith: .success) {
        var totals = CostTotals()
        // The ledger takes each of them: they are below 2^63.
        for _ in 0..<3 {
          try? totals.add(.inputTokens, UInt64(Int64.max), .uncharged, .measured, .zero)
        }
      }
    }
  }

  @Test func theLeastAmountIsRefused() async {
    await withKnownIssue("the least amount has no negative: statements trap") {
      await #expect(processExitsWith: .success) {
        let entry = BookEntry(
          id: "e", day: 0, lines: [EntryLine(.api, Money(quanta: .min))])
        _ = try? Statement(
          BooksBatch(currency: "USD", entries: [entry], figures: []), usage: [],
          in: Month(day: 0)...Month(day: 0))
      }
    }
  }

  @Test func usersOfAllProductsAreAddedOrNotKnown() {
    func figure(_ product: String, _ value: UInt64) -> AudienceFigure {
      var figure = AudienceFigure(id: product, day: 0, .users, value)
      figure.product = product
      return figure
    }
    let books = BooksBatch(
      currency: "USD", entries: [], figures: [figure("a", .max), figure("b", 3)])
    #expect(books.audience(.users, in: Month(day: 0)) == nil)
    let fits = BooksBatch(
      currency: "USD", entries: [], figures: [figure("a", .max - 3), figure("b", 3)])
    #expect(fits.audience(.users, in: Month(day: 0))?.value == .max)
  }
}
