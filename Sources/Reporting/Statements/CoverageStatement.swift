// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// Whether revenue covers the cost, and on whom the company depends.
  init(coverage inputs: StatementInputs) throws {
    let statement = try inputs.statement(inputs.period)
    let independence = try inputs.independence()
    let lines: [StatementLine] = [
      .money("revenue", "revenue", statement.revenue),
      .money("costs", "all costs", statement.costs),
      .number("coverage", "coverage", .ratio, statement.coverage, note: "revenue over all costs"),
      .number(
        "serving_coverage", "coverage of serving", .ratio, statement.servingCoverage,
        note: "revenue over usage and hosting"),
      .number("gross_margin_ratio", "gross margin", .share, statement.grossMarginRatio),
      .money("improvement", "model improvement", statement.improvement),
    ]
    self.init(
      inputs, inputs.period,
      lines: lines + Self.deals(independence) + Self.shares(independence),
      isUnpriced: statement.usage.hasUnpriced)
  }

  /// Each deal with its terms.
  private static func deals(_ independence: Independence) -> [StatementLine] {
    independence.deals.enumerated().map { index, deal in
      let day = Instant.date(day: deal.entry.day)
      var parts: [StatementLine] = [
        .text("name", "from", deal.entry.counterparty), .text("date", "on", day),
      ]
      if let stake = deal.entry.terms?.stake {
        parts.append(.number("stake", "stake", .share, Double(stake) / 1_000_000))
      }
      if let share = deal.entry.terms?.profitShare {
        parts.append(.number("profit_share", "profit share", .share, Double(share) / 1_000_000))
      }
      if let outstanding = deal.outstanding {
        parts.append(.money("outstanding", "outstanding", outstanding))
      }
      parts.append(.text("evidence", "evidence", deal.entry.evidence.name))
      return .money(
        "deal_\(index + 1)", "funding \(day) \(deal.entry.counterparty)", deal.amount, parts: parts)
    }
  }

  /// The three greatest of those on whom the company depends.
  static func shares(_ independence: Independence) -> [StatementLine] {
    [
      ("capital_share", "capital from", independence.capital),
      ("cost_share", "costs to", independence.costs), ("owner", "owned by", independence.owners),
    ].flatMap { key, label, shares in
      shares.prefix(3).enumerated().map { index, share in
        .number(
          "\(key)_\(index + 1)", "\(label) \(share.name)", .share, share.share,
          parts: [.text("name", "name", share.name)])
      }
    }
  }
}
