// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Splits delimited text into records and fields (RFC 4180), on bytes.
///
/// Records end with LF or CR LF; the last one may lack it. A field may be quoted, and then holds
/// delimiters, line breaks and doubled quotes. A UTF-8 byte order mark at the start is passed over.
struct RecordScanner: ~Copyable {
  /// More fields than that are counted, not kept: no header has as many.
  static let fieldsMax = 4_096

  struct Field {
    /// Within the buffer; for a quoted field what is between the quotes.
    var start: Int
    var count: Int
    /// Holds doubled quotes, which stand for one.
    var isEscaped = false
  }

  enum Outcome {
    /// A record; the next begins at `next`.
    case record(next: Int)
    /// The record does not end within the buffer.
    case incomplete
    /// A quote in the middle of an unquoted field, or text after a closing quote. The line ends
    /// before `next`.
    case malformed(next: Int)
  }

  let delimiter: UInt8
  private let storage: UnsafeMutablePointer<Field>
  /// How many fields the record has.
  private(set) var fieldCount = 0
  /// Whether the record holds a quote, so that it may span lines.
  private(set) var sawQuote = false

  init(delimiter: UInt8) {
    self.delimiter = delimiter
    storage = .allocate(capacity: Self.fieldsMax)
  }

  deinit { storage.deallocate() }

  /// A field of the record, from 0.
  subscript(index: Int) -> Field { storage[index] }

  /// Sets a field that was found otherwise.
  @inline(__always)
  func put(_ index: Int, start: Int, count: Int) {
    storage[index] = Field(start: start, count: count)
  }

  private mutating func append(_ field: Field) {
    if fieldCount < Self.fieldsMax { storage[fieldCount] = field }
    fieldCount &+= 1
  }

  /// Reads the record at `at`.
  /// - Parameter isFinal: nothing follows the buffer.
  mutating func scan(
    _ base: UnsafePointer<UInt8>, from at: Int, to end: Int, isFinal: Bool
  ) -> Outcome {
    fieldCount = 0
    sawQuote = false
    var start = at
    var index = at
    let delimiter = delimiter
    while true {
      // Digits, letters and all of UTF-8 are above the comma: the usual byte costs one comparison.
      while index < end && (base[index] > 0x2C && base[index] != delimiter) { index &+= 1 }
      guard index < end else {
        guard isFinal else { return .incomplete }
        append(Field(start: start, count: index - start))
        return .record(next: index)
      }
      let byte = base[index]
      if byte == delimiter {
        append(Field(start: start, count: index &- start))
        index &+= 1
        start = index
      } else if byte == 0x0A {
        let hasReturn = index > start && base[index - 1] == 0x0D
        append(Field(start: start, count: index &- start &- (hasReturn ? 1 : 0)))
        return .record(next: index &+ 1)
      } else if byte == 0x22 {
        sawQuote = true
        guard index == start else { return malformed(base, index, end, isFinal) }
        switch quoted(base, index, end, isFinal) {
        case .field(let field, let next):
          append(field)
          guard next < end else {
            guard isFinal else { return .incomplete }
            return .record(next: next)
          }
          if base[next] == 0x0A { return .record(next: next + 1) }
          if base[next] == 0x0D && next + 1 < end && base[next + 1] == 0x0A {
            return .record(next: next + 2)
          }
          guard base[next] == delimiter else { return malformed(base, next, end, isFinal) }
          index = next + 1
          start = index
        case .incomplete:
          return .incomplete
        case .unclosed:
          return malformed(base, index, end, isFinal)
        }
      } else {
        index &+= 1
      }
    }
  }

  private enum Quoted {
    case field(Field, next: Int)
    case incomplete
    case unclosed
  }

  private func quoted(
    _ base: UnsafePointer<UInt8>, _ open: Int, _ end: Int, _ isFinal: Bool
  ) -> Quoted {
    var field = Field(start: open + 1, count: 0)
    var index = open + 1
    while index < end {
      if base[index] == 0x22 {
        if index + 1 == end && !isFinal { return .incomplete }
        if index + 1 < end && base[index + 1] == 0x22 {
          field.isEscaped = true
          index += 2
          continue
        }
        field.count = index - field.start
        // A CR at the very end of the buffer may be half of a line end.
        if index + 2 == end && base[index + 1] == 0x0D && !isFinal { return .incomplete }
        return .field(field, next: index + 1)
      }
      index += 1
    }
    return isFinal ? .unclosed : .incomplete
  }

  private func malformed(
    _ base: UnsafePointer<UInt8>, _ from: Int, _ end: Int, _ isFinal: Bool
  ) -> Outcome {
    guard let newline = memchr(base + from, 0x0A, end - from) else {
      return isFinal ? .malformed(next: end) : .incomplete
    }
    return .malformed(next: UnsafeRawPointer(newline) - UnsafeRawPointer(base) + 1)
  }
}
