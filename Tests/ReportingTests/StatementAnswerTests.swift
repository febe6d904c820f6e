// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Economics
import Reporting
import TestSupport
import Testing

@Suite("Statements as answers")
struct StatementAnswerTests {
  typealias Bench = StatementBench

  static func answer(
    _ kind: StatementQuery.Kind, books: BooksBatch? = nil, usage: [(String, CostTotals)]? = nil,
    _ change: (inout StatementQuery) -> Void = { _ in }
  ) throws -> StatementAnswer {
    var query = StatementQuery(kind)
    change(&query)
    return try StatementAnswer(Bench.inputs(query, books: books, usage: usage))
  }

  static func value(_ key: String, in answer: StatementAnswer, _ column: Int = 0) throws
    -> StatementValue
  { try #require(answer.lines.first { $0.key == key }, "no \(key)").values[column] }

  static func all(_ lines: [StatementLine]) -> [StatementLine] {
    lines + lines.flatMap { all($0.parts) }
  }

  @Test("Every statement is a whole table", arguments: StatementQuery.Kind.allCases)
  func shape(_ kind: StatementQuery.Kind) throws {
    let answer = try Self.answer(kind)
    #expect(answer.kind == kind && answer.currency == "USD" && !answer.lines.isEmpty)
    #expect(answer.isUnpriced.count == answer.columns.count)
    for line in answer.lines {
      #expect(line.values.count == answer.columns.count, "\(line.key)")
      #expect(line.key.allSatisfy { "abcdefghijklmnopqrstuvwxyz_0123456789".contains($0) })
      for part in Self.all(line.parts) { #expect(part.values.count == 1, "\(part.key)") }
    }
    let keys = answer.lines.map(\.key)
    #expect(Set(keys).count == keys.count)
    for line in Self.all(answer.lines) {
      for value in line.values {
        // A value is of its line's unit.
        let fits =
          switch value {
          case .unknown: true
          case .money: line.unit == .money
          case .count: line.unit == .count
          case .number(let number):
            number.isFinite && [.ratio, .share, .months].contains(line.unit)
          case .text: line.unit == .text
          }
        #expect(fits, "\(line.key): \(value)")
      }
    }
    // And it survives the wire.
    let bytes = try CBOREncoder().encode(answer)
    #expect(try CBORDecoder().decode(StatementAnswer.self, from: bytes) == answer)
  }

  @Test(
    "Values of one period",
    arguments: [
      // statement, line, value
      (.unitEconomics, "requests", .count(400)), (.unitEconomics, "tokens", .count(3_000_000)),
      (.unitEconomics, "cost_per_request", "0.15"), (.unitEconomics, "revenue_per_request", "0.91"),
      (.unitEconomics, "cost_per_million_tokens", "20"),
      (.unitEconomics, "revenue_per_user", "3.64"), (.unitEconomics, "revenue_per_payer", "18.2"),
      (.unitEconomics, "margin_per_request", "0.76"),
      (.unitEconomics, "contribution_per_request", "0.7225"),
      (.unitEconomics, "conversion", .number(0.2)), (.unitEconomics, "churn", .number(0.25)),
      (.unitEconomics, "gross_burn", "71.5"), (.unitEconomics, "net_burn", .unknown),
      (.unitEconomics, "runway", .unknown), (.unitEconomics, "improvement", "30"),
      // 83 of fixed costs over 0.76 a request are 110 in two months.
      (.unitEconomics, "break_even_requests", .count(55)),
      // 143 less 64 of other revenue, from 10 payers in two months.
      (.unitEconomics, "break_even_price", "3.95"),
      (.coverage, "revenue", "364"), (.coverage, "costs", "143"),
      (.coverage, "capital_share_1", .number(1)), (.coverage, "deal_1", "500"),
      (.coverage, "owner_1", .number(0.25)), (.coverage, "owner_2", .number(0.75)),
      (.balance, "at", .text("2023-07")), (.balance, "assets", "1744"),
      (.balance, "liabilities", "23"), (.balance, "retained", "221"), (.balance, "equity", "1721"),
      (.balance, "difference", "0"), (.runway, "burn_over", .text("2023-06 to 2023-07")),
      (.runway, "cash", "1744"), (.runway, "payable", "23"), (.runway, "net_burn", .unknown),
    ] as [(StatementQuery.Kind, String, StatementValue)])
  func values(_ kind: StatementQuery.Kind, _ key: String, _ value: StatementValue) throws {
    // From June on: May only opened the books.
    let answer = try Self.answer(kind) { $0.since = Month("2023-06") }
    #expect(try Self.value(key, in: answer) == value)
  }

  @Test(
    "Profit and loss by month",
    arguments: [
      // line, May, June, July, total
      ("revenue", ["0", "164", "200", "364"]), ("serving", ["0", "42", "18", "60"]),
      ("gross_margin", ["0", "122", "182", "304"]), ("improvement", ["0", "30", "0", "30"]),
      ("other_costs", ["0", "45", "0", "45"]), ("profit_share", ["0", "8", "0", "8"]),
      ("result", ["0", "39", "182", "221"]), ("capital", ["1000", "500", "0", "1500"]),
      ("cash", ["1000", "1551", "1744", "1744"]), ("payable", ["0", "12", "23", "23"]),
    ])
  func months(_ key: String, _ amounts: [String]) throws {
    let answer = try Self.answer(.profitAndLoss)
    #expect(answer.columns == ["2023-05", "2023-06", "2023-07", "total"])
    let line = try #require(answer.lines.first { $0.key == key })
    #expect(line.values == amounts.map { StatementValue(stringLiteral: $0) })
  }

  @Test func anAudienceHasTheMonthsOfWhichSomethingWasTold() throws {
    let answer = try Self.answer(.audience)
    #expect(answer.columns == ["2023-06", "2023-07"])
    #expect(try Self.value("visits", in: answer, 1) == .count(1_210))
    #expect(try Self.value("users", in: answer, 0) == .unknown)
    #expect(try Self.value("visits_change", in: answer, 0) == .unknown)
    guard case .number(let change) = try Self.value("visits_change", in: answer, 1) else {
      Issue.record("no change")
      return
    }
    #expect(abs(change - 0.21) < 1e-12)
  }

  @Test func aChangeOverMissingMonthsIsTheConstantOne() throws {
    var books = try Bench.books()
    books.figures = [
      try AudienceFigure(id: "a", day: Bench.day("2023-01-01"), .visits, 1_000),
      try AudienceFigure(id: "b", day: Bench.day("2023-04-01"), .visits, 1_331),
      try AudienceFigure(id: "c", day: Bench.day("2023-05-01"), .users, 7),
    ]
    let answer = try Self.answer(.audience, books: books)
    guard case .number(let change) = try Self.value("visits_change", in: answer, 1) else {
      Issue.record("no change")
      return
    }
    #expect(abs(change - 0.1) < 1e-9)
    #expect(try Self.value("visits_change", in: answer, 2) == .unknown)
  }

  @Test(
    "What is not known is never 0",
    arguments: [
      // statement, lines
      (
        .unitEconomics,
        [
          "cost_per_request", "cost_per_million_tokens", "cost_per_user", "cost_per_payer",
          "margin_per_request", "contribution_per_request", "conversion", "churn", "coverage",
          "runway", "break_even_requests", "break_even_price", "revenue_per_user",
        ]
      ),
      (.coverage, ["coverage", "serving_coverage", "gross_margin_ratio"]),
      (.runway, ["net_burn", "cash", "runway", "runway_without"]), (.profitAndLoss, ["cash"]),
    ] as [(StatementQuery.Kind, [String])])
  func unknown(_ kind: StatementQuery.Kind, _ keys: [String]) throws {
    // Nothing but usage without a price.
    let answer = try Self.answer(
      kind, books: BooksBatch(currency: "", entries: [], figures: []),
      usage: [("2023-07", try Bench.usage(nil, requests: 5, tokens: 100))])
    for key in keys { #expect(try Self.value(key, in: answer) == .unknown, "\(key)") }
    #expect(answer.hasUnpriced)
  }

  @Test func servingWithoutAnyPriceIsNotFree() throws {
    let answer = try Self.answer(
      .profitAndLoss, books: BooksBatch(currency: "", entries: [], figures: []),
      usage: [("2023-07", try Bench.usage(nil, requests: 5, tokens: 100))])
    let serving = try Self.value("serving", in: answer)
    let margin = try Self.value("gross_margin", in: answer)
    #expect(serving == .unknown && margin == .unknown)
  }

  @Test(
    "Only the columns with such usage say that some is unpriced", arguments: [0, 1, 2])
  func unpriced(_ place: Int) throws {
    let months = ["2023-05", "2023-06", "2023-07"]
    let usage = try months.enumerated().map { index, month in
      var totals = try Bench.usage("1", tokens: 5)
      if index == place { try totals.add(.images, 1, .unpriced, .measured, .zero) }
      return (month, totals)
    }
    let answer = try Self.answer(.profitAndLoss, usage: usage)
    #expect(answer.isUnpriced == (0..<4).map { $0 == place || $0 == 3 })
  }

  @Test func theRunwayWithoutFundingLeavesOutTheCapital() throws {
    var books = try Bench.books()
    books.entries.append(try Bench.entry("2023-07-10", .staff, "844"))
    // Cash 900, owed 23; two months burn 623 together.
    let answer = try Self.answer(.runway, books: books)
    func number(_ key: String) throws -> Double {
      guard case .number(let number) = try Self.value(key, in: answer) else { return -1 }
      return number
    }
    let (runway, without) = (try number("runway"), try number("runway_without"))
    #expect(abs(runway - 877 / 311.5) < 1e-12 && abs(without - 377 / 311.5) < 1e-12)
  }

  @Test("Burn is averaged over 1 to 120 months", arguments: [-1, 0, 121, .max])
  func burnMonths(_ months: Int) throws {
    #expect(throws: QueryError.self) {
      try Self.answer(.runway) { $0.burnMonths = months }
    }
  }

  @Test(
    "Empty months at the start are not months without burn",
    arguments: [
      // months asked for, period
      (1, "2023-07 2023-07"), (2, "2023-06 2023-07"), (3, "2023-06 2023-07"),
      (120, "2023-06 2023-07"), (0, "2023-07 2023-07"),
    ])
  func burnPeriod(_ months: Int, _ period: String) throws {
    let found = try Bench.inputs(StatementQuery(.runway)).burnPeriod(months)
    #expect("\(found.lowerBound) \(found.upperBound)" == period)
  }

  @Test func aBalanceSheetIsOfTheWholeCompany() throws {
    #expect(throws: QueryError.self) { try Self.answer(.balance) { $0.product = "chat" } }
    #expect(throws: QueryError.self) { try Self.answer(.balance) { $0.customer = "c" } }
    let june = try Self.answer(.balance) { $0.until = Month("2023-06") }
    #expect(try Self.value("assets", in: june) == "1551")
    #expect(try Self.value("difference", in: june) == "0")
  }

  @Test func aPeriodThatEndsBeforeItBeginsIsRefused() throws {
    let error = #expect(throws: QueryError.self) {
      try Self.answer(.profitAndLoss) {
        $0.since = Month("2023-07")
        $0.until = Month("2023-06")
      }
    }
    #expect(error?.description.contains("2023-06") == true)
    #expect(throws: QueryError.self) {
      try Self.answer(
        .coverage, books: BooksBatch(currency: "", entries: [], figures: []), usage: [])
    }
  }

