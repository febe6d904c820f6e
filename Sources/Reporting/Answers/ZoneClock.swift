// SPDX-License-Identifier: Apache-2.0

public import Economics
import Foundation

/// Cuts hours, days, weeks and months from buckets in a time zone.
public struct ZoneClock: Sendable {
  private let zone: TimeZone

  /// - Throws: ``QueryError`` for a zone that is not known.
  public init(_ name: String) throws {
    guard let zone = TimeZone(identifier: name) else {
      throw QueryError(
        "'\(name)' is not a valid time zone; write an IANA name such as Europe/Berlin")
    }
    self.zone = zone
  }

  /// `2023-08-01T14:00:00Z`, `2023-08-01`, `2023-W31` (ISO 8601), `2023-08`.
  public func label(_ bucket: TimeBucket, _ unit: TimeUnit) -> String {
    let start = bucket.start / 1_000
    let offset = Int64(
      zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(start))))
    let (day, second) = Instant.floorDivide(start + offset, 86_400)
    switch unit {
    case .bucket: return Self.time(day, second, offset)
    case .hour: return Self.time(day, second / 3_600 * 3_600, offset)
    case .day: return Instant.date(day: day)
    case .week: return Self.week(day)
    case .month: return String(Instant.date(day: day).dropLast(3))
    }
  }

  private static func time(_ day: Int64, _ second: Int64, _ offset: Int64) -> String {
    let utc = Instant.text((day * 86_400 + second) * 1_000)
    guard offset != 0 else { return utc }
    let minutes = abs(offset) / 60
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return utc.dropLast() + (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
  }

  /// The week of ISO 8601: it belongs to the year in which its Thursday lies.
  private static func week(_ day: Int64) -> String {
    // Day 0 was a Thursday.
    let weekday = Instant.floorDivide(day + 3, 7).rest
    let thursday = day - weekday + 3
    let year = Instant.civil(days: thursday).year
    let week = (thursday - Instant.days(year: year, month: 1, day: 1)) / 7 + 1
    return "\(year)-W\(week < 10 ? "0" : "")\(week)"
  }
}
