// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Reporting
import Testing

@Suite("Borders of zones and weeks")
struct ZoneBorderTests {
  /// 2019 to 2027: the week of a year's first and last days, from the ISO 8601 calendar.
  @Test(
    "Weeks at the turn of the year",
    arguments: [
      // date, week
      ("2019-12-29", "2019-W52"), ("2019-12-30", "2020-W01"), ("2020-01-01", "2020-W01"),
      ("2020-12-31", "2020-W53"), ("2021-01-03", "2020-W53"), ("2021-01-04", "2021-W01"),
      ("2021-12-31", "2021-W52"), ("2022-01-02", "2021-W52"), ("2022-01-03", "2022-W01"),
      ("2022-12-31", "2022-W52"), ("2023-01-01", "2022-W52"), ("2023-01-02", "2023-W01"),
      ("2023-12-31", "2023-W52"), ("2024-01-01", "2024-W01"), ("2024-12-29", "2024-W52"),
      ("2024-12-30", "2025-W01"), ("2026-12-31", "2026-W53"), ("2027-01-03", "2026-W53"),
      ("2027-01-04", "2027-W01"), ("1969-12-28", "1969-W52"), ("1969-12-29", "1970-W01"),
      ("1970-01-01", "1970-W01"),
    ])
  func weeks(_ date: String, _ week: String) throws {
    let parts = date.split(separator: "-").compactMap { Int64($0) }
    let day = Instant.days(year: parts[0], month: parts[1], day: parts[2])
    let clock = try ZoneClock("UTC")
    for hour in [0, 12, 23] as [Int64] {
      let bucket = TimeBucket(index: day * 96 + hour * 4 + 3)
      #expect(clock.label(bucket, .week) == week)
      #expect(clock.label(bucket, .day) == date)
      #expect(clock.label(bucket, .month) == String(date.prefix(7)))
    }
  }

  @Test func everyDayOfAQuarterOfACenturyIsInFoundationsWeek() throws {
    var calendar = Calendar(identifier: .iso8601)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    let clock = try ZoneClock("UTC")
    var wrong: [String] = []
    for day in 16_000..<25_200 as Range<Int64> {
      let date = Date(timeIntervalSince1970: TimeInterval(day) * 86_400)
      let parts = calendar.dateComponents([.yearForWeekOfYear, .weekOfYear], from: date)
      let week = parts.weekOfYear ?? 0
      let expected = "\(parts.yearForWeekOfYear ?? 0)-W\(week < 10 ? "0" : "")\(week)"
      let label = clock.label(TimeBucket(index: day * 96), .week)
      if label != expected { wrong.append("\(Instant.date(day: day)): \(label), \(expected)") }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(3))")
  }

  @Test(
    "Days and hours where clocks change",
    arguments: [
      // zone, UTC, hour, day
      ("Europe/Berlin", "2023-03-26T00:45", "2023-03-26T01:00:00+01:00", "2023-03-26"),
      ("Europe/Berlin", "2023-03-26T01:00", "2023-03-26T03:00:00+02:00", "2023-03-26"),
      ("Europe/Berlin", "2023-10-29T00:45", "2023-10-29T02:00:00+02:00", "2023-10-29"),
      ("Europe/Berlin", "2023-10-29T01:00", "2023-10-29T02:00:00+01:00", "2023-10-29"),
      ("Europe/Berlin", "2023-12-31T23:00", "2024-01-01T00:00:00+01:00", "2024-01-01"),
      ("America/New_York", "2024-03-10T06:45", "2024-03-10T01:00:00-05:00", "2024-03-10"),
      ("America/New_York", "2024-03-10T07:00", "2024-03-10T03:00:00-04:00", "2024-03-10"),
      ("America/New_York", "2024-11-03T05:45", "2024-11-03T01:00:00-04:00", "2024-11-03"),
      ("America/New_York", "2024-11-03T06:00", "2024-11-03T01:00:00-05:00", "2024-11-03"),
      ("America/New_York", "2024-01-01T04:45", "2023-12-31T23:00:00-05:00", "2023-12-31"),
      // Half an hour of summer time, and offsets that are no whole hours.
      ("Australia/Lord_Howe", "2024-04-06T14:45", "2024-04-07T01:00:00+11:00", "2024-04-07"),
      ("Australia/Lord_Howe", "2024-04-06T15:00", "2024-04-07T01:00:00+10:30", "2024-04-07"),
      ("Asia/Kathmandu", "2024-01-01T18:15", "2024-01-02T00:00:00+05:45", "2024-01-02"),
      ("Asia/Kathmandu", "2024-01-01T18:00", "2024-01-01T23:00:00+05:45", "2024-01-01"),
      ("America/St_Johns", "2024-01-01T03:15", "2023-12-31T23:00:00-03:30", "2023-12-31"),
      ("America/St_Johns", "2024-01-01T03:30", "2024-01-01T00:00:00-03:30", "2024-01-01"),
      ("Pacific/Kiritimati", "2024-01-01T10:00", "2024-01-02T00:00:00+14:00", "2024-01-02"),
      // Samoa had no 30 December 2011.
      ("Pacific/Apia", "2011-12-30T09:45", "2011-12-29T23:00:00-10:00", "2011-12-29"),
      ("Pacific/Apia", "2011-12-30T10:00", "2011-12-31T00:00:00+14:00", "2011-12-31"),
    ])
  func changes(_ zone: String, _ utc: String, _ hour: String, _ day: String) throws {
    let parts = utc.split { "-T:".contains($0) }.compactMap { Int64($0) }
    let days = Instant.days(year: parts[0], month: parts[1], day: parts[2])
    let bucket = TimeBucket(index: days * 96 + parts[3] * 4 + parts[4] / 15)
    let clock = try ZoneClock(zone)
    #expect(clock.label(bucket, .hour) == hour)
    #expect(clock.label(bucket, .day) == day)
  }

  @Test(
    "Every bucket of a year stands in one hour, one day, one week and one month",
    arguments: [
      "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
      "America/St_Johns", "Pacific/Kiritimati",
    ])
  func nesting(_ zone: String) throws {
    let clock = try ZoneClock(zone)
    let first = Instant.days(year: 2024, month: 1, day: 1) * 96
    var dayOfHour: [String: String] = [:]
    var buckets: [String: Int] = [:]
    var seen: Set<String> = []
    var last = ""
    for index in first..<(first + 366 * 96) {
      let bucket = TimeBucket(index: index)
      let (day, hour) = (clock.label(bucket, .day), clock.label(bucket, .hour))
      // Days follow each other; none comes twice.
      if day != last { #expect(seen.insert(day).inserted && day > last, "\(day) after \(last)") }
      last = day
      #expect(dayOfHour[hour] == nil || dayOfHour[hour] == day, "\(hour)")
      dayOfHour[hour] = day
      #expect(clock.label(bucket, .month) == String(day.prefix(7)))
      #expect(hour.hasPrefix(day))
      buckets[day, default: 0] += 1
    }
    // A day has 24 hours, but for those on which clocks change, and the cut ones at the ends.
    let odd = buckets.filter { $0.value != 96 && $0.key != last && $0.key > "2024-01-01" }
    let changing = ["Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe"]
    #expect(odd.count == (changing.contains(zone) ? 2 : 0), "\(odd)")
  }

  @Test(
    "What is no zone is refused", arguments: ["", "Mars", "Europe/", "+01:00", "utc ", "../etc"])
  func unknown(_ zone: String) {
    let error = #expect(throws: QueryError.self) { try ZoneClock(zone) }
    #expect(error?.description.contains("'\(zone)'") == true)
  }
}
