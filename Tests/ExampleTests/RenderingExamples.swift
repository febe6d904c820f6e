// SPDX-License-Identifier: Apache-2.0

import Economics
import Pricing
import Rendering
import Reporting
import Synchronization
import Testing

/// The examples in the doc comments of Rendering, compiled and run.
@Suite("Rendering examples")
struct RenderingExamples {
  @Test func anAnswerIsPrinted() throws {
    var sum = try CostSum(CostQuery(by: ["model"]))
    try sum.add(Costing.price(ExampleData.job()), seriesBase: 0)
    let answer = sum.answer(currency: "USD")
    let output = Mutex("")
    let page = Page(.csv, width: 80, isEmphatic: false) { text in
      output.withLock { $0 += text }
    }
    CostPrinter(answer, zone: "UTC").print(on: page)
    #expect(output.withLock { $0.hasPrefix("model,") })
  }
}
