// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Ledger

/// What statements are made of: the books, usage by month, and the period asked for.
public struct StatementInputs: Sendable {
  /// The question.
  public let query: StatementQuery
  /// All entries and audience figures.
  public let books: BooksBatch
  /// Of what the statement is about.
  public let usage: [(month: Month, totals: CostTotals)]
  /// Of the whole company, whatever the statement is about.
  public let allUsage: [(month: Month, totals: CostTotals)]
  /// What usage of each provider has cost.
  public let usageByProvider: [(name: String, cost: Money)]
  /// ISO 4217 code of books and usage.
  public let currency: String
  /// The months that the statement covers.
  public let period: ClosedRange<Month>

  /// Reads what a ledger holds. Cost: linear in its postings and entries.
  /// - Throws: ``QueryError`` for empty books or a period that ends before it begins.
  public init(_ query: StatementQuery, from ledger: Ledger) throws {
    var filters: [String: String] = [:]
    filters[Dimension.product] = query.product
    filters[Dimension.customer] = query.customer
    filters[Dimension.model] = query.model
    func months(_ filters: [String: String]) throws -> CostAnswer {
      try CostSum.answer(CostQuery(by: ["month"], zone: query.zone, filters: filters), from: ledger)
    }
    let answer = try months(filters)
    let all = filters.isEmpty ? answer : try months([:])
    let providers = try CostSum.answer(CostQuery(by: [Dimension.provider]), from: ledger)
    try self.init(
      query, books: ledger.books(), usage: answer, allUsage: all, providers: providers)
  }

  /// - Parameters:
  ///   - usage: by month, of what the statement is about.
  ///   - allUsage: by month, of the whole company.
  ///   - providers: by provider, of the whole company.
  /// - Throws: ``QueryError``.
  public init(
    _ query: StatementQuery, books: BooksBatch, usage: CostAnswer, allUsage: CostAnswer,
    providers: CostAnswer
  ) throws {
    func byMonth(_ answer: CostAnswer) -> [(month: Month, totals: CostTotals)] {
      answer.rows.compactMap { row in
        row.key.first.flatMap { Month($0) }.map { ($0, row.totals) }
      }
    }
    self.query = query
    self.books = books
    self.usage = byMonth(usage)
    self.allUsage = byMonth(allUsage)
    usageByProvider = providers.rows.map { ($0.key.first ?? "", $0.totals.cost) }
    guard let span = Statement.span(books, self.allUsage) else {
      throw QueryError("the books are empty; fill them with: solvent book FILE, solvent ingest LOG")
    }
    let first = query.since ?? span.lowerBound
    let last = query.until ?? span.upperBound
    guard first <= last else {
      throw QueryError("the period ends in \(last), before its start in \(first)")
    }
    period = first...last
    currency = books.currency.isEmpty ? allUsage.currency ?? "USD" : books.currency
  }

  /// The statement of a part of the period.
  /// - Throws: ``MoneyError/overflow``.
  public func statement(_ period: ClosedRange<Month>) throws(MoneyError) -> Statement {
    try statement(of: books, period)
  }

  /// The statement of other books, with this usage.
  func statement(of books: BooksBatch, _ period: ClosedRange<Month>) throws(MoneyError) -> Statement
  {
    try Statement(
      books, usage: usage, allUsage: allUsage, in: period, product: query.product,
      customer: query.customer)
  }

  /// Who funds, who supplies, who owns.
  /// - Throws: ``MoneyError/overflow``.
  public func independence() throws(MoneyError) -> Independence {
    try Independence(books, usageByProvider: usageByProvider)
  }

  /// The last `months` of the period, from the first of them in which anything was earned or spent:
  /// empty months at the start are not months without burn.
  public func burnPeriod(_ months: Int) -> ClosedRange<Month> {
    let last = period.upperBound
    let window = max(period.lowerBound, last.advanced(by: 1 - max(1, months)))...last
    let flows =
      books.entries.filter { entry in
        entry.lines.contains { $0.account.kind == .revenue || $0.account.kind == .expense }
      }.map { Month(day: $0.day) } + usage.map(\.month)
    return (flows.filter(window.contains).min() ?? window.lowerBound)...last
  }
}
