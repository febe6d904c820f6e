// SPDX-License-Identifier: Apache-2.0

import Economics
import Runway
import Testing

@testable import Documents

@Suite("Books files")
struct BooksFileTests {
  @Test func theExamplesAreRead() throws {
    for name in ["chatgpt-2023-books.yaml", "chatgpt-hindsight-books.yaml"] {
      let batch = try BooksFile.read(ScenarioFileTests.example(name), file: name)
      #expect(batch.entries.count >= 7)
      #expect(!batch.figures.isEmpty && Set(batch.entries.map(\.id)).count == batch.entries.count)
    }
    let case2023 = try ScenarioFile.chatgpt2023()
    #expect(case2023.scenario.rounds.most == 0 && case2023.scenario.events.isEmpty)
    // 700,000 $ a day, within what "about" allows.
    let present = case2023.scenario.present
    #expect((0.6e6...0.9e6).contains(present.userServing * 12 / 365))
  }

  @Test func equalRowsCountEachAndReadTheSameAgain() throws {
    let text = """
      date,kind,amount,account,product,note
      2023-07-31,revenue,1250.50,api,api,"a, quoted"
      2023-07-31,revenue,1250.50,api,api,"a, quoted"
      2023-07-31,cost,12e3,training,,
      2023-07-31,payers,2M,,chat,
      """
    let batch = try BooksFile.read(text, file: "b.csv")
    #expect(batch.entries.count == 3 && batch.figures.first?.value == 2_000_000)
    #expect(Set(batch.entries.map(\.id)).count == 3 && batch.entries[0].note == "a, quoted")
    #expect(try BooksFile.read(text, file: "b.csv") == batch)
    #expect(try batch.entries[2].lines[0] == EntryLine(.training, Money(decimal: "12000")))
  }

  @Test(
    "Amounts",
    arguments: [
      ("12", "12"), ("0.5", "0.5"), ("12e6", "12000000"), ("10B", "10000000000"),
      ("1.5M", "1500000"), ("1_000", "1000"), ("-3k", "-3000"), ("1e400", nil), ("ten", nil),
      ("", nil), ("0x10", nil), ("1,5", nil),
    ] as [(String, String?)])
  func amounts(_ text: String, _ decimal: String?) {
    let file = "entries:\n  - {date: 2023-07-31, revenue: \"\(text)\"}\n"
    let batch = try? BooksFile.read(file, file: "b.yaml")
    #expect(batch?.entries[0].lines[0].amount.decimal == decimal)
  }

  @Test(
    "A mistake is reported with its place and its remedy",
    arguments: [
      ("b.yaml", "entries:\n  - {date: 2023-07-31, revenu: 1}", 2, "did you mean 'revenue'"),
      ("b.yaml", "entries:\n  - {date: July, revenue: 1}", 2, "a day such as"),
      ("b.yaml", "entries:\n  - {date: 2023-07-31}", 2, "one of revenue"),
      ("b.yaml", "entries:\n  - {date: 2023-07-31, cost: 1, account: api}", 2, "cost is booked to"),
      (
        "b.yaml", "entries:\n  - {date: 2023-07-31, cost: 1, stake: 0.5}", 2,
        "applies only to funding"
      ),
      ("b.yaml", "entries:\n  - {date: 2023-07-31, funding: 1, stake: 2}", 2, "from 0 to 1"),
      ("b.yaml", "entries:\n  - {date: 2023-07-31, funding: 1, cap: 13 billion}", 2, "cap"),
      ("b.yaml", "audience:\n  - {month: 2023-07, users: 1.5}", 2, "whole number"),
      ("b.csv", "date,kind,amount\n2023-07-31,gift,1\n", 2, "is not a known kind"),
      ("b.csv", "date,kind,amount\n2023-07-31,cost\n", 2, "fields under"),
      ("b.csv", "date,kind,amont\n", 1, "did you mean 'amount'"),
    ] as [(String, String, Int, String)])
  func mistakes(_ file: String, _ text: String, _ line: Int, _ words: String) {
    let problem = #expect(throws: FileProblem.self) { try BooksFile.read(text, file: file) }
    #expect(
      problem?.line == line && problem?.description.contains(words) == true,
      "\(problem?.description ?? "none")")
  }
}
