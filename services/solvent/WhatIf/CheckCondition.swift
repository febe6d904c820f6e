// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Rendering

/// `median>9%`
struct CheckCondition {
  private let text: String
  private let name: String
  private let isAbove: Bool
  private let limit: Double

  init(_ text: String) throws {
    self.text = text
    guard let sign = text.firstIndex(where: { $0 == ">" || $0 == "<" }) else {
      throw ValidationError("'\(text)' is not a valid --fail-if; write 'median>9%'")
    }
    name = text[..<sign].trimmingCharacters(in: .whitespaces)
    isAbove = text[sign] == ">"
    let rest = text[text.index(after: sign)...].trimmingCharacters(in: .whitespaces)
    let number = Double(rest.hasSuffix("%") ? String(rest.dropLast()) : rest)
    guard ["median", "p90", "bias", "covered", "unsupported"].contains(name), let number else {
      throw ValidationError(
        "'\(text)' is not a valid --fail-if; compare median, p90, bias, covered "
          + "or unsupported with a number"
      )
    }
    limit = rest.hasSuffix("%") ? number / 100 : number
  }

  /// The condition with the value that meets it.
  func met(by check: PredictionCheck) -> String? {
    let value: Double =
      switch name {
      case "median": check.all.median
      case "p90": check.all.p90
      case "bias": abs(check.all.bias)
      case "covered": check.covered
      default: Double(check.unsupported)
      }
    guard isAbove ? value > limit : value < limit else { return nil }
    return name == "unsupported"
      ? "\(text): \(Int(value))" : "\(text): it is \(Percent.text(value))"
  }
}
