// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Rendering
import Testing

@Suite("Tables")
struct TableTests {
  static func table() -> Table {
    var table = Table(columns: [
      .init(title: "NAME"), .init(title: "COUNT", isNumber: true),
      .init(title: "SOURCE", rank: 3), .init(title: "TOKENS", isNumber: true, rank: 1),
      .init(title: "EVIDENCE", rank: 2),
    ])
    table.rows = [
      ["gpt-4", "1,204", "https://example.org/a/long/address", "386.1B", "reported"],
      ["a", "7", "x", "1", "measured"],
    ]
    table.footer = ["TOTAL", "1,211", "", "386.1B", "reported"]
    return table
  }

  static func lines(_ table: Table, width: Int, isEmphatic: Bool = false) -> [String] {
    let page = TextPage()
    table.print(on: page.page(.table, width: width, isEmphatic: isEmphatic))
    return page.lines
  }

  @Test(
    "Columns are left out by rank, the greatest first",
    arguments: [
      // width, titles that are shown
      (120, ["NAME", "COUNT", "SOURCE", "TOKENS", "EVIDENCE"]),
      (66, ["NAME", "COUNT", "SOURCE", "TOKENS", "EVIDENCE"]),
      (64, ["NAME", "COUNT", "TOKENS", "EVIDENCE"]), (30, ["NAME", "COUNT", "TOKENS", "EVIDENCE"]),
      (29, ["NAME", "COUNT", "TOKENS"]), (20, ["NAME", "COUNT", "TOKENS"]),
      (19, ["NAME", "COUNT"]), (5, ["NAME", "COUNT"]),
    ])
  func ranks(_ width: Int, _ titles: [String]) {
    let shown = Self.lines(Self.table(), width: width)[0].split(separator: " ").map(String.init)
    #expect(shown == titles)
  }

  @Test func cellsAreAligned() {
    #expect(
      Self.lines(Self.table(), width: 29) == [
        "NAME   COUNT  TOKENS", "gpt-4  1,204  386.1B", "a          7       1",
        "TOTAL  1,211  386.1B",
      ])
  }

  @Test(
    "No line is longer than the terminal", arguments: [40, 60, 80, 120], 0..<30 as Range<UInt64>)
  func widths(_ width: Int, _ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var table = Table(
      columns: (0..<(2 + random.below(7))).map { index in
        .init(
          title: "COLUMN \(index)", isNumber: index > 0 && random.below(2) == 0,
          rank: index < 2 ? 0 : Int(1 + random.below(4)))
      })
    func row() -> [String] {
      table.columns.indices.map { index in
        let length = random.below(index == 0 ? 200 : 12)
        return String(repeating: "é", count: Int(length))
      }
    }
    table.rows = (0..<6).map { _ in row() }
    table.footer = random.below(2) == 0 ? row() : nil
    let lines = Self.lines(table, width: width)
    #expect(lines.count == 7 + (table.footer == nil ? 0 : 1), "seed \(seed)")
    for line in lines { #expect(line.count <= width, "seed \(seed): \(line)") }
    #expect(lines.allSatisfy { !$0.hasSuffix(" ") }, "seed \(seed)")
  }

  @Test func aCellThatIsCutSaysSo() {
    var table = Table(columns: [.init(title: "NAME"), .init(title: "COUNT", isNumber: true)])
    table.rows = [["a name of thirty characters ok", "1,234"], ["short", "5"]]
    #expect(
      Self.lines(table, width: 20) == [
        "NAME           COUNT", "a name of th…  1,234", "short              5",
      ])
    // Never less than 8, and never a number: a number that is cut is another number.
    #expect(Self.lines(table, width: 4)[1] == "a name …  1,234")
  }

  @Test func aTableWithoutRowsIsItsTitles() {
    let table = Table(columns: [.init(title: "A"), .init(title: "B", isNumber: true)])
    #expect(Self.lines(table, width: 80) == ["A  B"])
    #expect(TextPage.lines(.md) { table.print(on: $0) } == ["| A | B |", "| --- | ---: |"])
  }

  @Test func markdownIsWholeAndEscaped() {
    var table = Self.table()
    table.rows[1][2] = "a|b||c"
    let lines = TextPage.lines(.md, width: 10) { table.print(on: $0) }
    #expect(
      lines == [
        "| NAME | COUNT | SOURCE | TOKENS | EVIDENCE |", "| --- | ---: | --- | ---: | --- |",
        "| gpt-4 | 1,204 | https://example.org/a/long/address | 386.1B | reported |",
        "| a | 7 | a\\|b\\|\\|c | 1 | measured |", "| TOTAL | 1,211 |  | 386.1B | reported |",
      ])
  }

  @Test func emphasisIsForTitlesAndSums() {
    let lines = Self.lines(Self.table(), width: 29, isEmphatic: true)
    #expect(lines.map { $0.hasPrefix("\u{1B}[1m") } == [true, false, false, true])
    #expect(lines[0].hasSuffix("\u{1B}[0m"))
    let page = TextPage().page(.table)
    #expect(page.bold("x") == "x" && page.dim("x") == "x")
    let emphatic = TextPage().page(.table, isEmphatic: true)
    #expect(emphatic.dim("x") == "\u{1B}[2mx\u{1B}[0m")
    #expect(emphatic.with(.csv).format == .csv && emphatic.with(.csv).bold("x") != "x")
  }
}

@Suite("JSON")
struct JSONTests {
  struct Answer: Encodable {
    var someKey = 1
    var aURL = "https://x/y"
    var missing: Int?
    var ratio = 0.5
    var values: [String: JSON.Value] = [:]
  }

  @Test func keysAreInSnakeCaseInOrderWithTheSchema() {
    #expect(
      JSON.text("solvent.test/v1", Answer())
        == #"{"a_url":"https://x/y","ratio":0.5,"schema":"solvent.test/v1","some_key":1,"values":{}}"#
    )
  }

  @Test(
    "Values",
    arguments: [
      // value, JSON
      (JSON.Value.null, "null"), (.flag(true), "true"), (.count(.max), "18446744073709551615"),
      (.text("a\"b\n/é"), #""a\"b\n/é""#), (.number(0.1), "0.1"),
      (.list([.count(1), .null]), "[1,null]"),
      (
        .object(["someKey": .text("camelCase"), "a_b": .null]),
        #"{"a_b":null,"someKey":"camelCase"}"#
      ),
      (.money(nil), "null"), (.money(.zero), #""0""#),
      (.money(Money(quanta: -1)), #""-0.000000000000000000000001""#),
      (.number(.infinity), #""infinity""#), (.number(-.infinity), #""-infinity""#),
      (.number(.nan), #""unknown""#),
    ])
  func values(_ value: JSON.Value, _ json: String) {
    var answer = Answer()
    answer.values = ["v": value]
    #expect(JSON.text("s", answer).contains(#""values":{"v":\#(json)}"#))
  }

  @Test func aPageTakesOneLine() {
    let text = TextPage.text(.json) { $0.json("solvent.test/v1", Answer()) }
    #expect(text.hasSuffix("}\n") && text.count { $0 == "\n" } == 1)
  }
}
