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

  @Test("A row of a stream has exact money, or none")
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
    let text = TextPage.text(.json) {
      CostUpdatePrinter(topic: "cost/hour/model", ledger: 9, currency: "USD").print(rows, on: $0)
    }
    let lines = try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.count == 2)
    #expect(lines[0]["cost"] as? String == "0.125" && lines[0]["requests"] as? Int == 2)
    #expect(lines[0]["unpriced"] as? Bool == false && lines[0]["ledger"] as? Int == 9)
    #expect(lines[1]["cost"] == nil && lines[1]["unpriced"] as? Bool == true)
    #expect(lines[1]["time"] as? String == "1970-01-01T00:15:00Z")
  }

  @Test("What was added is one line for people and a record each for machines")
  func addition() throws {
    let printer = AdditionPrinter(file: "/f.yaml", entries: ["a", "b"])
    #expect(TextPage.text(.table) { printer.print(on: $0) } == "/f.yaml: a, b\n")
    let records = TextPage.records { printer.print(on: $0) }
    #expect(records == [["file": "/f.yaml", "entry": "a"], ["file": "/f.yaml", "entry": "b"]])
  }
}
