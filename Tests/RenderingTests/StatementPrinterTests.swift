// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Rendering
import Reporting
import Testing

@Suite("Printed statements")
struct StatementPrinterTests {
  static func month(_ text: String) throws -> Month { try #require(Month(text)) }

  /// Two lines of months, one with an unknown value.
  static func months(
    _ count: Int, unpriced: Int? = nil, scale: Int = 1
  ) throws -> StatementAnswer {
    let first = try month("2022-01")
    let months = (0..<count).map { first.advanced(by: $0).description }
    func line(_ key: String, _ label: String, _ unknown: Int?) -> StatementLine {
      StatementLine(
        key, label, .money,
        (0...count).map { index in
          index == unknown
            ? .unknown
            : .money(Money(quanta: Int128((1_000 + index) * scale) * Money.quantaPerUnit))
        })
    }
    return StatementAnswer(
      .profitAndLoss, currency: "USD", period: first...first.advanced(by: count - 1),
      columns: months + ["total"],
      lines: [line("revenue", "revenue", nil), line("cash", "cash at the end", 0)],
      isUnpriced: (0...count).map { $0 == unpriced || ($0 == count && unpriced != nil) })
  }

  /// One period with a value of each kind.
  static func period() throws -> StatementAnswer {
    let first = try month("2023-06")
    return StatementAnswer(
      .coverage, currency: "EUR", period: first...first.advanced(by: 1),
      columns: ["2023-06 to 2023-07"],
      lines: [
        StatementLine(
          "revenue", "revenue", .money, [.money(try Money(decimal: "-1234.565"))], decimals: 2,
          note: "a note"),
        StatementLine("requests", "requests", .count, [.count(1_234_567)]),
        StatementLine("coverage", "coverage", .ratio, [.number(2.545)]),
        StatementLine("margin", "gross margin", .share, [.number(0.835)]),
        StatementLine("runway", "runway", .months, [.number(14.26)]),
        StatementLine("unknown", "churn", .share, [.unknown]),
        StatementLine("at", "at the end of", .text, [.text("=2023-07, or so")]),
        StatementLine(
          "deal_1", "funding", .money, [.money(try Money(decimal: "500"))],
          parts: [
            StatementLine("name", "from", .text, [.text("Fund")]),
            StatementLine("stake", "stake", .share, [.number(0.25)]),
            StatementLine("left", "of it left", .money, [.unknown]),
          ]),
      ], isUnpriced: [true])
  }

  @Test func aPeriodIsALineForEachLine() throws {
    let answer = try Self.period()
    let lines = TextPage.lines(.table, width: 120) { StatementPrinter(answer).print(on: $0) }
    #expect(lines.count == 10)
    #expect(lines[0].hasPrefix("2023-06 to 2023-07"))
    func words(_ index: Int) -> [String] {
      lines[index].split(separator: " ").map(String.init)
    }
    #expect(words(1) == ["revenue", "-EUR", "1,234.56", "a", "note"])  // Half to even.
    #expect(words(2) == ["requests", "1,234,567"])
    #expect(words(4).last == "83.5%" && words(5).suffix(2) == ["14.3", "months"])
    #expect(words(6) == ["churn", "–"])
    #expect(lines[8].hasSuffix("stake 25.0%, of it left –") && !lines[8].contains("from"))
    #expect(lines[9].contains("solvent prices check"))
  }

  @Test func aPeriodsRecordsAreExact() throws {
    let answer = try Self.period()
    let records = TextPage.records { StatementPrinter(answer).print(on: $0) }
    let values = Dictionary(
      records.map { ($0["key"] ?? "", $0["value"] ?? "?") }, uniquingKeysWith: { $1 })
    #expect(
      values == [
        "revenue": "-1234.565", "requests": "1234567", "coverage": "2.545", "margin": "0.835",
        "runway": "14.26", "unknown": "", "at": "'=2023-07, or so", "deal_1": "500",
        "deal_1.name": "Fund", "deal_1.stake": "0.25", "deal_1.left": "",
      ])
    #expect(records.map { $0["unit"] }.prefix(3) == ["EUR", "count", "ratio"])
  }

  @Test func aPeriodIsAnObjectByKey() throws {
    let answer = try Self.period()
    let object = try TextPage.object { StatementPrinter(answer).print(on: $0) }
    #expect(object["schema"] as? String == "solvent.coverage/v1")
    #expect(object["revenue"] as? String == "-1234.565" && object["requests"] as? Int == 1_234_567)
    #expect(object["margin"] as? Double == 0.835 && object["unknown"] is NSNull)
    #expect(object["unpriced"] as? Bool == true && object["currency"] as? String == "EUR")
    #expect(object["since"] as? String == "2023-06" && object["until"] as? String == "2023-07")
    let lines = try #require(object["lines"] as? [[String: Any]])
    #expect(lines.compactMap { $0["key"] as? String } == answer.lines.map(\.key))
    #expect(lines[0]["value"] as? String == "-1234.565" && lines[5]["value"] is NSNull)
    let parts = try #require(lines[7]["parts"] as? [[String: Any]])
    #expect(parts.compactMap { $0["key"] as? String } == ["name", "stake", "left"])
    #expect(parts[1]["value"] as? Double == 0.25)
  }

