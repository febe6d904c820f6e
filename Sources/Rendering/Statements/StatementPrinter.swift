// SPDX-License-Identifier: Apache-2.0

import Economics
public import Reporting

/// Writes a statement: its lines are data, so every format shows the same ones.
public struct StatementPrinter {
  private let answer: StatementAnswer

  public init(_ answer: StatementAnswer) { self.answer = answer }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.\(answer.kind.name)/v1", StatementJSON(answer))
    case .csv: printCSV(on: page)
    case .table, .md:
      switch answer.kind {
      case .profitAndLoss: printMonths(on: page)
      case .audience: printByMonth(on: page)
      case .unitEconomics, .coverage, .runway, .balance: printLines(on: page)
      }
      if answer.hasUnpriced {
        page.line("some usage has no price and is not in any sum; see: solvent prices check")
      }
    }
  }

  private func text(_ line: StatementLine, _ value: StatementValue) -> String {
    switch value {
    case .unknown: "–"
    case .money(let money): Amount.text(money, decimals: line.decimals, answer.currency)
    case .count(let count): Text.grouped(count)
    case .number(let number):
      switch line.unit {
      case .share: Percent.text(number)
      case .months: "\(Text.decimal(number, 1)) months"
      case .ratio, .money, .count, .text: Text.decimal(number, 2)
      }
    case .text(let text): text
    }
  }

  /// The note, and what the line is made of.
  private func remarks(_ line: StatementLine) -> String {
    let parts = line.parts.filter { $0.key != "name" && $0.key != "date" }.compactMap { part in
      part.values.first.map { "\(part.label) \(text(part, $0))" }
    }
    return ([line.note].filter { !$0.isEmpty } + parts).joined(separator: ", ")
  }

  /// A line for each line, of the one period.
  private func printLines(on page: Page) {
    var table = Table(columns: [
      .init(title: answer.columns.first ?? ""), .init(title: "", isNumber: true),
      .init(title: ""),
    ])
    table.rows = answer.lines.map { line in
      [line.label, line.values.first.map { text(line, $0) } ?? "", remarks(line)]
    }
    table.print(on: page)
  }

  /// Lines down, months across: the newest that fit, and the whole.
  private func printMonths(on page: Page) {
    let months = answer.columns.count - 1
    let labels = answer.lines.map(\.label.count).max() ?? 0
    let whole = "\(months) MONTH\(months == 1 ? "" : "S")"
    let cells = answer.lines.flatMap { line in line.values.map { text(line, $0).count } }
    let titles = answer.columns.map(\.count) + [whole.count]
    let width = ((cells + titles).max() ?? 0) + 2
    let fitting = page.format == .md ? months : (page.width - labels - width) / max(1, width)
    let shown = max(1, min(months, fitting))
    let columns = Array(months - shown..<months) + [months]
    var table = Table(
      columns: [.init(title: "")]
        + columns.map {
          .init(
            title: $0 == months ? whole : answer.columns[$0], isNumber: true)
        })
    table.rows = answer.lines.map { line in
      [line.label] + columns.map { text(line, line.values[$0]) }
    }
    table.print(on: page)
    if shown < months {
      page.line(
        "\(months - shown) earlier months are included in the sum; --csv and --json list them")
    }
  }

  /// Months down, lines across.
  private func printByMonth(on page: Page) {
    var table = Table(
      columns: [.init(title: "MONTH")]
        + answer.lines.map {
          .init(
            title: $0.label.uppercased(), isNumber: $0.unit != .text, rank: $0.unit == .text ? 2 : 0
          )
        })
    table.rows = answer.columns.indices.map { index in
      [answer.columns[index]] + answer.lines.map { text($0, $0.values[index]) }
    }
    table.print(on: page)
  }

  private func printCSV(on page: Page) {
    guard answer.columns.count == 1, answer.kind != .profitAndLoss, answer.kind != .audience else {
      page.csv(["month"] + answer.lines.map(\.key) + ["unpriced"])
      for (index, column) in answer.columns.enumerated() {
        page.csv(
          [column] + answer.lines.map { Self.exact($0.values[index]) }
            + ["\(answer.isUnpriced[index])"])
      }
      return
    }
    page.csv(["key", "value", "unit", "label", "note"])
    for line in answer.lines { printCSV(line, line.key, on: page) }
  }

  /// A line and its parts, as `deal_1` and `deal_1.outstanding`.
  private func printCSV(_ line: StatementLine, _ key: String, on page: Page) {
    page.csv([
      key, line.values.first.map(Self.exact) ?? "",
      line.unit == .money ? answer.currency : line.unit.name, line.label,
      line.parts.isEmpty ? remarks(line) : line.note,
    ])
    for part in line.parts { printCSV(part, "\(key).\(part.key)", on: page) }
  }

  /// Exact for programs, empty where it is not known.
  private static func exact(_ value: StatementValue) -> String {
    switch value {
    case .unknown: ""
    case .money(let money): money.decimal
    case .count(let count): String(count)
    case .number(let number): "\(number)"
    case .text(let text): text
    }
  }
}

/// The JSON of a statement: each value under its line's key, and the lines with all that is known of
/// them. With several columns the values stand in `months` and `total`.
private struct StatementJSON: Encodable {
  struct Line: Encodable {
    var key: String
    var label: String
    var unit: String
    /// Of the period; absent where the statement has a column a month.
    var value: JSON.Value?
    var note: String
    var parts: [Line]
  }

  private let answer: StatementAnswer

  init(_ answer: StatementAnswer) { self.answer = answer }

  private var isByMonth: Bool { answer.kind == .profitAndLoss || answer.kind == .audience }

  private static func value(_ value: StatementValue) -> JSON.Value {
    switch value {
    case .unknown: .null
    case .money(let money): .text(money.decimal)
    case .count(let count): .count(count)
    case .number(let number): .number(number)
    case .text(let text): .text(text)
    }
  }

  private func line(_ line: StatementLine, hasValue: Bool) -> Line {
    Line(
      key: line.key, label: line.label, unit: line.unit.name,
      value: hasValue ? line.values.first.map(Self.value) : nil, note: line.note,
      parts: line.parts.map { self.line($0, hasValue: true) })
  }

  /// All values of a column by key.
  private func column(_ index: Int) -> [String: JSON.Value] {
    var fields = Dictionary(
      answer.lines.map { ($0.key, Self.value($0.values[index])) }, uniquingKeysWith: { $1 })
    fields["unpriced"] = .flag(answer.isUnpriced[index])
    return fields
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(answer.currency, forKey: Key("currency"))
    try container.encode(answer.since.description, forKey: Key("since"))
    try container.encode(answer.until.description, forKey: Key("until"))
    try container.encode(
      answer.lines.map { line($0, hasValue: !isByMonth) }, forKey: Key("lines"))
    guard isByMonth else {
      for (key, value) in column(0) { try container.encode(value, forKey: Key(key)) }
      return
    }
    var months: [[String: JSON.Value]] = []
    for (index, name) in answer.columns.enumerated() {
      if name == "total" {
        try container.encode(column(index), forKey: Key("total"))
      } else {
        months.append(column(index).merging(["month": .text(name)]) { $1 })
      }
    }
    try container.encode(months, forKey: Key("months"))
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
