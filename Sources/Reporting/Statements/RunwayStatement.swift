// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// How long the money lasts at the present burn: a division, not a forecast.
  init(runway inputs: StatementInputs) throws {
    let months = inputs.query.burnMonths
    guard (1...120).contains(months) else {
      throw QueryError("burn can be averaged over 1 to 120 months, not \(months)")
    }
    let period = inputs.burnPeriod(months)
    let statement = try inputs.statement(period)
    var unfunded = inputs.books
    unfunded.entries.removeAll { $0.lines.contains { $0.account == .capital } }
    let without = try inputs.statement(of: unfunded, period)
    var lines: [StatementLine] = [
      .text("burn_over", "burn over", "\(period.lowerBound) to \(period.upperBound)"),
      .money("gross_burn", "gross burn per month", statement.grossBurn),
      .money(
        "net_burn", "net burn per month", statement.netBurn,
        note: statement.netBurn == nil ? "revenue covers all costs: there is no burn" : ""),
      .money("cash", "cash", statement.hasCash ? statement.cash : nil),
      .money("payable", "owed for usage", statement.payable),
      .number("runway", "runway with funding", .months, statement.runwayMonths),
      .number("runway_without", "runway without funding", .months, without.runwayMonths),
    ]
    lines += Self.shares(try inputs.independence())
    self.init(inputs, period, lines: lines, isUnpriced: statement.usage.hasUnpriced)
  }
}
