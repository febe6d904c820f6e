// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
public import Reporting

/// Writes a cost answer: for people with rounding, for programs exactly.
///
/// ```swift
/// let page = Page(.csv, width: 80, isEmphatic: false) { text in
///   output.withLock { $0 += text }
/// }
/// CostPrinter(answer, zone: "UTC").print(on: page)
/// ```
/// The example is compiled in `Tests/ExampleTests/RenderingExamples.swift`.
public struct CostPrinter {
  private let answer: CostAnswer
  private let zone: String
  private let currency: String

  /// - Parameter zone: the time zone in which the days of the answer are cut.
  public init(_ answer: CostAnswer, zone: String) {
    self.answer = answer
    self.zone = zone
    currency = answer.currency ?? "USD"
  }

  /// Writes the answer in the page's format.
  public func print(on page: Page) {
    switch page.format {
    case .table, .md: printTable(on: page)
    case .json: page.json("solvent.cost/v1", CostJSON(answer, zone: zone, currency: currency))
    case .csv: printCSV(on: page)
    }
  }

  // MARK: For people

  private var symbol: String { Amount.symbol(currency) }

  /// `unpriced` where no price is known: 0 would be a lie.
  public func cost(_ totals: CostTotals) -> String {
    guard totals.hasPriced else { return totals.hasUnpriced ? "unpriced" : "–" }
    let whole = totals.cost.quanta.magnitude / UInt128(Money.quantaPerUnit)
    let decimals = whole >= 1 ? 2 : 6
    return Amount.text(totals.cost, decimals: decimals, currency)
      + (totals.hasUnpriced ? " +?" : "")
  }

  /// Whole units, for sentences.
  public func dollars(_ totals: CostTotals) -> String {
    guard totals.hasPriced else { return "an unknown amount" }
    return Amount.text(totals.cost, decimals: 0, currency)
  }

  private func table() -> Table {
    let hasImages = answer.total.quantity(.images) > 0
    let hasCached = answer.total.quantity(.cachedInputTokens) > 0
    var columns = answer.by.map { Table.Column(title: $0.uppercased()) }
    columns.append(.init(title: "REQUESTS", isNumber: true))
    columns.append(.init(title: "FAILED", isNumber: true, rank: 3))
    columns.append(.init(title: "TOKENS IN", isNumber: true, rank: 1))
    if hasCached { columns.append(.init(title: "CACHED", isNumber: true, rank: 2)) }
    columns.append(.init(title: "TOKENS OUT", isNumber: true, rank: 1))
    if hasImages { columns.append(.init(title: "IMAGES", isNumber: true, rank: 1)) }
    columns.append(.init(title: "COST", isNumber: true))
    columns.append(
      .init(title: "\(symbol.trimmingCharacters(in: .whitespaces))/REQ", isNumber: true, rank: 4))
    func cells(_ key: [String], _ totals: CostTotals) -> [String] {
      var cells = key.map { $0.isEmpty ? "–" : $0 }
      cells.append(Text.grouped(totals.quantity(.requests)))
      cells.append(Text.grouped(totals.quantity(.failedRequests)))
      cells.append(Text.short(totals.quantity(.inputTokens)))
      if hasCached { cells.append(Text.short(totals.quantity(.cachedInputTokens))) }
      cells.append(Text.short(totals.quantity(.outputTokens)))
      if hasImages { cells.append(Text.grouped(totals.quantity(.images))) }
      cells.append(cost(totals))
      cells.append(totals.costPerRequest.map { $0.rounded(decimals: 6) } ?? "–")
      return cells
    }
    var table = Table(columns: columns)
    table.rows = answer.rows.map { cells($0.key, $0.totals) }
    if !answer.by.isEmpty {
      let blank = [String](repeating: "", count: answer.by.count - 1)
      table.footer = cells(["TOTAL"] + blank, answer.total)
      for index in 1..<answer.by.count { table.footer?[index] = "" }
    }
    return table
  }

