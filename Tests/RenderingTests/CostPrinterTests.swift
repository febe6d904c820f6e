// SPDX-License-Identifier: Apache-2.0

import Broker
import ClusterAPI
import Economics
import Foundation
import Rendering
import Reporting
import Testing

@Suite("Printed costs")
struct CostPrinterTests {
  static func totals(
    _ cost: String?, requests: UInt64 = 2, tokens: UInt64 = 1_000, unpriced: UInt64 = 0
  ) throws -> CostTotals {
    var totals = CostTotals()
    if requests > 0 { try totals.add(.requests, requests, .uncharged, .measured, .zero) }
    if let cost {
      try totals.add(.inputTokens, tokens, .priced, .reported, Money(decimal: cost))
    }
    if unpriced > 0 { try totals.add(.outputTokens, unpriced, .unpriced, .measured, .zero) }
    return totals
  }

  static func answer(
    by: [String], _ rows: [([String], CostTotals)], currency: String? = "USD",
    sequence: Int64 = 0
  ) throws -> CostAnswer {
    var total = CostTotals()
    for (_, totals) in rows { try total.add(totals) }
    return CostAnswer(
      by: by, rows: rows.map { .init(key: $0.0, totals: $0.1) }, total: total, currency: currency,
      sequence: sequence, chain: [0xAB, 0x01], firstTime: nil, lastTime: nil)
  }

  static func sample() throws -> CostAnswer {
    try answer(
      by: ["model", "product"],
      [
        (["ada", ""], try totals("0.0004")),
        (["gpt-4", "chat"], try totals("1204.5", unpriced: 50)),
        (["mystery", "chat"], try totals(nil, unpriced: 7)),
        (["idle", "x"], try totals(nil, requests: 1)),
      ], sequence: 9)
  }

  @Test(
    "A cost for people",
    arguments: [
      // cost, unpriced tokens, text
      ("0.0004", 0, "$0.000400"), ("0.999999", 0, "$0.999999"), ("1", 0, "$1.00"),
      ("1204.5", 0, "$1,204.50"), ("1204.5", 3, "$1,204.50 +?"), ("0", 0, "$0.000000"),
      (nil, 3, "unpriced"), (nil, 0, "–"), ("-2.5", 0, "-$2.50"),
    ] as [(String?, UInt64, String)])
  func costs(_ cost: String?, _ unpriced: UInt64, _ text: String) throws {
    let totals = try Self.totals(cost, unpriced: unpriced)
    let printer = CostPrinter(try Self.answer(by: [], []), zone: "UTC")
    #expect(printer.cost(totals) == text)
    #expect(printer.dollars(totals).hasPrefix("$") == (cost != nil && cost != "-2.5"))
  }

