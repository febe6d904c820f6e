// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Economics
import Reporting
import TestSupport
import Testing

@Suite("Statements by hand")
struct StatementTests {
  typealias Bench = StatementBench

  static func statement(
    product: String? = nil, _ first: String = "2023-06", _ last: String = "2023-07"
  ) throws -> Statement {
    try Statement(
      Bench.books(),
      usage: [
        (try Bench.month("2023-06"), try Bench.usage("12", requests: 100)),
        (try Bench.month("2023-07"), try Bench.usage("18", requests: 300)),
      ], in: Bench.month(first)...Bench.month(last), product: product)
  }

  @Test(
    "Every line of two months",
    arguments: [
      // line, amount
      (\Statement.revenue, "364"), (\.serving, "60"), (\.improvement, "30"),
      (\.otherCosts, "45"), (\.profitShare, "8"), (\.costs, "143"), (\.grossMargin, "304"),
      (\.contributionMargin, "289"), (\.result, "221"), (\.capital, "500"), (\.cash, "1744"),
      (\.payable, "23"), (\.grossBurn, "71.5"),
    ] as [(any KeyPath<Statement, Money> & Sendable, String)])
  func lines(_ line: any KeyPath<Statement, Money> & Sendable, _ amount: String) throws {
    #expect(try Self.statement()[keyPath: line].decimal == amount)
  }

  @Test func ratiosAreOfTheLines() throws {
    let statement = try Self.statement()
    #expect(abs((statement.coverage ?? 0) - 364.0 / 143) < 1e-12)
    #expect(abs((statement.servingCoverage ?? 0) - 364.0 / 60) < 1e-12)
    #expect(abs((statement.grossMarginRatio ?? 0) - 304.0 / 364) < 1e-12)
    #expect(statement.churn == 0.25)
    #expect(statement.users == 50 && statement.payers == 10 && statement.visits == 1_210)
    #expect(statement.months == 2 && statement.requests == 400)
    // Nothing is burnt.
    #expect(statement.netBurn == nil && statement.runwayMonths == nil)
  }

  @Test(
    "Months add up to the period",
    arguments: [
      \Statement.revenue, \.serving, \.improvement, \.otherCosts, \.profitShare, \.costs,
      \.grossMargin, \.contributionMargin, \.result,
    ] as [any KeyPath<Statement, Money> & Sendable])
  func months(_ line: any KeyPath<Statement, Money> & Sendable) throws {
    let june = try Self.statement("2023-06", "2023-06")[keyPath: line]
    let july = try Self.statement("2023-07", "2023-07")[keyPath: line]
    #expect(try june.adding(july) == Self.statement()[keyPath: line])
  }

  @Test func aProductHasItsRevenueAndTheCompanysCash() throws {
    let chat = try Self.statement(product: "chat")
    #expect(try chat.revenue == Bench.money("60") && chat.otherCosts == .zero)
    #expect(try chat.cash == Bench.money("1744") && chat.payable == Bench.money("23"))
    #expect(try Self.statement(product: "none").revenue == .zero)
  }

  @Test func whatIsOwedIsOwedByTheWholeCompany() throws {
    let july = try Bench.month("2023-07")
    let statement = try Statement(
      Bench.books(), usage: [(july, try Bench.usage("3"))],
      allUsage: [(july, try Bench.usage("40")), (july.advanced(by: 1), try Bench.usage("99"))],
      in: july...july)
    #expect(try statement.serving == Bench.money("3"))
    #expect(try statement.payable == Bench.money("33"))
  }