  @Test(
    "The newest months that fit are shown, and the sum",
    arguments: [
      // months, width, months shown
      (3, 80, 3), (24, 80, 4), (24, 40, 1), (24, 10, 1), (1, 80, 1), (24, 400, 24),
    ])
  func months(_ count: Int, _ width: Int, _ shown: Int) throws {
    let answer = try Self.months(count, scale: 1_000)
    let lines = TextPage.lines(.table, width: width) { StatementPrinter(answer).print(on: $0) }
    let titles = lines[0].split(separator: " ").filter { $0.hasPrefix("20") }.map(String.init)
    #expect(titles == answer.columns.dropLast().suffix(shown))
    #expect(lines[0].hasSuffix(count == 1 ? "1 MONTH" : "\(count) MONTHS"))
    #expect(lines.count == (shown < count ? 4 : 3))
    if shown < count { #expect(lines[3].hasPrefix("\(count - shown) ")) }
    // The last column is the sum's.
    #expect(lines[1].hasSuffix("$\(Text.grouped(1_000 + count)),000"))
    if width >= 40 { #expect(lines.prefix(3).allSatisfy { $0.count <= width }) }
  }

  @Test func smallAmountsFitAsWell() throws {
    let answer = try Self.months(24)
    let lines = TextPage.lines(.table) { StatementPrinter(answer).print(on: $0) }
    #expect(lines.prefix(3).allSatisfy { $0.count <= 80 })
  }

  @Test func markdownHasEveryMonth() throws {
    let answer = try Self.months(24)
    let lines = TextPage.lines(.md, width: 40) { StatementPrinter(answer).print(on: $0) }
    #expect(lines.count == 4 && lines[0].split(separator: "|").count == 26 + 1 - 1)
  }

  @Test func monthsAreRecordsWithTheSumAtTheEnd() throws {
    let answer = try Self.months(3, unpriced: 1)
    let records = TextPage.records { StatementPrinter(answer).print(on: $0) }
    #expect(records.map { $0["month"] } == ["2022-01", "2022-02", "2022-03", "total"])
    #expect(records.map { $0["revenue"] } == ["1000", "1001", "1002", "1003"])
    #expect(records.map { $0["cash"] } == ["", "1001", "1002", "1003"])
    #expect(records.map { $0["unpriced"] } == ["false", "true", "false", "true"])
  }

  @Test func monthsAreObjectsBesideTheTotal() throws {
    let answer = try Self.months(3, unpriced: 1)
    let object = try TextPage.object { StatementPrinter(answer).print(on: $0) }
    let months = try #require(object["months"] as? [[String: Any]])
    #expect(months.compactMap { $0["month"] as? String } == ["2022-01", "2022-02", "2022-03"])
    #expect(months[0]["cash"] is NSNull && months[1]["cash"] as? String == "1001")
    #expect(months.map { $0["unpriced"] as? Bool } == [false, true, false])
    let total = try #require(object["total"] as? [String: Any])
    #expect(total["revenue"] as? String == "1003" && total["unpriced"] as? Bool == true)
    let lines = try #require(object["lines"] as? [[String: Any]])
    #expect(lines.count == 2 && lines[0]["value"] == nil)
  }

  @Test(
    "What is all priced says nothing of prices",
    arguments: [OutputFormat.table, .md])
  func priced(_ format: OutputFormat) throws {
    let answer = try Self.months(2)
    let lines = TextPage.lines(format) { StatementPrinter(answer).print(on: $0) }
    #expect(!lines.contains { $0.contains("prices check") })
  }

  @Test func anAudienceIsATableOfMonths() throws {
    let first = try Self.month("2023-06")
    let answer = StatementAnswer(
      .audience, currency: "USD", period: first...first.advanced(by: 1),
      columns: ["2023-06", "2023-07"],
      lines: [
        StatementLine("visits", "visits", .count, [.count(1_000), .count(1_210)]),
        StatementLine("visits_change", "change", .share, [.unknown, .number(0.21)]),
        StatementLine("source", "source", .text, [.text("s"), .unknown]),
      ], isUnpriced: [false, false])
    let lines = TextPage.lines(.table) { StatementPrinter(answer).print(on: $0) }
    #expect(lines.count == 3)
    #expect(lines[0].split(separator: " ") == ["MONTH", "VISITS", "CHANGE", "SOURCE"])
    #expect(lines[1].split(separator: " ") == ["2023-06", "1,000", "–", "s"])
    #expect(lines[2].split(separator: " ") == ["2023-07", "1,210", "21.0%", "–"])
    let narrow = TextPage.lines(.table, width: 24) { StatementPrinter(answer).print(on: $0) }
    #expect(narrow[0].split(separator: " ") == ["MONTH", "VISITS", "CHANGE"])
    let records = TextPage.records { StatementPrinter(answer).print(on: $0) }
    #expect(records.map { $0["visits"] } == ["1000", "1210"])
    // An audience without any months is a table without rows.
    let empty = StatementAnswer(
      .audience, currency: "USD", period: first...first, columns: [],
      lines: [StatementLine("visits", "visits", .count, [])], isUnpriced: [])
    #expect(TextPage.records { StatementPrinter(empty).print(on: $0) }.isEmpty)
    let object = try TextPage.object { StatementPrinter(empty).print(on: $0) }
    #expect((object["months"] as? [Any])?.isEmpty == true)
  }
}
