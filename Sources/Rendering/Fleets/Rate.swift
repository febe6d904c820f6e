// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Rates and other numbers of three or so digits.
public enum Rate {
  public static func text(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    if abs(value) >= 1e15 { return String(format: "%.3g", value) }
    if abs(value) >= 100 { return Text.grouped(Int64(value.rounded())) }
    return String(format: abs(value) >= 10 ? "%.1f" : "%.2f", value)
  }
}