  // MARK: The wire

  @Test(
    "Values",
    arguments: [
      StatementValue.unknown, .money(.zero), .money(Money(quanta: .max)), .count(0), .count(.max),
      .number(0), .number(-1.5), .text(""), .text("é"),
    ])
  func values(_ value: StatementValue) throws {
    let bytes = try CBOREncoder().encode(value)
    #expect(try CBORDecoder().decode(StatementValue.self, from: bytes) == value)
    // What is not known is an empty map.
    #expect((bytes == [0xA0]) == (value == .unknown))
  }

  @Test func whatIsNoNumberIsUnknown() {
    #expect(StatementValue.number(ifKnown: .nan) == .unknown)
    #expect(StatementValue.number(ifKnown: -.infinity) == .unknown)
    #expect(StatementValue.number(ifKnown: 2) == .number(2))
    #expect(StatementValue.money(ifKnown: nil) == .unknown)
    #expect(StatementValue.count(ifKnown: 0) == .count(0))
  }

  @Test(
    "Queries",
    arguments: [
      ReportRequest.cost(CostQuery()),
      .cost(
        CostQuery(
          by: ["day", "model"], since: -900_000, until: 900_000, zone: "Europe/Berlin",
          filters: ["model": "gpt-4", "": "x"])),
      .draft(DraftQuery(name: "n", books: StatementQuery(.runway))),
      .statement(
        StatementQuery(
          .balance, since: Month("2023-01"), until: Month("2023-12"), zone: "Asia/Tokyo",
          product: "p", customer: "c", model: "m", burnMonths: 7)),
    ] + StatementQuery.Kind.allCases.map { .statement(StatementQuery($0)) })
  func queries(_ request: ReportRequest) throws {
    let bytes = try CBOREncoder().encode(request)
    #expect(try CBORDecoder().decode(ReportRequest.self, from: bytes) == request)
  }

  @Test func kindsAndUnitsHaveStableNumbersAndNames() {
    #expect(
      StatementQuery.Kind.allCases.map { "\($0.rawValue) \($0.name)" } == [
        "1 pnl", "2 unit", "3 coverage", "4 runway", "5 balance", "6 audience",
      ])
    #expect(
      StatementLine.Unit.allCases.map { "\($0.rawValue) \($0.name)" } == [
        "1 money", "2 count", "3 ratio", "4 share", "5 months", "6 text",
      ])
  }
}

/// An amount of money in a table of values.
extension StatementValue: ExpressibleByStringLiteral {
  init(stringLiteral text: String) {
    self = .money(ifKnown: try? Money(decimal: text))
  }
}
