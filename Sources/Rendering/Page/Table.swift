// SPDX-License-Identifier: Apache-2.0

/// Rows under headings, aligned, as wide as the terminal allows.
public struct Table: Sendable {
  /// A heading and how its cells are aligned.
  public struct Column: Sendable {
    /// The heading, in upper case.
    public var title: String
    /// Whether cells are aligned to the right.
    public var isNumber: Bool
    /// Left out first when there is no room; 0 stays always.
    public var rank: Int

    public init(title: String, isNumber: Bool = false, rank: Int = 0) {
      self.title = title
      self.isNumber = isNumber
      self.rank = rank
    }
  }

  /// From left to right.
  public var columns: [Column]
  /// One text per column.
  public var rows: [[String]] = []
  /// The last line, set apart; `nil` for none.
  public var footer: [String]?

  public init(columns: [Column]) { self.columns = columns }

  /// The lines of the aligned table.
  public func lines(on page: Page) -> [String] {
    let width = page.width
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
    var lines = [page.bold(line(columns.map(\.title)))]
    lines += rows.map(line)
    if let footer { lines.append(page.bold(line(footer))) }
    return lines
  }

  /// Writes the table; as Markdown, whole, where that is asked for.
  public func print(on page: Page) {
    guard page.format == .md else {
      for line in lines(on: page) { page.line(line) }
      return
    }
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    page.line(line(columns.map(\.title)))
    page.line(line(columns.map { $0.isNumber ? "---:" : "---" }))
    for row in rows + (footer.map { [$0] } ?? []) { page.line(line(row)) }
  }
}
