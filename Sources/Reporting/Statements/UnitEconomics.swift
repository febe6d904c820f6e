// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// Cost, revenue and margin per request, million tokens, user and payer.
  init(unitEconomics inputs: StatementInputs) throws {
    let statement = try inputs.statement(inputs.period)
    let knowsServing = statement.knowsServing
    var lines: [StatementLine] = [
      .count("requests", "requests", statement.requests),
      .count("tokens", "tokens", statement.tokens),
    ]
    let amounts: [(key: String, label: String, amount: Money?)] = [
      ("cost", "serving cost", knowsServing ? statement.serving : nil),
      ("revenue", "revenue", statement.revenue),
      ("margin", "gross margin", knowsServing ? statement.grossMargin : nil),
      ("contribution", "contribution margin", knowsServing ? statement.contributionMargin : nil),
    ]
    for (key, label, amount) in amounts {
      lines += Self.each(key, label, amount, statement)
    }
    lines += Self.ratios(statement)
    lines += [
      .money(
        "improvement", "model improvement", statement.improvement, note: "in addition to serving",
        parts: [.money("serving", "serving", statement.serving)]),
      .money(
        "gross_burn", "gross burn per month", statement.grossBurn, note: "average of the period"),
      .money("net_burn", "net burn per month", statement.netBurn, note: "average of the period"),
      .number(
        "runway", "runway", .months, statement.runwayMonths, note: "at the period's average burn"),
      .count(
        "break_even_requests", "break-even requests per month", statement.breakEvenRequests,
        note: "where revenue covers all costs"),
      .money(
        "break_even_price", "break-even price", statement.breakEvenPrice, decimals: 2,
        note: "per paying customer per month"),
    ]
    self.init(
      inputs, inputs.period, lines: lines, isUnpriced: statement.usage.hasUnpriced)
  }

  /// An amount per request, million tokens, user and paying customer.
  private static func each(
    _ key: String, _ label: String, _ amount: Money?, _ statement: Statement
  ) -> [StatementLine] {
    let months = UInt64(statement.months)
    func perMonth(_ count: UInt64?) -> UInt64? {
      count.flatMap { count in
        let (product, isOver) = count.multipliedReportingOverflow(by: months)
        return isOver ? nil : product
      }
    }
    return [
      .money(
        "\(key)_per_request", "\(label) per request",
        amount.flatMap { Statement.each($0, statement.requests) }, decimals: 6),
      .money(
        "\(key)_per_million_tokens", "\(label) per million tokens",
        amount.flatMap { $0.perMillion(of: statement.tokens) }, decimals: 4),
      .money(
        "\(key)_per_user", "\(label) per user per month",
        amount.flatMap { Statement.each($0, perMonth(statement.users)) }, decimals: 4,
        note: key == "revenue" ? "ARPU" : ""),
      .money(
        "\(key)_per_payer", "\(label) per paying customer per month",
        amount.flatMap { Statement.each($0, perMonth(statement.payers)) }, decimals: 2,
        note: key == "revenue" ? "ARPPU" : ""),
    ]
  }

  private static func ratios(_ statement: Statement) -> [StatementLine] {
    let conversion: Double? =
      if let users = statement.users, let payers = statement.payers, users > 0 {
        Double(payers) / Double(users)
      } else { nil }
    return [
      .number("conversion", "conversion", .share, conversion, note: "paying share of users"),
      .number(
        "churn", "churn per month", .share, statement.churn,
        note: "lost ÷ paying a month earlier"),
      .number("coverage", "coverage", .ratio, statement.coverage, note: "revenue over all costs"),
    ]
  }
}
