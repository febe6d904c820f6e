// SPDX-License-Identifier: Apache-2.0

import Economics

/// Reads times as logs write them, on bytes and strictly.
public enum TimeText {
  /// An instant in RFC 3339 (`2026-03-02T10:00:00Z`, `…00.25+02:00`; a blank may stand for the T),
  /// in milliseconds since 1970, fractions beyond cut.
  ///
  /// - Parameter zoneMinutes: the offset from UTC to assume when the text names none; without it
  ///   such a text is refused, since guessing a zone moves money between days.
  public static func milliseconds(
    _ text: UnsafeRawBufferPointer, zoneMinutes: Int64? = nil
  ) -> Int64? {
    guard text.count >= 19, text[4] == 0x2D, text[7] == 0x2D, text[13] == 0x3A, text[16] == 0x3A,
      text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: " "),
      let year = digits(text, 0, 4), let month = digits(text, 5, 2),
      let day = digits(text, 8, 2), let hour = digits(text, 11, 2),
      let minute = digits(text, 14, 2), let second = digits(text, 17, 2),
      (1...12).contains(month), (1...Instant.daysInMonth(year: year, month: month)).contains(day),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var at = 19
    var fraction: Int64 = 0
    if at < text.count, text[at] == UInt8(ascii: ".") {
      at += 1
      let start = at
      var scale: Int64 = 100
      while at < text.count, (0x30...0x39).contains(text[at]) {
        fraction += Int64(text[at] - 0x30) * scale
        scale /= 10
        at += 1
      }
      guard at > start else { return nil }
    }
    guard let offset = zone(text, at) ?? (at == text.count ? zoneMinutes : nil) else { return nil }
    let days = Instant.days(year: year, month: month, day: day)
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
    return seconds * 1_000 + fraction
  }

  /// Milliseconds since 1970; `nil` if the text is not a time, or names no zone and `zoneMinutes`
  /// is `nil`.
  public static func milliseconds(_ text: String, zoneMinutes: Int64? = nil) -> Int64? {
    Array(text.utf8).withUnsafeBytes { milliseconds($0, zoneMinutes: zoneMinutes) }
  }

  /// `Z` or `+02:00` at the end of a text, as minutes.
  private static func zone(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int64? {
    guard at < text.count else { return nil }
    if text[at] == UInt8(ascii: "Z") || text[at] == UInt8(ascii: "z") {
      return at + 1 == text.count ? 0 : nil
    }
    guard text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-"), text.count == at + 6,
      text[at + 3] == 0x3A, let hours = digits(text, at + 1, 2), hours < 24,
      let minutes = digits(text, at + 4, 2), minutes < 60
    else { return nil }
    return (text[at] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
  }

  private static func digits(_ text: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> Int64? {
    var value: Int64 = 0
    for index in at..<at + count {
      let digit = text[index] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int64(digit)
    }
    return value
  }
}

/// Reads numbers as logs write them, on bytes and strictly: `12abc`, `+5`, `0x10`, `nan` and `1,5`
/// are no numbers, `100`, `100.0` and `1.0E2` are a hundred.
enum NumberText {
  /// A count: an integer from 0 to 2^64 - 1.
  @inline(__always)
  static func count(_ start: UnsafePointer<UInt8>, _ length: Int) -> UInt64? {
    // The usual case: up to 18 plain digits cannot overflow.
    guard length > 0 && length <= 18 else { return slowCount(start, length) }
    var value: UInt64 = 0
    for index in 0..<length {
      let digit = start[index] &- 0x30
      guard digit < 10 else { return slowCount(start, length) }
      value = value &* 10 &+ UInt64(digit)
    }
    // A leading zero is somebody's padding or an octal number; which one is not known.
    return length > 1 && start[0] == 0x30 ? nil : value
  }

  @inline(never)
  private static func slowCount(_ start: UnsafePointer<UInt8>, _ length: Int) -> UInt64? {
    guard let (digits, scale) = decimal(start, length) else { return nil }
    guard scale >= 0 else { return nil }
    var value = digits
    for _ in 0..<scale {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      value = product
    }
    return value
  }

  /// A number of seconds, milliseconds … as milliseconds: `value x 10^power`, fractions cut.
  static func milliseconds(
    _ start: UnsafePointer<UInt8>, _ length: Int, power: Int
  ) -> Int64? {
    // The usual case: whole seconds or milliseconds.
    if length <= 13 && power >= 0, let value = count(start, length), value < 1 << 50 {
      return Int64(value) * (power == 3 ? 1_000 : 1)
    }
    guard let (digits, scale) = decimal(start, length), var value = Int64(exactly: digits) else {
      return nil
    }
    var exponent = scale + power
    while exponent > 0 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      value = product
      exponent -= 1
    }
    while exponent < 0 && value != 0 {
      value /= 10
      exponent += 1
    }
    return value
  }

  /// `digits x 10^scale` of a number without sign, trailing zeros of the fraction removed.
  private static func decimal(
    _ start: UnsafePointer<UInt8>, _ length: Int
  ) -> (digits: UInt64, scale: Int)? {
    var digits: UInt64 = 0
    var scale = 0
    var at = 0
    var pendingZeros = 0
    var sawDigit = false
    var inFraction = false
    while at < length {
      let byte = start[at]
      let digit = byte &- 0x30
      if digit < 10 {
        if inFraction && digit == 0 {
          pendingZeros += 1
        } else {
          for _ in 0...(inFraction ? pendingZeros : 0) {
            let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            digits = product
          }
          let (sum, overflow) = digits.addingReportingOverflow(UInt64(digit))
          if overflow { return nil }
          digits = sum
          if inFraction {
            scale -= pendingZeros + 1
            pendingZeros = 0
          }
        }
        // "007": padding or octal, not known which.
        if !inFraction && sawDigit && digits < 10 && at > 0 && start[0] == 0x30 { return nil }
        sawDigit = true
      } else if byte == UInt8(ascii: ".") && sawDigit && !inFraction {
        inFraction = true
        guard at + 1 < length, start[at + 1] &- 0x30 < 10 else { return nil }
      } else if (byte | 0x20) == UInt8(ascii: "e") && sawDigit {
        guard let exponent = exponent(start + at + 1, length - at - 1) else { return nil }
        return (digits, digits == 0 ? 0 : scale + exponent)
      } else {
        return nil
      }
      at += 1
    }
    return sawDigit ? (digits, digits == 0 ? 0 : scale) : nil
  }

  private static func exponent(_ start: UnsafePointer<UInt8>, _ length: Int) -> Int? {
    var at = 0
    var sign = 1
    if at < length, start[at] == UInt8(ascii: "-") || start[at] == UInt8(ascii: "+") {
      sign = start[at] == UInt8(ascii: "-") ? -1 : 1
      at += 1
    }
    guard at < length, length - at <= 3 else { return nil }
    var value = 0
    while at < length {
      let digit = start[at] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
      at += 1
    }
    return sign * value
  }
}
