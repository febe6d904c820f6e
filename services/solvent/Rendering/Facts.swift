// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

/// Lines of labels and values, for people and for programs.
struct Facts {
  enum Value {
    case money(Money?, decimals: Int)
    case ratio(Double?)
    case percent(Double?)
    case count(UInt64?)
    case months(Double?)
    case words(String)
  }

  let schema: String
  let currency: String
  private var rows: [(key: String, label: String, value: Value, note: String)] = []
  var extra: [(String, JSONText)] = []

  init(_ schema: String, currency: String) {
    self.schema = schema
    self.currency = currency
  }

  mutating func add(_ key: String, _ label: String, _ value: Value, _ note: String = "") {
    rows.append((key, label, value, note))
  }

  /// Says that costs are only what is priced, where that is so.
  mutating func addUnpriced(_ statement: Statement) {
    guard statement.usage.hasUnpriced else { return }
    add(
      "unpriced", "unpriced", .words("usage without a price"),
      "costs are at least this; see: solvent prices check")
  }

  /// On whom the company depends.
  mutating func add(_ independence: Independence) {
    for (key, label, shares) in [
      ("capital_share", "capital from", independence.capital),
      ("cost_share", "costs to", independence.costs), ("owner", "owned by", independence.owners),
    ] {
      for (index, share) in shares.prefix(3).enumerated() {
        add("\(key)_\(index + 1)", "\(label) \(share.name)", .percent(share.share))
      }
    }
  }

  private func text(_ value: Value) -> String {
    switch value {
    case .money(let money, let decimals): Self.text(money, decimals, currency)
    case .ratio(let ratio): ratio.map { String(format: "%.2f", $0) } ?? "–"
    case .percent(let ratio): ratio.map { String(format: "%.1f %%", $0 * 100) } ?? "–"
    case .count(let count): count.map { Text.grouped($0) } ?? "–"
    case .months(let months): months.map { String(format: "%.1f months", $0) } ?? "–"
    case .words(let words): words
    }
  }

  static func text(_ money: Money?, _ decimals: Int, _ currency: String) -> String {
    guard let money else { return "–" }
    let rounded = money.rounded(decimals: decimals)
    let isNegative = rounded.hasPrefix("-")
    let parts = (isNegative ? String(rounded.dropFirst()) : rounded).split(separator: ".")
    let whole = Text.grouped(Int128(parts[0]) ?? 0)
    let symbol = currency == "USD" ? "$" : "\(currency) "
    return (isNegative ? "−" : "") + symbol + whole + (parts.count > 1 ? ".\(parts[1])" : "")
  }

  private func json(_ value: Value) -> JSONText {
    switch value {
    case .money(let money, _): money.map { .string($0.decimal) } ?? .null
    case .ratio(let ratio), .percent(let ratio), .months(let ratio):
      ratio.map { .number("\($0)") } ?? .null
    case .count(let count): count.map { .number("\($0)") } ?? .null
    case .words(let words): .string(words)
    }
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object(
          [("schema", .string(schema)), ("currency", .string(currency))]
            + rows.map { ($0.key, json($0.value)) } + extra
        ).text)
    case .csv:
      Terminal.print("key,value")
      for row in rows {
        let text = json(row.value).text
        Terminal.print(
          "\(row.key),\(text.hasPrefix("\"") ? String(text.dropFirst().dropLast()) : text)")
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: ""), .init(title: "", isNumber: true), .init(title: ""),
      ])
      table.rows = rows.map { [$0.label, text($0.value), $0.note] }
      if format == .md { return table.print(as: format) }
      for line in table.lines(width: Terminal.width).dropFirst() { Terminal.print(line) }
    }
  }
}
