// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Testing

/// Dates beside a calendar that counts one day after the other.
@Suite("Calendar")
struct CalendarTests {
  static func isLeap(_ year: Int64) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  static func length(_ year: Int64, _ month: Int64) -> Int64 {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  @Test func everyDayFrom1900To2200IsCountedOn() {
    // 1900-01-01 is 70 years and 17 leap days before 1970-01-01.
    var day: Int64 = -(70 * 365 + 17)
    var wrong: [String] = []
    for year in 1900...2200 as ClosedRange<Int64> {
      for month in 1...12 as ClosedRange<Int64> {
        let length = Self.length(year, month)
        if Instant.daysInMonth(year: year, month: month) != length {
          wrong.append("\(year)-\(month) has \(length) days")
        }
        for date in 1...length {
          let civil = Instant.civil(days: day)
          if civil != (year, month, date) { wrong.append("day \(day) is \(civil)") }
          if Instant.days(year: year, month: month, day: date) != day {
            wrong.append("\(year)-\(month)-\(date) is not day \(day)")
          }
          day += 1
        }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    #expect(day == 84_371)  // 2201-01-01
  }

  @Test(
    "Leap days",
    arguments: [
      // year, days in February
      (1600, 29), (1700, 28), (1896, 29), (1900, 28), (1904, 29), (1999, 28), (2000, 29),
      (2023, 28), (2024, 29), (2100, 28), (2400, 29), (0, 29), (-1, 28), (-4, 29), (-400, 29),
      (-100, 28),
    ] as [(Int64, Int64)])
  func february(_ year: Int64, _ days: Int64) {
    #expect(Instant.daysInMonth(year: year, month: 2) == days)
  }

  @Test(
    "Division rounds down, also below zero",
    arguments: [
      // value, by, quotient, rest
      (0, 7, 0, 0), (6, 7, 0, 6), (7, 7, 1, 0), (-1, 7, -1, 6), (-7, 7, -1, 0), (-8, 7, -2, 6),
      (86_399_999, 86_400_000, 0, 86_399_999), (-86_400_001, 86_400_000, -2, 86_399_999),
      (.max, 2, 4_611_686_018_427_387_903, 1), (.min, 2, -4_611_686_018_427_387_904, 0),
      (.min, 900_000, -10_248_191_152_061, 124_192),
    ] as [(Int64, Int64, Int64, Int64)])
  func floors(_ value: Int64, _ by: Int64, _ quotient: Int64, _ rest: Int64) {
    let divided = Instant.floorDivide(value, by)
    #expect(divided == (quotient, rest))
    #expect(divided.quotient &* by &+ divided.rest == value)
  }

  @Test(
    "Instants as text",
    arguments: [
      // milliseconds, text
      (0, "1970-01-01T00:00:00Z"), (999, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
      (-86_400_000, "1969-12-31T00:00:00Z"), (951_782_399_000, "2000-02-28T23:59:59Z"),
      (951_782_400_000, "2000-02-29T00:00:00Z"), (1_690_848_000_000, "2023-08-01T00:00:00Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
      (253_402_300_799_000, "9999-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func texts(_ milliseconds: Int64, _ text: String) {
    #expect(Instant.text(milliseconds) == text)
  }

  @Test("Buckets cover time without gap or overlap", arguments: 0..<50 as Range<UInt64>)
  func buckets(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<40 {
      // From 1653 to 2286.
      let time = Int64(random.below(20_000_000_000_000)) - 10_000_000_000_000
      guard let bucket = TimeBucket(containing: time) else {
        #expect(!Instant.calendarDays.contains(Instant.floorDivide(time, 86_400_000).quotient))
        continue
      }
      #expect(bucket.start <= time && time < bucket.start + 900_000, "seed \(seed): \(time)")
      #expect(bucket.index == Instant.floorDivide(time, 900_000).quotient, "seed \(seed)")
      #expect(TimeBucket(containing: bucket.start) == bucket, "seed \(seed)")
      #expect(TimeBucket(containing: bucket.start - 1)?.index == bucket.index - 1, "seed \(seed)")
      #expect(TimeBucket(containing: bucket.start + 899_999) == bucket, "seed \(seed)")
    }
  }

  @Test func bucketsAreInTheOrderOfTime() {
    let times: [Int64] = [-900_001, -900_000, -1, 0, 899_999, 900_000, 1_690_848_000_000]
    let indices = times.compactMap { TimeBucket(containing: $0)?.index }
    #expect(indices == [-2, -1, -1, 0, 0, 1, 1_878_720])
    #expect(indices == indices.sorted())
    #expect(TimeBucket(index: -1) < TimeBucket(index: 0))
  }

  @Test(
    "Buckets end where the calendar does",
    arguments: [
      // milliseconds, whether there is a bucket, the nearest, the first that begins at it or later
      (Int64.min, false, TimeBucket.indexes.lowerBound, TimeBucket.indexes.lowerBound),
      (-2_208_988_800_001, false, TimeBucket.indexes.lowerBound, TimeBucket.indexes.lowerBound),
      (-2_208_988_800_000, true, TimeBucket.indexes.lowerBound, TimeBucket.indexes.lowerBound),
      (-1, true, -1, 0), (0, true, 0, 0), (1, true, 0, 1),
      (7_258_118_399_999, true, TimeBucket.indexes.upperBound, nil),
      (7_258_118_400_000, false, TimeBucket.indexes.upperBound, nil),
      (Int64.max, false, TimeBucket.indexes.upperBound, nil),
    ] as [(Int64, Bool, Int64, Int64?)])
  func ends(_ time: Int64, _ exists: Bool, _ nearest: Int64, _ next: Int64?) {
    #expect((TimeBucket(containing: time) != nil) == exists)
    #expect(TimeBucket(nearest: time).index == nearest)
    #expect(TimeBucket(beginningAtOrAfter: time)?.index == next)
    #expect(TimeBucket(exactly: time) == nil || TimeBucket.indexes.contains(time))
  }
}
