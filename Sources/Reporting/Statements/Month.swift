// SPDX-License-Identifier: Apache-2.0

import Economics

/// A calendar month, from 1900 to 2199 where it comes from outside.
public struct Month: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Months since year 0.
  public let index: Int

  /// - Parameter index: months since January of year 0.
  public init(index: Int) { self.index = index }

  /// The month that holds a day, given in days since 1970.
  public init(day: Int64) {
    let (year, month, _) = Instant.civil(days: day)
    index = Int(year) * 12 + Int(month) - 1
  }

  /// `2023-07`; `nil` for anything else, and outside 1900 to 2199.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    // Digits only: `Int` would take a sign as well.
    guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
      parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let year = Int(parts[0]), let month = Int(parts[1]), (1...12).contains(month),
      (1_900..<2_200).contains(year)
    else { return nil }
    index = year * 12 + month - 1
  }

  public static func < (a: Month, b: Month) -> Bool { a.index < b.index }

  /// `2023-07`.
  public var description: String {
    let month = index % 12 + 1
    let year = String(index / 12)
    let padding = String(repeating: "0", count: max(0, 4 - year.count))
    return "\(padding)\(year)-\(month < 10 ? "0" : "")\(month)"
  }

  /// The month that many months later, or earlier if negative.
  public func advanced(by months: Int) -> Month { Month(index: index + months) }
}

/// On the wire a month is its text; nothing else is taken.
extension Month: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let month = Month(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text)' is not a valid month; write 2023-07")
    }
    self = month
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
