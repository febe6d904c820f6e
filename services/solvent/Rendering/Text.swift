// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Numbers for people.
enum Text {
  /// `▁▃▅█`: each value as a height, from nothing to the greatest.
  static func sparkline(_ values: [Double]) -> String {
    let heights = Array("▁▂▃▄▅▆▇█")
    guard let greatest = values.max(), greatest > 0 else { return "" }
    return String(values.map { heights[max(0, min(7, Int(($0 / greatest * 7).rounded())))] })
  }

  /// `1,204,331`
  static func grouped(_ number: some BinaryInteger) -> String {
    var digits = String(number)
    let sign = digits.hasPrefix("-") ? String(digits.removeFirst()) : ""
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits.removeLast(3)
    }
    return sign + ([digits[...]] + groups).joined(separator: ",")
  }

  /// `386.1 B`: a count with a short scale unit.
  static func short(_ number: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"),
    ]
    for (size, unit) in units where number >= size {
      let tenths = (number / (size / 10))
      return "\(grouped(tenths / 10)).\(tenths % 10) \(unit)"
    }
    return grouped(number)
  }

  /// `99.2 %`, rounded down so that 100 % means all.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "–" }
    let tenths = part.multipliedFullWidth(by: 1_000)
    let permille = whole.dividingFullWidth(tenths).quotient
    return "\(permille / 10).\(permille % 10) %"
  }
}