  @Test(
    "Requests from which revenue covers all costs",
    arguments: [
      // revenue, serving, fixed costs, requests, months, break-even or nil
      ("100", "50", "25", 10, 1, 5), ("100", "50", "26", 10, 1, 6), ("100", "50", "0", 10, 1, 0),
      ("100", "50", "25", 10, 2, 3), ("100", "50", "30", 10, 3, 2), ("100", "100", "1", 10, 1, nil),
      ("100", "150", "1", 10, 1, nil), ("100", "50", "1", 0, 1, nil), ("0", "0", "1", 5, 1, nil),
      ("100", "50", "-1", 10, 1, nil),
      ("0.000000000000000000000010", "0", "1", 10, 1, nil),
    ] as [(String, String, String, UInt64, Int, UInt64?)])
  func breakEven(
    _ revenue: String, _ serving: String, _ fixed: String, _ requests: UInt64, _ months: Int,
    _ expected: UInt64?
  ) throws {
    let first = try Bench.month("2023-06")
    let books = BooksBatch(
      currency: "USD",
      entries: [
        try Bench.entry("2023-06-01", .api, "-" + revenue),
        try Bench.entry("2023-06-01", .hosting, serving),
        try Bench.entry("2023-06-01", .staff, fixed),
      ], figures: [])
    let statement = try Statement(
      books, usage: [(first, try Bench.usage("0", requests: requests))],
      in: first...first.advanced(by: months - 1))
    #expect(statement.breakEvenRequests == expected)
  }

  @Test(
    "Months that cash lasts",
    arguments: [
      // cash before, owed, costs, revenue, months, runway or nil
      ("90", "0", "30", "0", 1, 2), ("90", "30", "30", "0", 1, 1), ("90", "0", "30", "30", 1, nil),
      ("90", "0", "30", "40", 1, nil), ("10", "0", "30", "0", 1, 0), ("120", "0", "60", "0", 2, 2),
      ("90", "100", "30", "0", 1, 0),
    ] as [(String, String, String, String, Int, Double?)])
  func runway(
    _ cash: String, _ owed: String, _ costs: String, _ revenue: String, _ months: Int,
    _ expected: Double?
  ) throws {
    let first = try Bench.month("2023-06")
    let books = BooksBatch(
      currency: "USD",
      entries: [
        try Bench.entry("2023-01-01", .openingBalance, "-" + cash),
        try Bench.entry("2023-06-01", .staff, costs),
        try Bench.entry("2023-06-01", .api, "-" + revenue),
      ], figures: [])
    let before = first.advanced(by: -3)
    let statement = try Statement(
      books, usage: [(before, try Bench.usage(owed))],
      in: first...first.advanced(by: months - 1))
    #expect(statement.runwayMonths == expected)
  }

  @Test func withoutBooksOfCashThereIsNoRunway() throws {
    let month = try Bench.month("2023-06")
    let statement = try Statement(
      BooksBatch(
        currency: "USD",
        entries: [
          BookEntry(
            id: "e", day: Bench.day("2023-06-01"),
            lines: [
              EntryLine(.staff, try Bench.money("5")), EntryLine(.capital, -(try Bench.money("5"))),
            ])
        ], figures: []), usage: [], in: month...month)
    #expect(!statement.hasCash && statement.netBurn != nil && statement.runwayMonths == nil)
  }

