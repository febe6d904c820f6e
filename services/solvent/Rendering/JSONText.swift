// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Reporting

/// JSON written from exact texts: money never passes through a binary fraction, keys keep their
/// order.
indirect enum JSONText {
  case string(String)
  /// A number as it is to be written.
  case number(String)
  case bool(Bool)
  case null
  case array([JSONText])
  case object([(String, JSONText)])

  var text: String {
    switch self {
    case .string(let value): Self.quoted(value)
    // JSON has no infinities.
    case .number(let value): ["inf", "-inf", "nan", "-nan"].contains(value) ? "null" : value
    case .bool(let value): value ? "true" : "false"
    case .null: "null"
    case .array(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
    case .object(let fields):
      "{" + fields.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ value: String) -> String {
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
