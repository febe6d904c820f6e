// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Logging
import Reporting
import Usage
import ZeroMQ

/// Reads `7d`, `2023-08-01` or a time, for --since and --until.
enum TimeArgument {
  static func milliseconds(_ text: String, zone: String, now: Date = Date()) throws -> Int64 {
    let units: [Character: Double] = ["h": 3_600, "d": 86_400, "w": 604_800]
    if let unit = text.last.flatMap({ units[$0] }), let count = Double(text.dropLast()) {
      // From 1970 to now: also what is no number of days at all, such as `infd`.
      let seconds = now.timeIntervalSince1970 - count * unit
      guard count >= 0, seconds >= 0 else {
        throw ValidationError("'\(text)' is not between 1970 and now; write 7d or 12h")
      }
      return TimeBucket(nearest: Int64(seconds * 1_000)).start
    }
    if let time = TimeText.milliseconds(text) { return try onBorder(time, text) }
    guard let zone = TimeZone(identifier: zone),
      let day = TimeText.milliseconds(text + "T00:00:00Z"), text.count == 10
    else {
      throw ValidationError(
        "'\(text)' is not a valid time; write 7d, 12h, 2023-08-01 or 2023-08-01T00:00:00Z")
    }
    func offset(at time: Int64) -> Int64 {
      Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(time / 1_000))))
        * 1_000
    }
    // The offset that holds at local midnight, not at midnight UTC: they differ when clocks change.
    return try onBorder(day - offset(at: day - offset(at: day)), text)
  }

  private static func onBorder(_ time: Int64, _ text: String) throws -> Int64 {
    guard time % TimeBucket.milliseconds == 0 else {
      throw ValidationError(
        "'\(text)' is not on a quarter of an hour, the ledger's time resolution")
    }
    guard Instant.calendar.contains(time) else {
      throw ValidationError("'\(text)' lies outside 1900 to 2200")
    }
    return time
  }
}
