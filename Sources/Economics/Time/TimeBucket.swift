// SPDX-License-Identifier: Apache-2.0

/// A quarter of an hour in UTC, from 1900 to 2199: the time resolution of the ledger. Every civil time zone in
/// use is offset by a multiple of it, so every zone's days can be cut from it exactly.
public struct TimeBucket: Hashable, Comparable, Sendable, Codable {
  /// The length of a bucket: 15 minutes.
  public static let milliseconds: Int64 = 900_000
  /// The numbers of all buckets: none is so far away that reckoning with it could overflow.
  public static let indexes =
    Instant.calendarDays.lowerBound * 96...Instant.calendarDays.upperBound * 96 - 1

  /// Quarters of an hour since 1970-01-01T00:00:00Z.
  public let index: Int64

  /// The bucket with a number; 0 begins at 1970-01-01T00:00:00Z.
  /// - Precondition: the number is one of ``indexes``; for numbers from outside there is
  ///   ``init(exactly:)``.
  public init(index: Int64) {
    precondition(Self.indexes.contains(index), "a bucket lies between 1900 and 2200")
    self.index = index
  }

  /// The bucket with a number; `nil` where there is none.
  public init?(exactly index: Int64) {
    guard Self.indexes.contains(index) else { return nil }
    self.index = index
  }

  /// The bucket that holds an instant, given in milliseconds since 1970; `nil` outside 1900 to 2200.
  public init?(containing milliseconds: Int64) {
    self.init(exactly: Instant.floorDivide(milliseconds, Self.milliseconds).quotient)
  }

  /// The bucket that holds an instant, or the one nearest to it.
  public init(nearest milliseconds: Int64) {
    let index = Instant.floorDivide(milliseconds, Self.milliseconds).quotient
    self.index = min(max(index, Self.indexes.lowerBound), Self.indexes.upperBound)
  }

  /// The first bucket that does not begin before an instant; `nil` where all do.
  public init?(beginningAtOrAfter milliseconds: Int64) {
    let (quotient, rest) = Instant.floorDivide(milliseconds, Self.milliseconds)
    let index = quotient + (rest > 0 ? 1 : 0)
    guard index <= Self.indexes.upperBound else { return nil }
    self.index = max(index, Self.indexes.lowerBound)
  }

  /// The first instant, in milliseconds since 1970.
  public var start: Int64 { index * Self.milliseconds }

  public static func < (a: TimeBucket, b: TimeBucket) -> Bool { a.index < b.index }

  public init(from decoder: any Decoder) throws {
    let index = try decoder.singleValueContainer().decode(Int64.self)
    try InvalidValue.check(index, in: Self.indexes, "a bucket")
    self.index = index
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(index)
  }
}

/// An instant in milliseconds since 1970 as RFC 3339 in UTC, to the second: `2023-08-01T00:00:00Z`.
public enum Instant {
  /// The days that can be reckoned with, since 1970: from 1900-01-01 to 2199-12-31.
  public static let calendarDays =
    days(
      year: 1900, month: 1, day: 1)..<days(
      year: 2200, month: 1, day: 1)
  /// The instants of ``calendarDays``, in milliseconds since 1970, with the end of the last day.
  public static let calendar =
    calendarDays.lowerBound * 86_400_000...calendarDays.upperBound * 86_400_000

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
