// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Rows under headings, aligned, as wide as the terminal allows.
struct Table {
  struct Column {
    var title: String
    var isNumber = false
    /// Left out first when there is no room; 0 stays always.
    var rank = 0
  }

  var columns: [Column]
  var rows: [[String]] = []
  var footer: [String]?

  func lines(width: Int) -> [String] {
    let all = rows + (footer.map { [$0] } ?? [])
    var widths = columns.indices.map { index in
      max(columns[index].title.count, all.map { $0[index].count }.max() ?? 0)
    }
    var shown = Array(columns.indices)
    func total() -> Int { shown.reduce(0) { $0 + widths[$1] + 2 } - 2 }
    while total() > width,
      let victim = shown.filter({ columns[$0].rank > 0 })
        .max(by: { columns[$0].rank < columns[$1].rank })
    {
      shown.removeAll { $0 == victim }
    }
    if total() > width,
      let widest = shown.filter({ !columns[$0].isNumber })
        .max(by: { widths[$0] < widths[$1] })
    {
      widths[widest] = max(8, widths[widest] - (total() - width))
    }
    func line(_ cells: [String]) -> String {
      let padded = shown.map { index in
        let cell = cells[index]
        let text = cell.count > widths[index] ? "\(cell.prefix(widths[index] - 1))…" : cell
        let space = String(repeating: " ", count: widths[index] - text.count)
        return columns[index].isNumber ? space + text : text + space
      }
      var joined = padded.joined(separator: "  ")
      while joined.last == " " { joined.removeLast() }
      return joined
    }
    var lines = [Terminal.bold(line(columns.map(\.title)))]
    lines += rows.map(line)
    if let footer { lines.append(Terminal.bold(line(footer))) }
    return lines
  }

  func print() {
    for line in lines(width: Terminal.width) { Terminal.print(line) }
  }

  /// As Markdown, whole, where that is asked for.
  func print(as format: OutputOptions.Format) {
    guard format == .md else { return print() }
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    Terminal.print(line(columns.map(\.title)))
    Terminal.print(line(columns.map { $0.isNumber ? "---:" : "---" }))
    for row in rows + (footer.map { [$0] } ?? []) { Terminal.print(line(row)) }
  }
}