  @Test func aTableHasItsTotalAndItsFootnote() throws {
    let printer = CostPrinter(try Self.sample(), zone: "Europe/Berlin")
    let lines = TextPage.lines(.table, width: 120) { printer.print(on: $0) }
    #expect(lines.count == 7)
    #expect(
      lines[0].hasPrefix("MODEL") && lines[0].contains("COST") && !lines[0].contains("IMAGES"))
    #expect(lines[1].contains("–") && lines[1].contains("$0.000400"))
    #expect(lines[2].contains("$1,204.50 +?"))
    #expect(lines[3].contains("unpriced") && !lines[3].contains("$"))
    #expect(lines[4].hasPrefix("idle") && !lines[4].contains("$"))
    #expect(lines[5].hasPrefix("TOTAL") && lines[5].contains("$1,204.50 +?"))
    #expect(lines[6].contains("97.2%") && lines[6].contains("reported"))
    #expect(lines[6].contains("ledger 9") && lines[6].contains("Europe/Berlin"))
  }

  @Test func aTableWithoutColumnsHasNoTotalTwice() throws {
    let answer = try Self.answer(by: [], [([], try Self.totals("5"))])
    let lines = TextPage.lines(.table, width: 120) {
      CostPrinter(answer, zone: "UTC").print(on: $0)
    }
    #expect(lines.count == 3 && lines.allSatisfy { !$0.contains("TOTAL") })
    #expect(!lines[2].contains("ledger") && !lines[2].contains("UTC"))
  }

  @Test("At any width a line fits and the cost is shown", arguments: [40, 60, 80, 120])
  func widths(_ width: Int) throws {
    let printer = CostPrinter(try Self.sample(), zone: "UTC")
    let lines = TextPage.lines(.table, width: width) { printer.print(on: $0) }
    for line in lines.dropLast() { #expect(line.count <= width, "\(line)") }
    #expect(lines[0].contains("COST") && lines[0].contains("REQUESTS"))
  }

  @Test func columnsThatNobodyNeedsAreNotThere() throws {
    var totals = try Self.totals("5")
    try totals.add(.images, 3, .priced, .measured, .zero)
    try totals.add(.cachedInputTokens, 4, .priced, .measured, .zero)
    let answer = try Self.answer(by: ["model"], [(["m"], totals)])
    let title = TextPage.lines(.table, width: 200) {
      CostPrinter(answer, zone: "UTC").print(on: $0)
    }[0]
    #expect(title.contains("IMAGES") && title.contains("CACHED"))
  }

  @Test func recordsAreExactAndEmptyWhereNothingIsKnown() throws {
    let printer = CostPrinter(try Self.sample(), zone: "UTC")
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records.count == 4)  // No total: a program adds for itself.
    #expect(records.map { $0["cost"] } == ["0.0004", "1204.5", "", ""])
    #expect(records.map { $0["unpriced_tokens"] } == ["0", "50", "7", "0"])
    #expect(records.map { $0["model"] } == ["ada", "gpt-4", "mystery", "idle"])
    #expect(records[0]["product"] == "" && records[0]["currency"] == "USD")
    #expect(records[1]["evidence"] == "reported" && records[3]["requests"] == "1")
  }

  @Test func aNameIsNoFormula() throws {
    let answer = try Self.answer(by: ["model"], [(["=cmd()"], try Self.totals("5"))])
    let text = TextPage.text(.csv) { CostPrinter(answer, zone: "UTC").print(on: $0) }
    #expect(text.contains("\n'=cmd(),"))
  }

  @Test func manyRecordsAreWrittenWhole() throws {
    let rows = try (0..<3_000).map { (["model-\($0)"], try Self.totals("\($0)")) }
    let answer = try Self.answer(by: ["model"], rows)
    let records = TextPage.records { CostPrinter(answer, zone: "UTC").print(on: $0) }
    #expect(records.count == 3_000)
    #expect(records.indices.allSatisfy { records[$0]["cost"] == "\($0)" })
  }

  @Test func anObjectHasTextForMoneyAndNullForTheUnknown() throws {
    let object = try TextPage.object { page in
      (try? Self.sample()).map { CostPrinter($0, zone: "UTC").print(on: page) }
    }
    #expect(object["schema"] as? String == "solvent.cost/v1")
    #expect(object["by"] as? [String] == ["model", "product"])
    let rows = try #require(object["rows"] as? [[String: Any]])
    #expect(rows.map { $0["cost"] as? String } == ["0.0004", "1204.5", nil, nil])
    #expect(rows[2]["cost"] is NSNull)
    #expect(rows[2]["unpriced"] as? [String: Int] == ["output_tokens": 7])
    #expect(rows[0]["unpriced"] as? [String: Int] == [:])
    let total = try #require(object["total"] as? [String: Any])
    #expect(total["cost"] as? String == "1204.5004" && total["requests"] as? Int == 7)
    let ledger = try #require(object["ledger"] as? [String: Any])
    #expect(ledger["chain"] as? String == "ab01" && ledger["sequence"] as? Int == 9)
    let coverage = try #require(object["coverage"] as? [String: Int])
    #expect(coverage == ["tokens": 2_057, "priced": 2_000])
  }

  @Test func aTagDoesNotHideAFigure() throws {
    let answer = try Self.answer(by: ["cost"], [(["free"], try Self.totals("5"))])
    let object = try TextPage.object { CostPrinter(answer, zone: "UTC").print(on: $0) }
    let rows = try #require(object["rows"] as? [[String: Any]])
    #expect(rows[0]["cost"] as? String == "5" && object["ledger"] == nil)
  }

  @Test func anotherCurrencyIsNamed() throws {
    let answer = try Self.answer(
      by: ["model"], [(["m"], try Self.totals("5"))], currency: "EUR")
    let lines = TextPage.lines(.table, width: 120) {
      CostPrinter(answer, zone: "UTC").print(on: $0)
    }
    #expect(lines[0].contains("EUR/REQ") && lines[1].contains("EUR 5.00"))
  }
}