  @Test(
    "A sum that no amount holds is refused, wherever it is made",
    arguments: [
      // accounts of two entries of the greatest amount
      [(Account.staff, 1), (.staff, 1)], [(.cash, 1), (.cash, 1)],
      [(.payable, -1), (.payable, -1)],
      [(.staff, 1), (.sales, 1)], [(.research, 1), (.training, 1)], [(.api, -1), (.staff, -1)],
      [(.api, -1), (.subscriptions, -1)], [(.hosting, 1), (.research, 1)],
    ] as [[(Account, Int128)]])
  func overflow(_ lines: [(Account, Int128)]) throws {
    let month = try Bench.month("2023-06")
    // 86 entries of 10^12 each, twice: more than an amount holds. The other sides stay apart.
    let entries = try lines.enumerated().flatMap { index, line in
      let amount = Money(quanta: Money.quantaPerUnit * 1_000_000_000_000 * line.1)
      return try (0..<86).map { number in
        try BookEntry(
          id: "\(index) \(number)", day: Bench.day("2023-06-01"),
          lines: [
            EntryLine(line.0, amount), EntryLine(index == 0 ? .profitShareOwed : .capital, -amount),
          ])
      }
    }
    #expect(throws: MoneyError.overflow) {
      try Statement(
        BooksBatch(currency: "USD", entries: entries, figures: []), usage: [], in: month...month)
    }
  }

  @Test(
    "Serving is known when anything says what it costs",
    arguments: [
      // usage cost or nil, tokens, hosting or nil, is known
      (nil, 0, nil, true), ("5", 1, nil, true), (nil, 7, nil, false), (nil, 7, "3", true),
    ] as [(String?, UInt64, String?, Bool)])
  func knowsServing(_ cost: String?, _ tokens: UInt64, _ hosting: String?, _ knows: Bool) throws {
    let month = try Bench.month("2023-06")
    let entries = try hosting.map { [try Bench.entry("2023-06-01", .hosting, $0)] } ?? []
    let statement = try Statement(
      BooksBatch(currency: "USD", entries: entries, figures: []),
      usage: [(month, try Bench.usage(cost, tokens: tokens))], in: month...month)
    #expect(statement.knowsServing == knows)
  }

  @Test(
    "A price that would cover all costs",
    arguments: [
      // payers, costs, other revenue, months, price
      (10, "100", "0", 1, "10"), (10, "100", "40", 1, "6"), (10, "100", "0", 2, "5"),
      (0, "100", "0", 1, nil), (10, "100", "150", 1, "-5"),
    ] as [(UInt64, String, String, Int, String?)])
  func breakEvenPrice(
    _ payers: UInt64, _ costs: String, _ other: String, _ months: Int, _ price: String?
  ) throws {
    let first = try Bench.month("2023-06")
    let last = first.advanced(by: months - 1)
    var books = BooksBatch(
      currency: "USD",
      entries: [
        try Bench.entry("2023-06-01", .staff, costs),
        try Bench.entry("2023-06-01", .api, "-" + other),
        try Bench.entry("2023-06-01", .subscriptions, "-33"),
      ], figures: [])
    books.figures = [try AudienceFigure(id: "p", day: Bench.day("\(last)-01"), .payers, payers)]
    let statement = try Statement(books, usage: [], in: first...last)
    #expect(statement.breakEvenPrice?.decimal == price)
  }

  // MARK: Audience

  @Test(
    "Whose audience is meant",
    arguments: [
      // product asked for, figures told (product, value), value
      (nil, [("", 5)], 5), (nil, [("a", 2), ("b", 3)], 5), (nil, [("a", 2), ("", 9)], 9),
      ("a", [("a", 2), ("", 9)], 2), ("c", [("a", 2), ("", 9)], 9), ("c", [("a", 2)], nil),
      (nil, [], nil), (nil, [("a", 2), ("a", 4), ("b", 3)], 7), ("a", [("a", 2), ("a", 4)], 4),
    ] as [(String?, [(String, UInt64)], UInt64?)])
  func audience(_ product: String?, _ told: [(String, UInt64)], _ value: UInt64?) throws {
    let month = try Bench.month("2023-06")
    let figures = try told.enumerated().map { index, figure in
      var made = try AudienceFigure(
        id: "\(index)", day: Bench.day("2023-06-01"), .users, figure.1)
      made.product = figure.0
      return made
    }
    let books = BooksBatch(currency: "USD", entries: [], figures: figures)
    #expect(books.audience(.users, in: month, product: product)?.value == value)
    #expect(books.audience(.payers, in: month, product: product) == nil)
    #expect(books.audience(.users, in: month.advanced(by: 1), product: product) == nil)
  }

  @Test func theSpanIsThatOfAllThatIsKnown() throws {
    #expect(Statement.span(BooksBatch(currency: "", entries: [], figures: []), []) == nil)
    let span = Statement.span(
      try Bench.books(), [(month: try Bench.month("2024-02"), totals: CostTotals())])
    #expect(span.map { "\($0.lowerBound) \($0.upperBound)" } == "2023-05 2024-02")
  }
}

