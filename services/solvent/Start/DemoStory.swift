// SPDX-License-Identifier: Apache-2.0

import Economics
import Fleet
import Foundation
import Rendering
import Reporting
import Runway

/// The first screen: one question after another, at most 24 lines of 80 columns.
struct DemoStory {
  let cost: CostAnswer
  /// Events that were imported.
  let rows: Int
  /// Of the import.
  let duration: Duration
  let processes: Int
  let verdict: DemoVerdict
  let press: PressComparison

  /// - Parameter digest: of all facts in the ledger; the same seed gives the same one.
  func print(on page: Page, digest: [UInt8]) {
    page.line(page.bold("A ChatGPT-like service, one day of August 2023, from public figures"))
    page.line(
      "and assumptions: \(Text.grouped(rows)) events, each standing for "
        + "\(Text.grouped(DemoUsage.factor)) requests")
    page.line()
    page.line(page.bold("What does the day cost at that month's API list prices?"))
    table.print(on: page)
    page.line(priced)
    page.line()
    relations(on: page)
    page.line()
    questions(on: page)
    page.line()
    let text = Text.hex(digest.prefix(4))
    let milliseconds = Int(duration / .milliseconds(1))
    page.line(
      page.dim(
        "booked by \(processes) processes in \(milliseconds) ms, each event once, on disk · digest \(text)"
      ))
    page.line("every input: solvent demo --explain · your own log: solvent cost LOG.csv")
  }

  private var table: Table {
    let printer = CostPrinter(cost, zone: "UTC")
    var table = Table(columns: [
      .init(title: "PRODUCT"), .init(title: "MODEL"), .init(title: "REQUESTS", isNumber: true),
      .init(title: "COST", isNumber: true),
    ])
    func row(_ key: [String], _ totals: CostTotals) -> [String] {
      key + [Text.grouped(totals.quantity(.requests)), printer.cost(totals)]
    }
    table.rows = cost.rows.map { row($0.key, $0.totals) }
    table.footer = row(["TOTAL", ""], cost.total)
    return table
  }

  /// Rounded once, so that the two parts add up.
  private var priced: String {
    let tokens = cost.total.tokens
    let permille =
      tokens.all > 0
      ? tokens.all.dividingFullWidth(tokens.priced.multipliedFullWidth(by: 1_000)).quotient : 0
    func percent(_ permille: UInt64) -> String { "\(permille / 10).\(permille % 10)%" }
    return
      "\(percent(permille)) of tokens have a price; the other \(percent(1_000 - permille)) have "
      + "none and are not in any sum"
  }

  /// How the figures of chat's cost per day relate.
  private func relations(on page: Page) {
    var chat = CostTotals()
    for row in cost.rows where row.key.first == DemoUsage.mainProduct { try? chat.add(row.totals) }
    let currency = FleetEstimate.currency
    let (arithmetic, memory) = (press.cases[0].estimate, press.cases[1].estimate)
    page.line(page.bold("What does chat alone cost per day? It depends on what is counted:"))
    page.line(
      "  as an API \(Amount.text(chat.cost.approximate, currency)) · on "
        + "\(Text.grouped(Int(arithmetic.gpus))) GPUs, only arithmetic counted (press) "
        + Amount.text(arithmetic.perDay, currency))
    page.line(
      "  on the \(Text.grouped(Int(memory.gpus))) GPUs that memory requires "
        + "\(Amount.text(memory.perDay, currency)) · assumed below "
        + Amount.text(verdict.servingPerDay, currency))
  }

  private func questions(on page: Page) {
    func line(_ question: String, _ answer: String) {
      page.line(page.bold(question) + "  " + answer)
    }
    let currency = verdict.currency
    line(
      "Does revenue cover it?",
      "\(Amount.text(verdict.revenuePerDay, currency)) per day, chat and API: "
        + "\(whole(verdict.servingCoverage)) of serving "
        + "(\(Amount.text(verdict.allServingPerDay, currency))),")
    page.line(
      "  \(whole(verdict.coverage)) of all costs "
        + "(\(Amount.text(verdict.costsPerDay, currency)))")
    line(
      "How long does the money last?",
      "\(Amount.text(verdict.cash, currency)) (assumed), less \(Amount.text(verdict.burnPerDay, currency)) "
        + "per day: \(Int(verdict.monthsFlat.rounded())) months")
    line(
      "How likely is ruin in \(verdict.horizon) months?",
      "\(verdict.ruin); with Microsoft's $10B \(verdict.ruinWithRound)")
    line("If 12% of users leave?", "\(verdict.shockText) points: fewer users also cost less")
  }

  private func whole(_ ratio: Double) -> String { "\(Int((ratio * 100).rounded()))%" }
}