  /// How much is priced, how it is known, and of which state of the ledger it is.
  public var footnote: String {
    var parts: [String] = []
    let tokens = answer.total.tokens
    if tokens.all > 0 {
      parts.append("priced \(Text.percent(tokens.priced, of: tokens.all)) of tokens")
    }
    let requests = answer.total.unpriced(.requests)
    if requests > 0 { parts.append("\(Text.grouped(requests)) requests without a price") }
    parts.append("evidence \(answer.total.evidence.name)")
    // Not the chain: it depends on the order of bookings, as the facts do not.
    if answer.sequence > 0 { parts.append("ledger \(answer.sequence)") }
    if zone != "UTC" { parts.append(zone) }
    return parts.joined(separator: " · ")
  }

  private func printTable(on page: Page) {
    table().print(on: page)
    if page.format == .md { page.line() }
    page.line(page.dim(footnote))
  }

  /// Meters, cost and currency, exact; an empty cost has no price.
  private func printCSV(on page: Page) {
    let names =
      answer.by + Meter.allCases.map(\.name) + [
        "cost", "currency", "unpriced_tokens", "unpriced_images", "unpriced_requests",
        "evidence",
      ]
    var text = names.map(CSVText.cell).joined(separator: ",") + "\n"
    for row in answer.rows {
      let totals = row.totals
      var cells = row.key.map(CSVText.cell)
      cells += Meter.allCases.map { String(totals.quantity($0)) }
      cells.append(totals.hasPriced ? totals.cost.decimal : "")
      cells.append(currency)
      cells.append(String(totals.tokens.all - totals.tokens.priced))
      cells.append(String(totals.unpriced(.images)))
      cells.append(String(totals.unpriced(.requests)))
      cells.append(totals.evidence.name)
      text += cells.joined(separator: ",") + "\n"
      if text.utf8.count > 1 << 16 {
        page.write(text)
        text = ""
      }
    }
    page.write(text)
  }
}

/// `solvent.cost/v1`
private struct CostJSON: Encodable {
  struct Coverage: Encodable {
    var tokens: UInt64
    var priced: UInt64
  }

  struct LedgerState: Encodable {
    var sequence: Int64
    var chain: String
  }

  var asOf: String
  var currency: String
  var zone: String
  var by: [String]
  var coverage: Coverage
  var ledger: LedgerState?
  var total: [String: JSON.Value]
  var rows: [[String: JSON.Value]]

  init(_ answer: CostAnswer, zone: String, currency: String) {
    asOf = Date().formatted(.iso8601)
    self.currency = currency
    self.zone = zone
    by = answer.by
    let tokens = answer.total.tokens
    coverage = Coverage(tokens: tokens.all, priced: tokens.priced)
    if answer.sequence > 0 {
      ledger = LedgerState(
        sequence: answer.sequence,
        chain: Text.hex(answer.chain))
    }
    total = Self.fields(answer.total)
    rows = answer.rows.map { row in
      // A tag that is called as a figure is does not hide the figure.
      Self.fields(row.totals).merging(zip(answer.by, row.key.map { .text($0) })) { figure, _ in
        figure
      }
    }
  }

  private static func fields(_ totals: CostTotals) -> [String: JSON.Value] {
    var fields: [String: JSON.Value] = [:]
    var unpriced: [String: JSON.Value] = [:]
    for meter in Meter.allCases {
      fields[meter.name] = .count(totals.quantity(meter))
      if totals.unpriced(meter) > 0 { unpriced[meter.name] = .count(totals.unpriced(meter)) }
    }
    fields["cost"] = .money(totals.hasPriced ? totals.cost : nil)
    fields["cost_per_request"] = .money(totals.costPerRequest)
    fields["unpriced"] = .object(unpriced)
    fields["evidence"] = .text(totals.evidence.name)
    return fields
  }
}
