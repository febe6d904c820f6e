// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Foundation
import GRDB
import Reporting
import Testing

@testable import Ledger

@Suite("Books")
struct BooksTests {
  static func entry(_ id: String, _ day: Int64, _ lines: [(Account, String)]) throws -> BookEntry {
    try BookEntry(
      id: id, day: day,
      lines: lines.map { EntryLine($0.0, try Money(decimal: $0.1)) })
  }

  /// Entries of every kind, drawn by a seed.
  static func random(_ count: Int, seed: UInt64) throws -> [BookEntry] {
    var random = SplitMix64(seed: seed)
    return try (0..<count).map { number in
      let amount = "\(random.below(1_000_000)).\(100 + random.below(900))"
      let pair: (Account, Account) =
        switch random.below(6) {
        case 0: (.cash, .subscriptions)
        case 1: (.cash, .api)
        case 2: (.cash, .capital)
        case 3: (.training, .cash)
        case 4: (.payable, .cash)
        default: (.staff, .cash)
        }
      return try entry(
        "e\(number)", 19_500 + Int64(random.below(200)), [(pair.0, amount), (pair.1, "-\(amount)")])
    }
  }

  @Test func anEntryIsBookedOnceAndNeverChanged() throws {
    let folder = try LedgerTests.TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    var batch = BooksBatch(currency: "USD", entries: try Self.random(50, seed: 1), figures: [])
    batch.figures = [try AudienceFigure(id: "f", day: 19_539, .visits, 1_500_000_000)]
    #expect(try ledger.book(batch) == BooksReceipt(added: 51, known: 0))
    #expect(try ledger.book(batch) == BooksReceipt(added: 0, known: 51))
    // Another content under a known name books nothing at all.
    var changed = batch
    changed.entries.append(try Self.entry("new", 19_500, [(.cash, "1"), (.api, "-1")]))
    changed.entries[7].note = "changed"
    #expect(throws: LedgerError.self) { try ledger.book(changed) }
    #expect(try ledger.books() == batch)
    // Given under another name of the file it is known as well.
    var renamed = batch
    for index in renamed.entries.indices { renamed.entries[index].source = "./books.csv" }
    #expect(try ledger.book(renamed) == BooksReceipt(added: 0, known: 51))
    // Usage may be booked before or after, in the same currency only.
    #expect(throws: LedgerError.self) {
      try ledger.book(BooksBatch(currency: "EUR", entries: [], figures: []))
    }
    #expect(ledger.currency == "USD")
    for sql in [
      "UPDATE entries SET day = 1", "DELETE FROM lines", "UPDATE figures SET measure = 'users'",
    ] {
      #expect(throws: DatabaseError.self) {
        try ledger.queue.write { try $0.execute(sql: sql) }
      }
    }
    #expect(try ledger.verify().entries == 51)
  }

  @Test(
    "What a ledger cannot hold is no entry",
    arguments: [
      // day, lines
      (.max, [(.cash, "1"), (.api, "-1")]), (.min, [(.cash, "1"), (.api, "-1")]),
      (-25_568, [(.cash, "1"), (.api, "-1")]), (84_006, [(.cash, "1"), (.api, "-1")]),
      (1, [(.cash, "1"), (.api, "-2")]), (1, []),
      (1, [(.cash, "1000000000001"), (.api, "-1000000000001")]),
    ] as [(Int64, [(Account, String)])])
  func absurd(_ day: Int64, _ lines: [(Account, String)]) {
    #expect(throws: InvalidValue.self) { try Self.entry("x", day, lines) }
    #expect(throws: InvalidValue.self) { try AudienceFigure(id: "x", day: .max, .users, 1) }
    #expect(throws: InvalidValue.self) { try AudienceFigure(id: "x", day: 1, .users, .max) }
  }

  @Test(
    "Tampering is found",
    arguments: [
      "UPDATE lines SET units = units + 1 WHERE rowid = 5",
      "UPDATE lines SET account = 'sales' WHERE rowid = 2",
      "DELETE FROM lines WHERE rowid = 1", "UPDATE entries SET day = day + 1 WHERE number = 3",
      "DELETE FROM entries WHERE number = 2", "UPDATE figures SET content = x'00'",
    ])
  func tampering(_ sql: String) throws {
    let folder = try LedgerTests.TemporaryLedger()
    let ledger = try Ledger(path: folder.path)
    var batch = BooksBatch(currency: "USD", entries: try Self.random(9, seed: 2), figures: [])
    batch.figures = [try AudienceFigure(id: "f", day: 19_539, .visits, 1)]
    _ = try ledger.book(batch)
    try ledger.queue.write { db in
      for table in ["entries", "lines", "figures"] {
        for word in ["are_final", "stay"] { try db.execute(sql: "DROP TRIGGER \(table)_\(word)") }
      }
      try db.execute(sql: sql)
    }
    #expect(throws: (any Error).self) { try ledger.verify() }
  }

  @Test func theBalanceSheetBalancesAfterEveryEntry() throws {
    let entries = try Self.random(300, seed: 3)
    let usage = try Money(decimal: "1234.567")
    for count in 0...entries.count {
      let sheet = try BalanceSheet(entries.prefix(count), usage: usage)
      #expect(sheet.difference == .zero, "after \(count)")
    }
  }

  @Test func aStatementAddsUp() throws {
    func money(_ text: String) throws -> Money { try Money(decimal: text) }
    let july = Instant.days(year: 2023, month: 7, day: 31)
    var books = BooksBatch(
      currency: "USD",
      entries: [
        try Self.entry("o", july - 60, [(.cash, "1000"), (.openingBalance, "-1000")]),
        try Self.entry("r", july, [(.cash, "64"), (.subscriptions, "-64")]),
        try Self.entry("h", july, [(.hosting, "10"), (.cash, "-10")]),
        try Self.entry("t", july, [(.training, "40"), (.cash, "-40")]),
        try Self.entry("s", july, [(.staff, "25"), (.cash, "-25")]),
      ], figures: [])
    books.figures = [
      try AudienceFigure(id: "u", day: july - 30, .users, 100),
      try AudienceFigure(id: "p", day: july - 30, .payers, 2),
      try AudienceFigure(id: "q", day: july - 60, .payers, 4),
      try AudienceFigure(id: "c", day: july - 30, .churned, 3),
    ]
    var usage = CostTotals()
    try usage.add(.requests, 200, .uncharged, .measured, .zero)
    try usage.add(.inputTokens, 4_000_000, .priced, .measured, money("6"))
    let month = try #require(Month("2023-07"))
    let statement = try Statement(books, usage: [(month, usage)], in: month...month)
    #expect(try statement.revenue == (money("64")) && statement.serving == (money("16")))
    #expect(try statement.costs == (money("81")) && statement.result == (money("-17")))
    #expect(try statement.improvement == (money("40")))
    #expect(try statement.cash == (money("989")) && statement.payable == (money("6")))
    #expect(try statement.netBurn == money("17"))
    #expect(abs((statement.runwayMonths ?? 0) - 983.0 / 17) < 1e-9)
    #expect(abs((statement.coverage ?? 0) - 64.0 / 81) < 1e-12)
    #expect(try Statement.each(statement.revenue, statement.requests) == (money("0.32")))
    // 65 of fixed cost over 0.32 - 0.08 a request.
    #expect(statement.breakEvenRequests == 271)
    #expect(statement.churn == 0.75 && statement.contributionMargin == statement.grossMargin)
    #expect(try statement.breakEvenPrice == money("40.5"))
    // A month without anything has no ratio, rather than a ratio of 0.
    let empty = try Statement(books, usage: [], in: Month(index: 1)...Month(index: 1))
    #expect(empty.coverage == nil && empty.runwayMonths == nil && empty.breakEvenRequests == nil)
  }

  @Test func dependenceIsToldByCounterparty() throws {
    var deal = try Self.entry("d", 1, [(.cash, "100"), (.capital, "-100")])
    deal.counterparty = "Fund"
    deal.terms = FundingTerms(
      stake: 490_000, profitShare: 750_000, profitShareCap: try Money(decimal: "130"))
    var share = try Self.entry("p", 2, [(.profitShareCost, "30"), (.cash, "-30")])
    share.counterparty = "Fund"
    var cost = try Self.entry("c", 2, [(.hosting, "10"), (.cash, "-10")])
    cost.counterparty = "Cloud"
    let independence = try Independence(
      BooksBatch(currency: "USD", entries: [deal, share, cost], figures: []),
      usageByProvider: [("Cloud", try Money(decimal: "50"))])
    #expect(try independence.deals[0].outstanding == Money(decimal: "100"))
    #expect(independence.capital.map(\.name) == ["Fund"] && independence.capital[0].share == 1)
    #expect(independence.costs[0].name == "Cloud")
    // A second deal thins the first.
    var second = try Self.entry("d2", 9, [(.cash, "10"), (.capital, "-10")])
    second.counterparty = "Angel"
    second.terms = FundingTerms(stake: 500_000)
    let later = try Independence(
      BooksBatch(currency: "USD", entries: [second, deal], figures: []), usageByProvider: [])
    #expect(later.owners.map(\.name) == ["Angel", "Fund", "earlier owners"])
    #expect(abs(later.owners[1].share - 0.245) < 1e-12)
    #expect(abs(independence.costs[0].share - 60.0 / 90) < 1e-12)
  }
}
