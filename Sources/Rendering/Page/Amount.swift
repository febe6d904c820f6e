// SPDX-License-Identifier: Apache-2.0

public import Economics
import Foundation
public import Runway

/// Percentages for people.
public enum Percent {
  /// `12.3% ± 0.1`; where no path or every path is counted, what is known of the rest.
  public static func text(_ share: Probability) -> String {
    if let below = share.below { return String(format: "< %.3g%%", below * 100) }
    if let above = share.above { return String(format: "> %.6g%%", above * 100) }
    return String(format: "%.1f%% ± %.1f", share.value * 100, share.standardError * 100)
  }

  /// A share with one decimal: `57.2%`.
  public static func text(_ value: Double) -> String { String(format: "%.1f%%", value * 100) }
}

/// Amounts for people.
public enum Amount {
  /// `$` for dollars, otherwise the code and a space.
  public static func symbol(_ currency: String) -> String {
    currency == "USD" ? "$" : "\(currency) "
  }

  /// `$1,204,331.50`, rounded half to even.
  public static func text(_ money: Money, decimals: Int, _ currency: String) -> String {
    let rounded = money.rounded(decimals: decimals)
    let isNegative = rounded.hasPrefix("-")
    let parts = (isNegative ? String(rounded.dropFirst()) : rounded).split(separator: ".")
    let whole = Text.grouped(Int128(parts[0]) ?? 0)
    return (isNegative ? "-" : "") + symbol(currency) + whole
      + (parts.count > 1 ? ".\(parts[1])" : "")
  }

  /// `$1.20B`
  public static func text(_ value: Double, _ currency: String) -> String {
    let units: [(Double, String)] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")]
    let sign = value < 0 ? "-" : ""
    let symbol = symbol(currency)
    for (size, unit) in units where abs(value) >= size {
      return String(format: "%@%@%.2f%@", sign, symbol, abs(value) / size, unit)
    }
    return String(format: "%@%@%.0f", sign, symbol, abs(value))
  }
}

/// Months after a month.
public enum MonthLabel {
  /// `2023-07` plus 6: `2024-01`.
  public static func text(_ start: String, plus months: Int) -> String {
    let parts = start.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 2 else { return "month \(months)" }
    let total = parts[0] * 12 + parts[1] - 1 + months
    return String(format: "%04d-%02d", total / 12, total % 12 + 1)
  }
}
