// SPDX-License-Identifier: Apache-2.0

package import Economics

/// A small CSV text (RFC 4180) as rows of cells: for files that people write. Logs are read by
/// ``UsageReader``, which keeps nothing.
package enum DelimitedText {
  /// The lines that are not empty, with their numbers from 1. A byte order mark is left out.
  /// - Throws: ``FileProblem`` where a quote is not closed.
  package static func rows(
    _ bytes: [UInt8], file: String
  ) throws(FileProblem) -> [(line: Int, cells: [String])] {
    var scanner = RecordScanner(delimiter: UInt8(ascii: ","))
    var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var line = 1
    var rows: [(line: Int, cells: [String])] = []
    while position < bytes.count {
      let start = position
      let outcome = bytes.withUnsafeBufferPointer { buffer -> RecordScanner.Outcome in
        guard let base = buffer.baseAddress else { return .incomplete }
        return scanner.scan(base, from: start, to: buffer.count, isFinal: true)
      }
      guard case .record(let next) = outcome else {
        throw FileProblem(file: file, line: line, "is not properly quoted")
      }
      var cells: [String] = []
      cells.reserveCapacity(scanner.fieldCount)
      for index in 0..<min(scanner.fieldCount, RecordScanner.fieldsMax) {
        let field = scanner[index]
        let text = String(decoding: bytes[field.start..<field.start + field.count], as: UTF8.self)
        cells.append(field.isEscaped ? text.replacing("\"\"", with: "\"") : text)
      }
      if cells != [""] { rows.append((line, cells)) }
      line += bytes[start..<next].count { $0 == 0x0A }
      position = next
    }
    return rows
  }
}
