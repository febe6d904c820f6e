// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Ledger
import Pricing
import Reporting
import TestSupport
import Testing

/// The examples in the doc comments of Reporting, compiled and run.
@Suite("Reporting examples")
struct ReportingExamples {
  @Test func costIsAddedUpByDayAndModel() throws {
    let outcome = try Costing.price(ExampleData.job())
    var sum = try CostSum(CostQuery(by: ["day", "model"]))
    try sum.add(outcome, seriesBase: 0)
    let answer = sum.answer(currency: "USD")
    let row = answer.rows[0]  // key ["2023-08-01", "gpt-4"], cost 0.03
    #expect(row.key == ["2023-08-01", "gpt-4"] && row.totals.cost.decimal == "0.03")
  }

  @Test func aStatementIsMade() throws {
    let directory = try TemporaryDirectory()
    let ledger = try Ledger(path: directory.path + "/ledger.sqlite")
    let outcome = try Costing.price(ExampleData.job())
    _ = try ledger.commit([(outcome, CBOREncoder().encode(outcome))])
    let inputs = try StatementInputs(StatementQuery(.profitAndLoss), from: ledger)
    let answer = try StatementAnswer(inputs)
    let serving = answer.lines.first { $0.key == "serving" }  // one value per column
    #expect(serving?.values.count == answer.columns.count)
  }
}
