// SPDX-License-Identifier: Apache-2.0

import Economics
import Fleet
import Reporting
import Runway

@testable import Documents
@testable import Usage

extension Fuzz {
  /// Numbers, amounts and times as people and logs write them.
  static let texts: [Target] = [
    Target(name: "texts", isCBOR: false) {
      [
        "12.50", "-0.000000000000000000000001", "1.5e9", "2023-07", "2026-03-02T10:00:00.25+02:00",
        "100.0E1", "18446744073709551615", "10B", "5 to 20", "normal(1, 2)", "8/8/16", "49%",
      ].map { Array($0.utf8) }
    } take: { bytes in
      bytes.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        if let count = NumberText.count(start, buffer.count) { _ = count }
        for power in [-6, -3, 0, 3] {
          _ = NumberText.milliseconds(start, buffer.count, power: power)
        }
      }
      bytes.withUnsafeBytes { raw in
        guard let time = TimeText.milliseconds(raw, zoneMinutes: 0) else { return }
        // To the second, it reads back.
        let text = Instant.text(time)
        if TimeText.milliseconds(text) != Instant.floorDivide(time, 1_000).quotient * 1_000,
          (0...253_402_300_799_999).contains(time)
        {
          finding("\(text) is another time")
        }
      }
      guard let text = String(validating: bytes, as: UTF8.self) else { return }
      if let money = try? Money(decimal: text) {
        guard (try? Money(decimal: money.decimal)) == money else { finding("another amount") }
        for decimals in 0...24 { _ = money.rounded(decimals: decimals) }
        _ = MoneyParts(-money)
      }
      _ = try? Money(perMillion: text).times(1_000_000)
      if let month = Month(text), Month(month.description) != month { finding("another month") }
      if let distribution = try? ScenarioFile.distribution(text) {
        guard (try? ScenarioFile.distribution(distribution.description)) == distribution else {
          finding("\(distribution) is another distribution")
        }
        _ = distribution.median
      }
      _ = BooksFile.amount(text)
      _ = Precision(name: text)
      _ = ServingStack(name: text, month: text)
      _ = MappingFile.originTime(text)
    }
  ]
}