@Suite("Balance sheets")
struct BalanceSheetTests {
  @Test("They balance after every entry, whatever is booked", arguments: 0..<60 as Range<UInt64>)
  func balance(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var entries: [BookEntry] = []
    var usage: Int128 = 0
    for number in 0..<30 {
      // Lines of any accounts, and one that balances them.
      var lines = (0..<(1 + random.below(4))).map { _ in
        EntryLine(
          Account.allCases[Int(random.below(15))],
          Money(
            quanta: Int128(random.next()) * Int128(random.below(1 << 40))
              * (random.below(2) == 0 ? 1 : -1)))
      }
      lines.append(
        EntryLine(
          Account.allCases[Int(random.below(15))],
          Money(quanta: -lines.reduce(0) { $0 + $1.amount.quanta })))
      entries.append(try BookEntry(id: "\(number)", day: Int64(number), lines: lines))
      usage += Int128(random.next())
      let sheet = try BalanceSheet(entries, usage: Money(quanta: usage))
      #expect(sheet.difference == .zero, "seed \(seed), entry \(number)")
      // Each side beside its own sum.
      func sum(_ kind: Account.Kind) -> Int128 {
        entries.flatMap(\.lines).filter { $0.account.kind == kind }.reduce(0) {
          $0 + $1.amount.quanta
        }
      }
      #expect(sheet.assets.quanta == sum(.asset), "seed \(seed)")
      #expect(sheet.liabilities.quanta == -sum(.liability) + usage, "seed \(seed)")
      #expect(sheet.retained.quanta == -sum(.revenue) - sum(.expense) - usage, "seed \(seed)")
      #expect(
        sheet.equity.quanta == -sum(.equity) + sheet.retained.quanta, "seed \(seed)")
    }
  }
}

@Suite("Independence")
struct IndependenceTests {
  static func deal(
    _ id: String, _ day: Int64, _ from: String, _ amount: String, stake: Int? = nil,
    cap: String? = nil
  ) throws -> BookEntry {
    var entry = try BookEntry(
      id: id, day: day,
      lines: [
        EntryLine(.cash, try Money(decimal: amount)),
        EntryLine(.capital, -(try Money(decimal: amount))),
      ])
    entry.counterparty = from
    if stake != nil || cap != nil {
      entry.terms = FundingTerms(
        stake: stake, profitShare: nil, profitShareCap: try cap.map { try Money(decimal: $0) })
    }
    return entry
  }

  static func independence(_ entries: [BookEntry]) throws -> Independence {
    try Independence(
      BooksBatch(currency: "USD", entries: entries, figures: []), usageByProvider: [])
  }

  @Test("Each new stake thins those before", arguments: 0..<50 as Range<UInt64>)
  func dilution(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let names = ["A", "B", "C", ""]
    let stakes = (0..<(1 + random.below(7))).map { _ in
      (names[Int(random.below(4))], Int(random.below(1_000_000)))
    }
    var entries: [BookEntry] = []
    for (index, stake) in stakes.enumerated() {
      entries.append(
        try Self.deal("\(index)", Int64(index), stake.0, "1", stake: stake.1))
    }
    // The order in which they are booked is not that of the deals.
    entries.shuffle(using: &random)
    let owners = try Self.independence(entries).owners
    // What was there at first is what all later stakes leave of it.
    let rest = stakes.reduce(1.0) { $0 * (1 - Double($1.1) / 1_000_000) }
    #expect(owners.last?.name == "earlier owners", "seed \(seed)")
    #expect(abs((owners.last?.share ?? -1) - rest) < 1e-9, "seed \(seed)")
    for name in names {
      var share = 0.0
      for (index, stake) in stakes.enumerated() where stake.0 == name {
        share += stakes[(index + 1)...].reduce(Double(stake.1) / 1_000_000) {
          $0 * (1 - Double($1.1) / 1_000_000)
        }
      }
      let shown = owners.first { $0.name == (name.isEmpty ? "unnamed" : name) }?.share ?? 0
      #expect(abs(shown - share) < 1e-9, "seed \(seed): \(name)")
    }
    #expect(abs(owners.reduce(0) { $0 + $1.share } - 1) < 1e-9, "seed \(seed)")
    let shares = owners.dropLast().map(\.share)
    #expect(shares == shares.sorted(by: >), "seed \(seed)")
  }

