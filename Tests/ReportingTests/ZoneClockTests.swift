// SPDX-License-Identifier: Apache-2.0

import Economics
import Reporting
import Testing

@Suite("Time zones")
struct ZoneClockTests {
  @Test(
    "Labels in a zone",
    arguments: [
      // zone, UTC milliseconds, unit, label
      ("UTC", 1_690_848_000_000 as Int64, TimeUnit.hour, "2023-08-01T00:00:00Z"),
      ("UTC", 1_690_850_700_000, .bucket, "2023-08-01T00:45:00Z"),
      ("UTC", 1_690_848_000_000, .week, "2023-W31"),
      ("UTC", 1_704_067_200_000, .week, "2024-W01"),  // 2024-01-01, a Monday
      ("UTC", 1_672_531_200_000, .week, "2022-W52"),  // 2023-01-01, a Sunday
      ("UTC", 1_690_848_000_000, .month, "2023-08"),
      ("America/Los_Angeles", 1_690_848_000_000, .day, "2023-07-31"),
      ("Asia/Kathmandu", 1_690_848_000_000, .hour, "2023-08-01T05:00:00+05:45"),
      // The hour that comes twice when summer time ends, told apart by the offset.
      ("Europe/Berlin", 1_698_537_600_000, .hour, "2023-10-29T02:00:00+02:00"),
      ("Europe/Berlin", 1_698_541_200_000, .hour, "2023-10-29T02:00:00+01:00"),
      ("Europe/Berlin", 1_698_534_000_000, .day, "2023-10-29"),
    ])
  func labels(_ zone: String, _ time: Int64, _ unit: TimeUnit, _ label: String) throws {
    #expect(try ZoneClock(zone).label(TimeBucket(nearest: time), unit) == label)
  }

  @Test func aDayInAZoneHasTwentyThreeToTwentyFiveHours() throws {
    let clock = try ZoneClock("Europe/Berlin")
    var hours: [String: Set<String>] = [:]
    for index in 0..<(400 * 96) as Range<Int64> {
      let bucket = TimeBucket(index: 1_672_531_200 / 900 + index)
      hours[clock.label(bucket, .day), default: []].insert(clock.label(bucket, .hour))
    }
    #expect(hours["2023-03-26"]?.count == 23)
    #expect(hours["2023-10-29"]?.count == 25)
    #expect(hours["2023-08-01"]?.count == 24)
  }

  @Test func anUnknownZoneIsRefused() {
    #expect(throws: QueryError.self) { try ZoneClock("Mars/Olympus") }
  }
}
