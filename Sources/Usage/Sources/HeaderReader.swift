// SPDX-License-Identifier: Apache-2.0

import Economics

/// Opens a log and reads its first record: the names of the columns, and the delimiter.
enum HeaderReader {
  /// A row of the greatest length with its line end, and room to read on.
  private static let bufferBytes = UsageReader.rowBytesMax + 64 * 1024

  struct Header {
    let names: [String]
    let delimiter: UInt8
    let input: ByteSource
    /// To be freed by whoever reads on.
    let buffer: UnsafeMutableRawBufferPointer
    let filled: Int
    /// Where the first row begins.
    let position: Int
    let isEnd: Bool
  }

  static func read(_ input: ByteSource) throws -> Header {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 64)
    do {
      return try read(input, buffer, input.path)
    } catch {
      buffer.deallocate()
      throw error
    }
  }

  private static func read(
    _ input: ByteSource, _ buffer: UnsafeMutableRawBufferPointer, _ path: String
  ) throws -> Header {
    let base = UnsafePointer(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self))
    var filled = 0
    var isEnd = false
    while true {
      let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      filled += count
      isEnd = count == 0
      if filled == 0 { throw FileProblem(file: path, "is empty: it has no header") }
      // A UTF-8 byte order mark is not part of the first name.
      let mark = filled >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF ? 3 : 0
      let delimiter = delimiter(base, mark..<filled)
      var scanner = RecordScanner(delimiter: delimiter)
      switch scanner.scan(base, from: mark, to: filled, isFinal: isEnd) {
      case .record(let next):
        return Header(
          names: try names(scanner, base, path), delimiter: delimiter, input: input,
          buffer: buffer, filled: filled, position: next, isEnd: isEnd)
      case .malformed:
        throw FileProblem(file: path, line: 1, "the header is not properly quoted")
      case .incomplete:
        guard filled < buffer.count else {
          throw FileProblem(file: path, line: 1, "the header is longer than 1 MiB")
        }
      }
    }
  }

  /// Comma, semicolon or tab, whichever occurs most in the first line.
  private static func delimiter(_ base: UnsafePointer<UInt8>, _ range: Range<Int>) -> UInt8 {
    let end = range.first { base[$0] == 0x0A } ?? range.upperBound
    let candidates: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
    let counts = candidates.map { candidate in
      (range.lowerBound..<end).count { base[$0] == candidate }
    }
    return candidates[counts.firstIndex(of: counts.max() ?? 0) ?? 0]
  }

  private static func names(
    _ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>, _ path: String
  ) throws(FileProblem) -> [String] {
    guard scanner.fieldCount <= RecordScanner.fieldsMax else {
      throw FileProblem(
        file: path, line: 1,
        "has \(scanner.fieldCount) columns; the limit is \(RecordScanner.fieldsMax)")
    }
    var names: [String] = []
    for index in 0..<scanner.fieldCount {
      let field = scanner[index]
      let bytes = UnsafeBufferPointer(start: base + field.start, count: field.count)
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw FileProblem(file: path, line: 1, "bad_encoding: the header is not UTF-8")
      }
      guard !name.isEmpty else {
        throw FileProblem(
          file: path, line: 1,
          "empty_column_name: column \(index + 1) has no name; remove the extra delimiter")
      }
      guard !names.contains(name) else {
        throw FileProblem(file: path, line: 1, "the column '\(name)' occurs twice")
      }
      names.append(name)
    }
    return names
  }
}
