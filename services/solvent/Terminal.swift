// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Standard output carries the answer and nothing else; standard error carries the rest.
enum Terminal {
  static let isOutputTerminal = isatty(1) == 1
  static let isErrorTerminal = isatty(2) == 1

  /// Colour only where it helps and is wanted (https://no-color.org).
  private static func hasColour(_ isTerminal: Bool) -> Bool {
    let environment = ProcessInfo.processInfo.environment
    return isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
      && !CommandLine.arguments.contains("--no-color")
  }

  private static let isUnicode: Bool = {
    let environment = ProcessInfo.processInfo.environment
    let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
    // Without any locale set the text still is UTF-8 nearly everywhere.
    return locale.isEmpty || locale.lowercased().contains("utf")
  }()

  /// Columns of the terminal, or of a page.
  static var width: Int {
    if let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap({ Int($0) }) {
      return max(40, columns)
    }
    var size = winsize()
    if isOutputTerminal, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      return Int(size.ws_col)
    }
    return 120
  }

  /// Writes a line of the answer. When nobody reads any more, the program ends quietly.
  static func print(_ line: String = "") { write(line + "\n", to: 1) }

  static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array((isUnicode ? text : ascii(text)).utf8)
    var at = 0
    while at < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + at, bytes.count - at)
      }
      if count > 0 {
        at += count
      } else if errno == EPIPE {
        Darwinless.exit(0)
      } else if errno != EINTR {
        return
      }
    }
  }

  private static func ascii(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "·": result += "-"
      case "−", "–", "—": result += "-"
      case "×": result += "x"
      case "…": result += "..."
      case "→": result += "->"
      case "▁", "▂": result += "_"
      case "▃", "▄", "▅": result += "-"
      case "▆", "▇", "█": result += "="
      default: result += scalar.isASCII ? String(scalar) : "?"
      }
    }
    return result
  }

  static func note(_ message: String) { write(message + "\n", to: 2) }

  static func error(_ message: String) {
    let word = hasColour(isErrorTerminal) ? "\u{1B}[31merror:\u{1B}[0m" : "error:"
    write("\(word) \(message)\n", to: 2)
  }

  static func bold(_ text: String) -> String {
    hasColour(isOutputTerminal) ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }

  static func dim(_ text: String) -> String {
    hasColour(isOutputTerminal) ? "\u{1B}[2m\(text)\u{1B}[0m" : text
  }
}

/// A bar on standard error, drawn only when that is a terminal.
final class ProgressBar: Sendable {
  private let label: String
  private let isDrawn: Bool
  private let last = Mutex(ContinuousClock.now - .seconds(1))

  init(_ label: String, quiet: Bool) {
    self.label = label
    isDrawn = Terminal.isErrorTerminal && !quiet
  }

  func update(permille: Int, _ detail: String) {
    guard isDrawn else { return }
    let isDue = last.withLock { last in
      guard ContinuousClock.now - last > .milliseconds(80) else { return false }
      last = .now
      return true
    }
    guard isDue else { return }
    let filled = max(0, min(24, permille * 24 / 1_000))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    Terminal.write("\r\u{1B}[K\(label)  [\(bar)] \(permille / 10) %  \(detail)", to: 2)
  }

  func finish() {
    if isDrawn { Terminal.write("\r\u{1B}[K", to: 2) }
  }
}

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

/// Numbers for people.
enum Text {
  /// `▁▃▅█`: each value as a height, from nothing to the greatest.
  static func sparkline(_ values: [Double]) -> String {
    let heights = Array("▁▂▃▄▅▆▇█")
    guard let greatest = values.max(), greatest > 0 else { return "" }
    return String(values.map { heights[max(0, min(7, Int(($0 / greatest * 7).rounded())))] })
  }

  /// `1,204,331`
  static func grouped(_ number: some BinaryInteger) -> String {
    var digits = String(number)
    let sign = digits.hasPrefix("-") ? String(digits.removeFirst()) : ""
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits.removeLast(3)
    }
    return sign + ([digits[...]] + groups).joined(separator: ",")
  }

  /// `386.1 B`: a count with a short scale unit.
  static func short(_ number: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"),
    ]
    for (size, unit) in units where number >= size {
      let tenths = (number / (size / 10))
      return "\(grouped(tenths / 10)).\(tenths % 10) \(unit)"
    }
    return grouped(number)
  }

  /// `99.2 %`, rounded down so that 100 % means all.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "–" }
    let tenths = part.multipliedFullWidth(by: 1_000)
    let permille = whole.dividingFullWidth(tenths).quotient
    return "\(permille / 10).\(permille % 10) %"
  }
}
