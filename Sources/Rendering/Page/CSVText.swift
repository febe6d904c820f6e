// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Reporting

/// Cells of CSV (RFC 4180). A text that a spreadsheet would take for a formula gets a quote in front.
public enum CSVText {
  /// A line; numbers stay numbers, also negative ones.
  public static func line(_ cells: [String]) -> String {
    cells.map { Double($0) == nil ? cell($0) : $0 }.joined(separator: ",")
  }

  /// A field, quoted where RFC 4180 requires it.
  public static func cell(_ text: String) -> String {
    var text = text
    if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) {
      text = "'" + text
    }
    // By bytes: in Swift CR LF is one character, and a comma may carry an accent.
    guard text.utf8.contains(where: { [0x2C, 0x22, 0x0D, 0x0A].contains($0) }) else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}
