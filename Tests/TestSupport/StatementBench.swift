// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Reporting
import Testing

/// What statements are tested with.
public enum StatementBench {
  public static func money(_ text: String) throws -> Money { try Money(decimal: text) }

  public static func day(_ date: String) -> Int64 {
    let parts = date.split(separator: "-").compactMap { Int64($0) }
    return Instant.days(year: parts[0], month: parts[1], day: parts[2])
  }

  /// An entry with cash on the other side, so that it balances.
  public static func entry(
    _ date: String, _ account: Account, _ amount: String, product: String = "",
    counterparty: String = ""
  ) throws -> BookEntry {
    var entry = try BookEntry(
      id: "\(date) \(account) \(amount) \(product) \(counterparty)", day: day(date),
      lines: [EntryLine(account, try money(amount)), EntryLine(.cash, -(try money(amount)))])
    entry.product = product
    entry.counterparty = counterparty
    return entry
  }

  public static func usage(
    _ cost: String?, requests: UInt64 = 0, tokens: UInt64 = 0
  ) throws -> CostTotals {
    var totals = CostTotals()
    if requests > 0 { try totals.add(.requests, requests, .uncharged, .measured, .zero) }
    if let cost {
      try totals.add(.inputTokens, tokens, .priced, .reported, money(cost))
    } else if tokens > 0 {
      try totals.add(.inputTokens, tokens, .unpriced, .measured, .zero)
    }
    return totals
  }

  public static func month(_ text: String) throws -> Month { try #require(Month(text)) }

  public static func answer(by: String, _ rows: [(String, CostTotals)]) throws -> CostAnswer {
    var total = CostTotals()
    for (_, totals) in rows { try total.add(totals) }
    return CostAnswer(
      by: [by], rows: rows.map { .init(key: [$0.0], totals: $0.1) }, total: total,
      currency: "USD", sequence: 1, chain: [], firstTime: nil, lastTime: nil)
  }

  /// Two months of a small company, with something in every account.
  public static func books() throws -> BooksBatch {
    var deal = try entry("2023-06-15", .capital, "-500", counterparty: "Fund")
    deal.terms = FundingTerms(
      stake: 250_000, profitShare: 100_000, profitShareCap: try money("20"))
    var books = BooksBatch(
      currency: "USD",
      entries: [
        try entry("2023-05-31", .openingBalance, "-1000"), deal,
        try entry("2023-06-01", .subscriptions, "-100"),
        try entry("2023-06-02", .api, "-60", product: "chat"),
        try entry("2023-06-02", .otherRevenue, "-4"),
        try entry("2023-06-03", .hosting, "30", counterparty: "Cloud"),
        try entry("2023-06-04", .research, "20"), try entry("2023-06-05", .training, "10"),
        try entry("2023-06-06", .staff, "25"), try entry("2023-06-07", .sales, "15"),
        try entry("2023-06-08", .otherCost, "5"),
        try entry("2023-06-30", .profitShareCost, "8", counterparty: "Fund"),
        try entry("2023-07-01", .subscriptions, "-200"),
        try entry("2023-07-31", .payable, "7"),
      ], figures: [])
    books.figures = [
      try AudienceFigure(id: "v", day: day("2023-06-01"), .visits, 1_000),
      try AudienceFigure(id: "w", day: day("2023-07-01"), .visits, 1_210),
      try AudienceFigure(id: "u", day: day("2023-07-01"), .users, 50),
      try AudienceFigure(id: "p", day: day("2023-06-01"), .payers, 8),
      try AudienceFigure(id: "q", day: day("2023-07-01"), .payers, 10),
      try AudienceFigure(id: "c", day: day("2023-07-01"), .churned, 2),
    ]
    return books
  }

  public static func inputs(
    _ query: StatementQuery, books: BooksBatch? = nil, usage: [(String, CostTotals)]? = nil
  ) throws -> StatementInputs {
    let used =
      try usage ?? [
        ("2023-06", Self.usage("12", requests: 100, tokens: 1_000_000)),
        ("2023-07", Self.usage("18", requests: 300, tokens: 2_000_000)),
      ]
    let answer = try answer(by: "month", used)
    var all = CostTotals()
    for (_, totals) in used { try all.add(totals) }
    return try StatementInputs(
      query, books: try books ?? Self.books(), usage: answer, allUsage: answer,
      providers: Self.answer(by: "provider", [("openai", all)]))
  }
}
