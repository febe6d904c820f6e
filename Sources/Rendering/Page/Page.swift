// SPDX-License-Identifier: Apache-2.0

/// What an answer is written as.
public enum OutputFormat: String, CaseIterable, Sendable {
  /// Aligned columns, rounded for people.
  case table
  /// One JSON object, exact; its schema is in `docs/schemas`.
  case json
  /// RFC 4180, exact.
  case csv
  /// Markdown, rounded as the table is.
  case md
}

/// Where an answer is written: how, how wide, with or without emphasis, and to whom.
public struct Page: Sendable {
  /// What the answer is written as.
  public let format: OutputFormat
  /// Columns that a line may take.
  public let width: Int
  private let isEmphatic: Bool
  private let sink: @Sendable (String) -> Void

  /// - Parameters:
  ///   - width: columns of the terminal, or of what stands for one.
  ///   - isEmphatic: whether bold and dim text may be marked by escape sequences (ECMA-48, SGR).
  ///   - sink: gets the text in pieces, whole lines each.
  public init(
    _ format: OutputFormat, width: Int, isEmphatic: Bool, sink: @escaping @Sendable (String) -> Void
  ) {
    self.format = format
    self.width = width
    self.isEmphatic = isEmphatic
    self.sink = sink
  }

  /// The same page in another format.
  public func with(_ format: OutputFormat) -> Page {
    Page(format, width: width, isEmphatic: isEmphatic, sink: sink)
  }

  /// Writes a line.
  public func line(_ text: String = "") { sink(text + "\n") }

  /// Writes text that ends its own lines.
  public func write(_ text: String) { sink(text) }

  /// The text in bold, where the page allows emphasis.
  public func bold(_ text: String) -> String { isEmphatic ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  /// The text in gray, where the page allows emphasis.
  public func dim(_ text: String) -> String { isEmphatic ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

  /// Writes a line of CSV; numbers stay numbers, also negative ones.
  public func csv(_ cells: [String]) { line(CSVText.line(cells)) }
}
