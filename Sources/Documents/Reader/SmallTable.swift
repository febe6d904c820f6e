// SPDX-License-Identifier: Apache-2.0

import Economics
import Usage

/// A delimited file that fits into memory, as rows of text by column.
struct SmallTable {
  static let bytesMax = 256 * 1024 * 1024

  struct Row {
    let file: String
    let line: Int
    private let columns: [String: Int]
    private let fields: [String]

    init(file: String, line: Int, columns: [String: Int], fields: [String]) {
      self.file = file
      self.line = line
      self.columns = columns
      self.fields = fields
    }

    /// The text of a column; empty when the file has no such column.
    subscript(name: String) -> String {
      guard let index = columns[name], index < fields.count else { return "" }
      return fields[index]
    }

    func problem(_ column: String, _ message: String) -> FileProblem {
      FileProblem(file: file, line: line, path: column, message)
    }

    /// The text of a column that must not be empty.
    func text(_ column: String) throws(FileProblem) -> String {
      let text = self[column]
      guard !text.isEmpty else { throw problem(column, "is empty") }
      return text
    }

    /// A number that may be left out.
    func number(_ column: String) throws(FileProblem) -> Double? {
      let text = self[column]
      if text.isEmpty { return nil }
      guard let value = Double(text), value.isFinite else {
        throw problem(column, "'\(text)' is not a valid number")
      }
      return value
    }

    /// A number above 0.
    func positive(_ column: String, most: Double = 1e15) throws(FileProblem) -> Double {
      guard let value = try number(column) else { throw problem(column, "is empty") }
      guard value > 0, value <= most else {
        throw problem(column, "'\(self[column])' must be above 0 and at most \(most)")
      }
      return value
    }

    /// A number from 1 on that may be left out.
    func atLeastOne(_ column: String) throws(FileProblem) -> Double? {
      guard let value = try number(column) else { return nil }
      guard value >= 1, value <= 1e15 else {
        throw problem(column, "'\(self[column])' must be at least 1")
      }
      return value
    }

    /// A whole number within a range that may be left out.
    func whole(_ column: String, _ range: ClosedRange<Int>) throws(FileProblem) -> Int? {
      guard let value = try number(column) else { return nil }
      guard let whole = Int(exactly: value), range.contains(whole) else {
        throw problem(
          column,
          "'\(self[column])' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return whole
    }
  }

  let file: String
  let columns: [String]
  let rows: [Row]

  /// Reads a file, also gzipped; `-` is standard input.
  init(path: String, required: [String]) throws(FileProblem) {
    var bytes: [UInt8] = []
    do throws(ReadError) {
      let input = try ByteSource(path: path)
      var buffer = [UInt8](repeating: 0, count: 1 << 18)
      while true {
        var failure: ReadError?
        let count = buffer.withUnsafeMutableBytes { room -> Int in
          do throws(ReadError) {
            return try input.read(into: room)
          } catch {
            failure = error
            return 0
          }
        }
        if let failure { throw failure }
        if count == 0 { break }
        bytes.append(contentsOf: buffer[..<count])
        guard bytes.count <= Self.bytesMax else {
          throw ReadError(path, "is larger than \(Self.bytesMax) bytes")
        }
      }
    } catch {
      throw FileProblem(file: path, error.description)
    }
    try self.init(bytes, file: path, required: required)
  }

  init(_ bytes: [UInt8], file: String, required: [String]) throws(FileProblem) {
    var columns: [String]?
    var index: [String: Int] = [:]
    var rows: [Row] = []
    for (line, cells) in try DelimitedText.rows(bytes, file: file) {
      guard columns != nil else {
        columns = cells
        for (position, name) in cells.enumerated() { index[name] = position }
        for name in required where index[name] == nil {
          let near =
            Spelling.nearest(to: name, among: cells).map { "; did you mean '\($0)'?" } ?? ""
          throw FileProblem(file: file, line: 1, "the column '\(name)' is missing\(near)")
        }
        continue
      }
      rows.append(Row(file: file, line: line, columns: index, fields: cells))
    }
    guard let columns else { throw FileProblem(file: file, "is empty: it has no header") }
    self.file = file
    self.columns = columns
    self.rows = rows
  }
}
