// SPDX-License-Identifier: Apache-2.0

import Economics
import Testing

/// The examples in the doc comments of Economics, compiled and run.
@Suite("Economics examples")
struct EconomicsExamples {
  @Test func aPriceTimesAQuantity() throws {
    let price = try Money(perMillion: "2.50")
    let cost = try price.times(1_200).adding(Money(decimal: "0.01"))
    let text = cost.decimal  // "0.013", exactly
    #expect(text == "0.013")
  }
}