  @Test(
    "What was paid goes to the oldest deal first",
    arguments: [
      // caps by deal, paid, outstanding by deal
      (["20"], "0", ["20"]), (["20"], "8", ["12"]), (["20"], "20", ["0"]), (["20"], "25", ["0"]),
      (["20", "30"], "8", ["12", "30"]), (["20", "30"], "25", ["0", "25"]),
      (["20", "30"], "90", ["0", "0"]), ([nil, "30"], "5", [nil, "25"]), ([nil], "5", [nil]),
    ] as [([String?], String, [String?])])
  func profitShares(_ caps: [String?], _ paid: String, _ outstanding: [String?]) throws {
    var entries: [BookEntry] = []
    for (index, cap) in caps.enumerated() {
      entries.append(try Self.deal("\(index)", Int64(index), "Fund", "100", cap: cap))
    }
    var payment = try StatementBench.entry("2023-06-30", .profitShareCost, paid)
    payment.counterparty = "Fund"
    // Somebody else's payment is not theirs.
    var other = try StatementBench.entry("2023-06-30", .profitShareCost, "7")
    other.counterparty = "Angel"
    let found = try Self.independence(entries + [payment, other])
    #expect(found.deals.map { $0.outstanding?.decimal } == outstanding)
  }

  @Test func sharesAreOfAllAndTheGreatestFirst() throws {
    let entries = [
      try Self.deal("1", 1, "A", "10"), try Self.deal("2", 2, "B", "30"),
      try Self.deal("3", 3, "A", "40"), try Self.deal("4", 4, "", "20"),
    ]
    let found = try Self.independence(entries)
    #expect(found.capital.map(\.name) == ["A", "B", "unnamed"])
    for (share, expected) in zip(found.capital.map(\.share), [0.5, 0.3, 0.2]) {
      #expect(abs(share - expected) < 1e-12)
    }
    #expect(found.owners.isEmpty && found.costs.isEmpty)
  }
}

@Suite("Months")
struct MonthTests {
  @Test(
    "Texts",
    arguments: [
      // text, index or nil
      ("2023-07", 24_282), ("1900-01", 22_800), ("2199-12", 26_399), ("1899-12", nil),
      ("2200-01", nil), ("0000-01", nil), ("9999-12", nil), ("2023-00", nil),
      ("2023-13", nil), ("2023-7", nil), ("23-07", nil), ("2023", nil), ("", nil),
      ("2023-07-01", nil), ("2023/07", nil), ("abcd-ef", nil), (" 2023-07", nil),
      ("２０２３-07", nil), ("20230-7", nil),
    ] as [(String, Int?)])
  func texts(_ text: String, _ index: Int?) {
    #expect(Month(text)?.index == index)
    if let index { #expect(Month(index: index).description == text) }
  }

  @Test(
    "Nothing else is a month",
    arguments: ["2023--07", "-2023-07", "2023-07-", "+023-07", "2023-+7", "--2023-07--"])
  func strange(_ text: String) {
    #expect(Month(text) == nil)
  }

  @Test func everyDayIsInItsMonth() throws {
    for year in 1999...2030 as ClosedRange<Int64> {
      for month in 1...12 as ClosedRange<Int64> {
        let text = "\(year)-\(month < 10 ? "0" : "")\(month)"
        let first = Instant.days(year: year, month: month, day: 1)
        let last = first + Instant.daysInMonth(year: year, month: month) - 1
        #expect(Month(day: first).description == text && Month(day: last).description == text)
        #expect(Month(day: first - 1) == Month(day: first).advanced(by: -1))
        #expect(Month(text) == Month(day: first) && Month(day: first) < Month(day: last + 1))
      }
    }
  }

  @Test func onTheWireAMonthIsItsText() throws {
    let bytes = try CBOREncoder().encode([Month("2023-07")])
    #expect(try CBORDecoder().decode([String].self, from: bytes) == ["2023-07"])
    #expect(try CBORDecoder().decode([Month].self, from: bytes) == [Month(index: 24_282)])
    let wrong = try CBOREncoder().encode(["2023-13"])
    #expect(throws: (any Error).self) { try CBORDecoder().decode([Month].self, from: wrong) }
  }
}
