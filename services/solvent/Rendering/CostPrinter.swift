// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Reporting

/// Writes a cost answer: for people with rounding, for programs exactly.
struct CostPrinter {
  private let answer: CostAnswer
  private let zone: String
  private let currency: String

  init(_ answer: CostAnswer, zone: String) {
    self.answer = answer
    self.zone = zone
    currency = answer.currency ?? "USD"
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .table: printTable()
    case .md: printMarkdown()
    case .json: printJSON()
    case .csv: printCSV()
    }
  }

  // MARK: For people

  private var symbol: String { currency == "USD" ? "$" : "\(currency) " }

  /// `unpriced` where no price is known: 0 would be a lie.
  func cost(_ totals: CostTotals) -> String {
    guard totals.hasPriced else { return totals.hasUnpriced ? "unpriced" : "–" }
    let whole = totals.cost.quanta.magnitude / UInt128(Money.quantaPerUnit)
    let decimals = whole >= 1 ? 2 : 6
    let text = totals.cost.rounded(decimals: decimals)
    let parts = text.split(separator: ".")
    let grouped = Text.grouped(Int128(parts[0]) ?? 0)
    return symbol + grouped + (parts.count > 1 ? ".\(parts[1])" : "")
      + (totals.hasUnpriced ? " +?" : "")
  }

  /// Whole units, for sentences.
  func dollars(_ totals: CostTotals) -> String {
    guard totals.hasPriced else { return "an unknown amount" }
    return symbol + Text.grouped(Int128(totals.cost.rounded(decimals: 0)) ?? 0)
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

  var footnote: String {
    var parts: [String] = []
    let tokens = answer.total.tokens
    if tokens.all > 0 {
      parts.append("priced \(Text.percent(tokens.priced, of: tokens.all)) of tokens")
    }
    parts.append("evidence \(answer.total.evidence.name)")
    if answer.sequence > 0 {
      let chain = answer.chain.prefix(4).map { String(format: "%02x", $0) }.joined()
      parts.append("ledger \(answer.sequence) \(chain)")
    }
    if zone != "UTC" { parts.append(zone) }
    return parts.joined(separator: " · ")
  }

  private func printTable() {
    guard !answer.rows.isEmpty else {
      Terminal.note("no usage yet; import some with: solvent ingest FILE")
      return
    }
    table().print()
    Terminal.print(Terminal.dim(footnote))
  }

  private func printMarkdown() {
    table().print(as: .md)
    Terminal.print("\n\(footnote)")
  }

  // MARK: For programs

  private func printCSV() {
    let unit = currency.lowercased()
    let names =
      answer.by + Meter.allCases.map(\.name) + [
        "cost_nano_\(unit)", "cost_\(unit)", "unpriced_tokens", "unpriced_images", "evidence",
      ]
    var text = names.map(CSVText.cell).joined(separator: ",") + "\n"
    for row in answer.rows {
      let totals = row.totals
      var cells = row.key.map(CSVText.cell)
      cells += Meter.allCases.map { String(totals.quantity($0)) }
      cells.append(totals.hasPriced ? totals.cost.nano : "")
      cells.append(totals.hasPriced ? totals.cost.decimal : "")
      cells.append(String(totals.tokens.all - totals.tokens.priced))
      cells.append(String(totals.unpriced(.images)))
      cells.append(totals.evidence.name)
      text += cells.joined(separator: ",") + "\n"
      if text.utf8.count > 1 << 16 {
        Terminal.write(text, to: 1)
        text = ""
      }
    }
    Terminal.write(text, to: 1)
  }

  private func printJSON() {
    var object: [(String, JSONText)] = [
      ("schema", .string("solvent.cost/v1")),
      ("asOf", .string(Date().formatted(.iso8601))),
      ("currency", .string(currency)),
      ("zone", .string(zone)),
      ("by", .array(answer.by.map(JSONText.string))),
    ]
    let tokens = answer.total.tokens
    object.append(
      (
        "coverage",
        .object([
          ("tokens", .number(String(tokens.all))), ("priced", .number(String(tokens.priced))),
        ])
      ))
    if answer.sequence > 0 {
      let chain = answer.chain.map { String(format: "%02x", $0) }.joined()
      object.append(
        (
          "ledger",
          .object([("sequence", .number(String(answer.sequence))), ("chain", .string(chain))])
        ))
    }
    object.append(("total", .object(fields(answer.total))))
    object.append(
      (
        "rows",
        .array(
          answer.rows.map { row in
            .object(zip(answer.by, row.key).map { ($0, .string($1)) } + fields(row.totals))
          })
      ))
    Terminal.print(JSONText.object(object).text)
  }

  private func fields(_ totals: CostTotals) -> [(String, JSONText)] {
    var fields: [(String, JSONText)] = Meter.allCases.map {
      ($0.name, .number(String(totals.quantity($0))))
    }
    let unit = currency.lowercased()
    fields.append(("cost_\(unit)", totals.hasPriced ? .string(totals.cost.decimal) : .null))
    fields.append(("cost_nano_\(unit)", totals.hasPriced ? .number(totals.cost.nano) : .null))
    fields.append(
      ("cost_per_request_\(unit)", totals.costPerRequest.map { .string($0.decimal) } ?? .null))
    fields.append(
      (
        "unpriced",
        .object(
          Meter.allCases.filter { totals.unpriced($0) > 0 }.map {
            ($0.name, .number(String(totals.unpriced($0))))
          })
      ))
    fields.append(("evidence", .string(totals.evidence.name)))
    return fields
  }
}
