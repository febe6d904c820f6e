// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// The balance sheet at the end of the period.
  init(balance inputs: StatementInputs) throws {
    guard inputs.query.product == nil, inputs.query.customer == nil else {
      throw QueryError(
        "a balance sheet covers the whole company; leave out product and customer")
    }
    let last = inputs.period.upperBound
    var usage = CostTotals()
    for (month, totals) in inputs.allUsage where month <= last { try usage.add(totals) }
    let sheet = try BalanceSheet(
      inputs.books.entries.filter { Month(day: $0.day) <= last }, usage: usage.cost)
    func account(_ account: Account, _ label: String, owed: Bool) -> StatementLine {
      let balance = sheet.balances[account] ?? .zero
      return .money(account.rawValue, label, owed ? -balance : balance, decimals: 2)
    }
    self.init(
      inputs, inputs.period,
      lines: [
        .text("at", "at the end of", last.description),
        .money(
          "assets", "assets", sheet.assets, decimals: 2,
          parts: [account(.cash, "cash", owed: false)]),
        .money(
          "liabilities", "liabilities", sheet.liabilities, decimals: 2,
          parts: [
            account(.payable, "owed for usage", owed: true),
            account(.profitShareOwed, "profit share owed", owed: true),
          ]),
        .money("retained", "retained earnings", sheet.retained, decimals: 2),
        .money("equity", "equity", sheet.equity, decimals: 2),
        .money(
          "difference", "difference", sheet.difference, decimals: 2,
          note: "assets less liabilities and equity: 0 if the books balance"),
      ], isUnpriced: usage.hasUnpriced)
  }
}
