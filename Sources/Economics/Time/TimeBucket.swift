// SPDX-License-Identifier: Apache-2.0

/// A quarter of an hour in UTC: the time resolution of the ledger. Every civil time zone in use is offset by a
/// multiple of it, so every zone's days can be cut from it exactly.
public struct TimeBucket: Hashable, Comparable, Sendable, Codable {
  /// The length of a bucket: 15 minutes.
  public static let milliseconds: Int64 = 900_000

  /// Quarters of an hour since 1970-01-01T00:00:00Z.
  public var index: Int64

  /// The bucket with a number; 0 begins at 1970-01-01T00:00:00Z.
  public init(index: Int64) { self.index = index }

  /// The bucket that holds an instant, given in milliseconds since 1970.
  public init(containing milliseconds: Int64) {
    let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: Self.milliseconds)
    index = remainder < 0 ? quotient - 1 : quotient
  }

  /// The first instant, in milliseconds since 1970.
  public var start: Int64 { index * Self.milliseconds }

  public static func < (a: TimeBucket, b: TimeBucket) -> Bool { a.index < b.index }

  public init(from decoder: any Decoder) throws {
    index = try decoder.singleValueContainer().decode(Int64.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(index)
  }
}

/// An instant in milliseconds since 1970 as RFC 3339 in UTC, to the second: `2023-08-01T00:00:00Z`.
public enum Instant {
  /// Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2021.
  public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The inverse of ``days(year:month:day:)``.
  public static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  /// The number of days in a month.
  public static func daysInMonth(year: Int64, month: Int64) -> Int64 {
    month == 12
      ? 31 : days(year: year, month: month + 1, day: 1) - days(year: year, month: month, day: 1)
  }

  /// An instant, rounded down to the second, such as `2023-08-01T00:00:00Z`.
  public static func text(_ milliseconds: Int64) -> String {
    let (day, rest) = floorDivide(milliseconds, 86_400_000)
    let seconds = rest / 1_000
    return date(day: day)
      + "T\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))Z"
  }

  /// A day number as `2023-08-01`.
  public static func date(day: Int64) -> String {
    let (year, month, day) = civil(days: day)
    let yearText = String(year)
    let padded = String(repeating: "0", count: max(0, 4 - yearText.count)) + yearText
    return "\(padded)-\(two(month))-\(two(day))"
  }

  /// Division that rounds down, so that `rest` is from 0 to `by` - 1 for negative values too.
  public static func floorDivide(_ value: Int64, _ by: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: by)
    return rest < 0 ? (quotient - 1, rest + by) : (quotient, rest)
  }

  private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
