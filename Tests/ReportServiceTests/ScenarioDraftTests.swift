// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Reporting
import Runway
import TestSupport
import Testing

@testable import ReportService

@Suite("Scenarios from books")
struct ScenarioDraftTests {
  typealias Bench = StatementBench

  /// The draft of books, with usage by month; the period ends in `until`, else with what is booked.
  static func draft(
    _ books: BooksBatch, usage: [(String, CostTotals)]? = [], until: String? = nil
  ) throws -> ScenarioFile {
    var query = StatementQuery(.runway)
    query.burnMonths = 3
    query.until = try until.map(Bench.month)
    let inputs = try Bench.inputs(query, books: books, usage: usage)
    return try ScenarioDraft(
      inputs, inputs.statement(inputs.burnPeriod(query.burnMonths)), name: "mine"
    ).file
  }

  static func figure(
    _ date: String, _ measure: AudienceMeasure, _ value: UInt64, _ evidence: Evidence = .measured
  ) throws -> AudienceFigure {
    var figure = try AudienceFigure(
      id: "\(date) \(measure)", day: Bench.day(date), measure, value)
    figure.evidence = evidence
    return figure
  }

  /// Cash, a month of subscriptions and hosting, and figures.
  static func books(_ figures: [AudienceFigure], and entries: [BookEntry] = []) throws -> BooksBatch
  {
    var books = BooksBatch(
      currency: "USD",
      entries: [
        try Bench.entry("2026-09-01", .openingBalance, "-10000"),
        try Bench.entry("2026-10-01", .subscriptions, "-900"),
        try Bench.entry("2026-10-02", .hosting, "300"),
      ] + entries, figures: figures)
    for index in books.entries.indices { books.entries[index].evidence = .measured }
    return books
  }

  static func value(_ parameter: RunwayScenario.Parameter, _ file: ScenarioFile) -> String {
    file.missing.contains(parameter.name) ? "fill in" : "\(file.scenario[parameter])"
  }

  @Test(
    "Whom the books count decides what a user pays and costs",
    arguments: [
      // figures; audience, paying share, price, requests, cost per request, API revenue
      (
        [try figure("2026-10-01", .users, 100), try figure("2026-10-01", .payers, 30)],
        ["100", "0.3", "30", "1", "3", "0"]
      ),
      ([try figure("2026-10-01", .users, 100)], ["100", "1", "9", "1", "3", "0"]),
      ([try figure("2026-10-01", .payers, 30)], ["30", "1", "30", "1", "10", "0"]),
      ([], ["0", "0", "0", "0", "0", "900"]),
      (
        [try figure("2026-10-01", .users, 10), try figure("2026-10-01", .payers, 30)],
        ["10", "fill in", "fill in", "1", "30", "0"]
      ),
    ])
  func audience(_ figures: [AudienceFigure], _ expected: [String]) throws {
    let file = try Self.draft(Self.books(figures))
    let parameters: [RunwayScenario.Parameter] = [
      .audience, .paidShare, .price, .requests, .cost, .apiRevenue,
    ]
    #expect(parameters.map { Self.value($0, file) } == expected)
  }

  @Test("A month that has no count yet takes the last one, with its date")
  func theLastCount() throws {
    let figures = [
      try Self.figure("2026-09-01", .users, 800), try Self.figure("2026-10-01", .users, 1_000),
      try Self.figure("2026-10-01", .payers, 100),
    ]
    let under = [try Bench.entry("2026-11-05", .hosting, "10")]
    for usage in [[], [("2026-11", try Bench.usage("5", requests: 50))]] {
      let file = try Self.draft(Self.books(figures, and: under), usage: usage)
      #expect(file.start == "2026-11")
      #expect(Self.value(.audience, file) == "1000")
      #expect(Self.value(.paidShare, file) == "0.1")
      #expect(file.provenance["audience"]?.date == "2026-10")
      #expect(file.provenance["audience"]?.evidence == "measured")
      #expect(file.provenance["cash"]?.date == "2026-11")
    }
    // What is counted after the period says nothing of it.
    let before = try Self.draft(Self.books(figures), until: "2026-09")
    #expect(Self.value(.audience, before) == "800")
  }

  @Test("Books without an audience say so, and nobody measured it")
  func noAudience() throws {
    let file = try Self.draft(Self.books([]))
    #expect(file.provenance["audience"]?.evidence == "assumed")
    #expect(file.provenance["audience"]?.source.contains("no audience") == true)
    // Revenue less serving, and what else the month costs, come to the same cash flow.
    #expect(Self.value(.apiMargin, file) == "0.6667")
    #expect(Self.value(.fixed, file) == "0")
  }

  @Test(
    "The weaker the evidence, the wider the range",
    arguments: [
      (Evidence.measured, "1000"), (.reported, "952.4 to 1050"), (.estimated, "833.3 to 1200"),
      (.assumed, "500 to 2000"),
    ])
  func evidence(_ evidence: Evidence, _ text: String) throws {
    let file = try Self.draft(
      Self.books([try Self.figure("2026-10-01", .users, 1_000, evidence)]))
    #expect(Self.value(.audience, file) == text)
  }

  @Test("Growth comes from six figures or more, the volatility with it")
  func growth() throws {
    let values: [UInt64] = [1_000, 1_100, 1_210, 1_331, 1_464, 1_610, 1_771]
    let figures = try values.enumerated().map { index, value in
      try Self.figure("2026-0\(index + 3)-01", .users, value)
    }
    let file = try Self.draft(Self.books(figures))
    #expect(file.provenance["growth"]?.source == "6 monthly changes of users")
    #expect(Self.value(.saturation, file) == "fill in")
    #expect(file.scenario.volatility.audience > 0)
    let few = try Self.draft(Self.books(Array(figures.suffix(3))))
    #expect(Self.value(.growth, few) == "0" && few.scenario.volatility.audience == 0)
  }

  @Test("What is owed for usage is not cash; a debt is left to be explained")
  func cash() throws {
    let usage = [("2026-10", try Bench.usage("400", requests: 1_000))]
    let file = try Self.draft(Self.books([]), usage: usage)
    // 10,000 + 900 - 300 - 400
    #expect(Self.value(.cash, file) == "10200")
    let poor = try Self.draft(
      Self.books([], and: [try Bench.entry("2026-10-03", .staff, "20000")]), usage: usage)
    #expect(Self.value(.cash, poor) == "fill in")
  }

  @Test("Usage without a price leaves the cost to be filled in, or says that it is incomplete")
  func unpriced() throws {
    let books = BooksBatch(
      currency: "USD",
      entries: [
        try Bench.entry("2026-09-01", .openingBalance, "-10000"),
        try Bench.entry("2026-10-01", .subscriptions, "-900"),
      ], figures: [try Self.figure("2026-10-01", .users, 100)])
    let none = [("2026-10", try Bench.usage(nil, requests: 10, tokens: 5))]
    #expect(Self.value(.cost, try Self.draft(books, usage: none)) == "fill in")
    var some = try Bench.usage("50", requests: 10, tokens: 5)
    try some.add(.outputTokens, 7, .unpriced, .measured, .zero)
    let file = try Self.draft(books, usage: [("2026-10", some)])
    #expect(file.provenance["cost_per_request"]?.source.hasSuffix("some usage is unpriced") == true)
  }
}
