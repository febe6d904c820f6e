// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Rendering
import Reporting
import Testing

@testable import Ledger

@Suite("What was checked, printed")
struct CheckPrinterTests {
  static func verify(torn: Int = 0, count: Int = 2) -> VerifyPrinter {
    VerifyPrinter(
      journal: .init(
        frames: count, bytes: 12_345, pending: 0, tornBytes: torn,
        chain: [UInt8](repeating: 0xAB, count: 32)),
      ledger: LedgerCheck(
        batches: count, postings: 3, entries: count, digest: [UInt8](repeating: 1, count: 32),
        chain: [UInt8](repeating: 2, count: 32)))
  }

  @Test("What verify found, in lines; one of a thing has no plural")
  func lines() {
    #expect(
      TextPage.text(.table) { Self.verify(count: 1).print(on: $0) } == """
        ok    journal  1 frame, 12,345 bytes, 0 not booked yet   chain abababababababab
        ok    ledger   1 batch, 3 postings, 1 entry   chain 0202020202020202
        digest of all facts  0101010101010101010101010101010101010101010101010101010101010101

        """)
    let torn = TextPage.text(.table) { Self.verify(torn: 1).print(on: $0) }
    #expect(
      torn.hasSuffix(
        "note  1 byte of an unfinished, never acknowledged write at the end of the journal\n"))
  }

  @Test("The same figures in JSON and CSV")
  func machines() throws {
    let object = try TextPage.object { Self.verify(torn: 7).print(on: $0) }
    let journal = try #require(object["journal"] as? [String: Any])
    let ledger = try #require(object["ledger"] as? [String: Any])
    let records = TextPage.records { Self.verify(torn: 7).print(on: $0) }
    #expect(records.count == journal.count + ledger.count)
    for record in records {
      let book = record["book"] == "journal" ? journal : ledger
      let value = try #require(book[record["figure"] ?? ""])
      #expect("\(value)" == record["value"])
    }
    #expect(journal["torn_bytes"] as? Int == 7)
  }

  @Test("A list of checks counts what is wrong and says what to do")
  func checks() throws {
    var list = CheckList()
    list.ok("fine")
    list.warn("nearly full", fix: "make room")
    list.fail("gone", fix: nil)
    #expect(list.problems == 1)
    #expect(
      TextPage.text(.table) { list.print(on: $0) } == """
        ok    fine
        warn  nearly full   fix: make room
        fail  gone
        1 problem, 1 warning

        """)
    let object = try TextPage.object { list.print(on: $0) }
    #expect(object["problems"] as? Int == 1 && object["warnings"] as? Int == 1)
    #expect((object["checks"] as? [[String: Any]])?.count == 3)
  }

  @Test("An update of a stream is one line, with exact money or none, and the ledger's total")
  func updates() throws {
    var priced = CostTotals()
    try priced.add(.inputTokens, 5, .priced, .reported, Money(decimal: "0.125"))
    try priced.add(.requests, 2, .uncharged, .measured, .zero)
    var unpriced = CostTotals()
    try unpriced.add(.inputTokens, 7, .unpriced, .measured, .zero)
    let rows = [
      CostUpdate.Row(time: 0, name: "a", totals: priced),
      CostUpdate.Row(time: 900_000, name: "b", totals: unpriced),
    ]
    var total = priced
    try total.add(unpriced)
    let update = CostUpdate(
      topic: "cost/hour/model", ledger: 9, currency: "USD", rows: rows, total: total)
    let text = TextPage.text(.json) {
      CostUpdatePrinter(topic: "cost/hour/model").print(
        update, isSnapshot: true, isCaughtUp: false, on: $0)
    }
    #expect(text.split(separator: "\n").count == 1)
    let line = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(line["ledger"] as? Int == 9 && line["snapshot"] as? Bool == true)
    #expect(line["caught_up"] as? Bool == false && line["currency"] as? String == "USD")
    let objects = try #require(line["rows"] as? [[String: Any]])
    #expect(objects.count == 2)
    #expect(objects[0]["cost"] as? String == "0.125" && objects[0]["requests"] as? Int == 2)
    #expect(objects[0]["unpriced"] as? Bool == false)
    #expect(objects[1]["cost"] == nil && objects[1]["unpriced"] as? Bool == true)
    #expect(objects[1]["time"] as? String == "1970-01-01T00:15:00Z")
    let sums = try #require(line["total"] as? [String: Any])
    #expect(sums["input_tokens"] as? Int == 12 && sums["cost"] as? String == "0.125")
    #expect(sums["unpriced"] as? Bool == true)
  }

  @Test("What was added is one line for people and a record each for machines")
  func addition() throws {
    let printer = AdditionPrinter(file: "/f.yaml", entries: ["a", "b"])
    #expect(TextPage.text(.table) { printer.print(on: $0) } == "/f.yaml: a, b\n")
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records == [["file": "/f.yaml", "entry": "a"], ["file": "/f.yaml", "entry": "b"]])
  }
}
