// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Numbers for people.
public enum Text {
  /// `▁▃▅█`: each value as a height, from nothing to the greatest.
  public static func sparkline(_ values: [Double]) -> String {
    let heights = Array("▁▂▃▄▅▆▇█")
    guard let greatest = values.max(), greatest > 0 else { return "" }
    return String(values.map { heights[max(0, min(7, Int(($0 / greatest * 7).rounded())))] })
  }

  /// `1,204,331`
  public static func grouped(_ number: some BinaryInteger) -> String {
    var digits = String(number)
    let sign = digits.hasPrefix("-") ? String(digits.removeFirst()) : ""
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits.removeLast(3)
    }
    return sign + ([digits[...]] + groups).joined(separator: ",")
  }

  /// `1,204.50`: a number with that many decimals.
  public static func decimal(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return "–" }
    let text = String(format: "%.\(decimals)f", value)
    let parts = text.split(separator: ".")
    guard let whole = Int128(parts[0]) else { return text }
    // Rounded to nothing, it is nothing: no "-0.00".
    let isNothing = text.allSatisfy { "-0.".contains($0) }
    let sign = whole == 0 && text.hasPrefix("-") && !isNothing ? "-" : ""
    return sign + grouped(whole) + (parts.count > 1 ? ".\(parts[1])" : "")
  }

  /// `00ff`: two digits a byte.
  public static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
  }

  /// `1 batch`, `1,204 batches`
  public static func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? noun : plural ?? noun + "s")"
  }

  /// `386.1B`: a count with a short scale unit, rounded half up.
  public static func short(_ number: UInt64) -> String {
    let units: [(UInt64, String)] = [
      (1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"),
    ]
    for (size, unit) in units where number >= size - size / 20_000 && number >= 1_000_000 {
      // What rounds to a thousand of the smaller unit is one of the larger.
      let tenths = number / (size / 10) + (number % (size / 10) >= size / 20 ? 1 : 0)
      return "\(grouped(tenths / 10)).\(tenths % 10)\(unit)"
    }
    return grouped(number)
  }

  /// `99.2%`, rounded down so that 100% means all.
  public static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "–" }
    let tenths = part.multipliedFullWidth(by: 1_000)
    let permille = whole.dividingFullWidth(tenths).quotient
    return "\(permille / 10).\(permille % 10)%"
  }
}