@Suite("Printed prices")
struct PricePrinterTests {
  static func book() throws -> PriceBook {
    func rate(_ prices: [Meter: Money], until: Int64? = nil) -> PriceBook.Rate {
      PriceBook.Rate(
        from: TimeBucket(index: 1_878_720), until: until.map { TimeBucket(index: $0) },
        prices: prices, source: "https://example.org/prices?a=1,2", retrieved: "2026-01-02",
        evidence: .estimated)
    }
    return PriceBook(
      name: "b", version: "3", currency: "USD",
      entries: [
        .init(
          provider: "p", model: "m",
          rates: [
            rate(
              [.inputTokens: try Money(perMillion: "30"), .images: try Money(decimal: "0.04")],
              until: 1_878_816),
            rate([.outputTokens: Money(quanta: .max), .cachedInputTokens: .zero]),
          ])
      ], digest: [])
  }

  static func printer() throws -> PriceListPrinter {
    let book = try book()
    return PriceListPrinter(
      book, rates: book.entries.flatMap { entry in entry.rates.map { (entry, $0) } })
  }

  @Test func pricesArePerMillionTokensAndPerImage() throws {
    let printer = try Self.printer()
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records.map { $0["input"] } == ["30", ""])
    #expect(records.map { $0["image"] } == ["0.04", ""])
    #expect(records.map { $0["cached_input"] } == ["", "0"])
    #expect(records.map { $0["from"] } == ["2023-08-01", "2023-08-01"])
    #expect(records.map { $0["until"] } == ["2023-08-02", ""])
    #expect(records[0]["source"] == "https://example.org/prices?a=1,2")
    #expect(records[0]["evidence"] == "estimated")
    // A price that no amount can hold a million times is no number.
    #expect(records[1]["output"].flatMap(Double.init) == nil && records[1]["output"] != "")
  }

  @Test func whatHasNoPriceIsNull() throws {
    let printer = try Self.printer()
    let object = try TextPage.object { printer.print(on: $0) }
    let rates = try #require(object["rates"] as? [[String: Any]])
    #expect(object["schema"] as? String == "solvent.prices/v1" && rates.count == 2)
    #expect(rates[0]["input"] as? String == "30" && rates[0]["output"] is NSNull)
    #expect(rates[1]["output"] is NSNull)
    #expect(rates[1]["until"] is NSNull && rates[1]["cached_input"] as? String == "0")
  }

  @Test("The prices stay at any width", arguments: [40, 60, 80, 120, 140])
  func widths(_ width: Int) throws {
    let book = try Self.book()
    let printer = PriceListPrinter(book, rates: [(book.entries[0], book.entries[0].rates[0])])
    let lines = TextPage.lines(.table, width: width) { printer.print(on: $0) }
    #expect(lines[0].contains("INPUT") && lines[1].contains("30"))
    for line in lines.dropLast() { #expect(line.count <= width, "\(line)") }
    #expect(lines[0].contains("SOURCE") == (width == 140))
  }

  @Test func whatHasNoPriceIsListedByTheCheck() throws {
    let answer = try CostPrinterTests.answer(
      by: ["provider", "model"],
      [
        (["p", "m"], try CostPrinterTests.totals("5")),
        (["", "mystery"], try CostPrinterTests.totals(nil, unpriced: 1_234)),
      ])
    let printer = PriceCheckPrinter(try Self.book(), usage: answer)
    #expect(printer.hasUnpriced)
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records.map { $0["unpriced_tokens"] } == ["1234"])
    let lines = TextPage.lines(.table) { printer.print(on: $0) }
    #expect(lines.count == 2 && lines[1].contains("mystery") && lines[1].contains("1,234"))
    let object = try TextPage.object { printer.print(on: $0) }
    #expect((object["unpriced"] as? [[String: Any]])?.first?["tokens"] as? Int == 1_234)
    #expect(object["models"] as? Int == 1 && object["rates"] as? Int == 2)
  }

  @Test func aBookWithoutUsageSaysNothingOfUsage() throws {
    let printer = PriceCheckPrinter(try Self.book(), usage: nil)
    #expect(!printer.hasUnpriced)
    #expect(TextPage.lines(.table) { printer.print(on: $0) }.count == 1)
    #expect(try TextPage.object { printer.print(on: $0) }["unpriced"] == nil)
    // Usage that is all priced is said to be.
    let priced = try CostPrinterTests.answer(
      by: ["provider", "model"], [(["p", "m"], try CostPrinterTests.totals("5"))])
    let whole = PriceCheckPrinter(try Self.book(), usage: priced)
    #expect(!whole.hasUnpriced && TextPage.lines(.table) { whole.print(on: $0) }.count == 2)
    let list = try TextPage.object { whole.print(on: $0) }["unpriced"] as? [Any]
    #expect(list?.isEmpty == true)
  }
}

