// SPDX-License-Identifier: Apache-2.0

import Economics
import Pricing
import Testing

/// The examples in the doc comments of Pricing, compiled and run.
@Suite("Pricing examples")
struct PricingExamples {
  @Test func aBatchIsPriced() throws {
    let job = try ExampleData.job()
    let outcome = try Costing.price(job)
    var cost = Money.zero
    for line in 0..<outcome.lineCount {
      cost = try cost.adding(outcome.costs.money(line))  // 0 where the line has no price
    }
    #expect(cost.decimal == "0.03")
  }
}
