// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// Profit and loss by month, and of the whole period.
  init(profitAndLoss inputs: StatementInputs) throws {
    let period = inputs.period
    var columns: [String] = []
    var statements: [Statement] = []
    var month = period.lowerBound
    while month <= period.upperBound {
      columns.append(month.description)
      statements.append(try inputs.statement(month...month))
      month = month.advanced(by: 1)
    }
    columns.append("total")
    statements.append(try inputs.statement(period))
    func line(
      _ key: String, _ label: String, note: String = "", _ value: (Statement) -> Money?
    ) -> StatementLine {
      StatementLine(key, label, .money, statements.map { .money(ifKnown: value($0)) }, note: note)
    }
    self.init(
      .profitAndLoss, currency: inputs.currency, period: period, columns: columns,
      lines: [
        line("revenue", "revenue", \.revenue),
        // Usage without any price, and no hosting, is not free.
        line("serving", "serving (usage, hosting)") { $0.knowsServing ? $0.serving : nil },
        line("gross_margin", "gross margin") { $0.knowsServing ? $0.grossMargin : nil },
        line("improvement", "model improvement (research, training)", \.improvement),
        line("other_costs", "staff, sales, other", \.otherCosts),
        line("profit_share", "profit share paid", \.profitShare),
        line("result", "result") { $0.knowsServing ? $0.result : nil },
        line("capital", "capital raised", \.capital),
        // Without any booking of cash there is no such number.
        line("cash", "cash at the end") { $0.hasCash ? $0.cash : nil },
        line("payable", "owed for usage at the end", \.payable),
      ], isUnpriced: statements.map(\.usage.hasUnpriced))
  }
}