@Suite("Printed operations")
struct OperationPrinterTests {
  static func report(_ label: String, complete: Bool = false) -> ImportReport {
    var report = ImportReport(label: label, source: "s", mapping: "openai")
    report.rowsRead = 12_345
    report.rowsAccepted = 12_300
    report.rowsQuarantined = 40
    report.rowsDuplicate = 5
    report.rowsNew = complete ? 0 : 12_300
    report.wasComplete = complete
    report.quarantineFile = complete ? nil : "/tmp/q.csv"
    return report
  }

  static let outcomes: [ImportPrinter.Outcome] = [
    .init(file: "a.csv", report: report("a.csv")),
    .init(file: "b.csv", report: report("b.csv", complete: true)),
    .init(file: "c.csv", problem: "c.csv: no such file"),
  ]

  @Test func importsAreATableOfWhatWasRead() {
    let printer = ImportPrinter(Self.outcomes, duration: .milliseconds(12_345))
    let lines = TextPage.lines(.table) { printer.print(on: $0) }
    #expect(lines[0].hasPrefix("FILE") && lines[1].contains("12,345") && lines[1].contains("40"))
    #expect(lines.contains { $0.contains("/tmp/q.csv") })
    #expect(lines.count { $0.hasPrefix("b.csv") } == 2)  // Its row, and that it was known.
    #expect(lines.last?.contains("2 files") == true && lines.last?.contains("12.3 s") == true)
    // Where nothing could be read there is no table: the problems are told elsewhere.
    let none = ImportPrinter([Self.outcomes[2]], duration: .seconds(1))
    #expect(TextPage.text(.table) { none.print(on: $0) }.isEmpty)
  }

  @Test func aFailedImportIsAnErrorWithoutCounts() throws {
    let printer = ImportPrinter(Self.outcomes, duration: .zero)
    let object = try TextPage.object { printer.print(on: $0) }
    let files = try #require(object["files"] as? [[String: Any]])
    #expect(files.map { $0["read"] as? Int } == [12_345, 12_345, nil])
    #expect(files.map { $0["already_imported"] as? Bool } == [false, true, nil])
    #expect(files[2]["error"] as? String == "c.csv: no such file" && files[0]["error"] == nil)
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records.map { $0["new"] } == ["12300", "0"])
    #expect(records.allSatisfy { $0["read"] == "12345" && $0["mapping"] == "openai" })
  }

  @Test func bookingsSayWhatWasNew() throws {
    let printer = BookingPrinter([
      .init(file: "books.yaml", entries: 1_200, new: 1_000, alreadyBooked: 200)
    ])
    let lines = TextPage.lines(.table) { printer.print(on: $0) }
    #expect(
      lines.count == 2 && lines[1].split(separator: " ") == ["books.yaml", "1,200", "1,000", "200"])
    #expect(
      TextPage.lines(.csv) { printer.print(on: $0) } == [
        "file,entries,new,already_booked", "books.yaml,1200,1000,200",
      ])
    let object = try TextPage.object { printer.print(on: $0) }
    let files = try #require(object["files"] as? [[String: Any]])
    #expect(files[0]["already_booked"] as? Int == 200 && files[0]["new"] as? Int == 1_000)
  }

  static func status() -> BrokerStatus {
    let access = AccessTable(
      roles: [
        .client: .init(name: "client", peersMax: 9, routes: [["price"], ["broker"]]),
        .worker: .init(name: "worker", peersMax: 9, offers: ["price", "simulate", "ledger"]),
      ], services: [:])
    var machine = BrokerMachine<String>(
      settings: .init(access: access), release: "1.2.3", identity: 1, now: 0)
    var actions: [BrokerMachine<String>.Action] = []
    func join(_ number: UInt32, _ services: [String], _ slots: UInt64) {
      let peer = PeerID(.worker, number)
      machine.greeted(
        Hello(
          role: .worker, name: "worker-\(number)", process: Int(number) + 100, release: "t",
          services: services, instance: .init(low: UInt64(number), high: 0)), by: peer, now: 0,
        &actions)
      machine.received(
        Header(.ready, argument: slots), nil, bytes: 0, from: peer, now: 0, &actions)
    }
    join(1, ["price", "simulate"], 1)
    join(2, ["ledger"], 4)
    let front = PeerID(.client, 1)
    machine.greeted(
      Hello(
        role: .client, name: "p", process: 1, release: "t", routes: [["price"], ["broker"]],
        instance: .init(low: 9, high: 9)),
      by: front, now: 0, &actions)
    for sequence in 1...3 as ClosedRange<UInt64> {
      machine.received(
        Header(.job, job: JobID(epoch: 1, sequence: sequence)), "x", bytes: 10, from: front,
        now: 1_000_000_000, &actions)
    }
    machine.received(Header(.bye), nil, bytes: 0, from: PeerID(.worker, 1), now: 0, &actions)
    return machine.status(now: 3_500_000_000)
  }

  @Test func workersAndQueuesAreListed() throws {
    let printer = WorkersPrinter(Self.status())
    let lines = TextPage.lines(.table, width: 120) { printer.print(on: $0) }
    #expect(lines[1].hasPrefix("worker-1") && lines[1].hasSuffix("draining"))
    #expect(lines[2].hasPrefix("worker-2") && lines[2].hasSuffix("ready"))
    let queue = try #require(lines.first { $0.hasPrefix("price") })
    #expect(queue.split(separator: " ").prefix(4) == ["price", "2", "1", "2500"])
    #expect(lines.last?.contains("up 3 s") == true)
    // The broker's own service is none that waits for workers.
    #expect(!lines.contains { $0.hasPrefix("broker") })
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records.map { $0["in_flight"] } == ["1", "0"])
    #expect(records.map { $0["free"] } == ["0", "4"])
    #expect(records.map { $0["draining"] } == ["true", "false"])
    #expect(records[0]["services"] == "price simulate")
  }

  @Test func theStatusIsAnObject() throws {
    let printer = WorkersPrinter(Self.status())
    let object = try TextPage.object { printer.print(on: $0) }
    #expect(object["schema"] as? String == "solvent.workers/v1")
    #expect(
      object["release"] as? String == "1.2.3" && object["held_bytes"] as? Int == 3 * (10 + 512))
    let queues = try #require(object["queues"] as? [[String: Any]])
    #expect(queues.compactMap { $0["service"] as? String } == ["ledger", "price", "simulate"])
    #expect(queues[1]["waiting"] as? Int == 2 && queues[1]["oldest_milliseconds"] as? Int == 2_500)
    let workers = try #require(object["workers"] as? [[String: Any]])
    #expect(workers.map { $0["process"] as? Int } == [101, 102])
  }

  @Test("At any width a line fits", arguments: [40, 60, 80, 120])
  func widths(_ width: Int) {
    let printer = WorkersPrinter(Self.status())
    for line in TextPage.lines(.table, width: width, { printer.print(on: $0) }).dropLast() {
      #expect(line.count <= max(width, 46), "\(line)")
    }
  }
}
