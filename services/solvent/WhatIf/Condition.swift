// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Documents
import Economics
import Foundation
import Runway
import ZeroMQ

/// A condition on results: `ruin.36m>5%`.
struct Condition {
  private let text: String
  private let words: [String]
  private let isGreater: Bool
  private let limit: Double

  init(_ text: String, horizon: Int) throws {
    self.text = text
    guard let sign = text.firstIndex(where: { $0 == ">" || $0 == "<" }) else {
      throw ValidationError("'\(text)' is not a valid condition; write ruin.36m>5%")
    }
    words = text[..<sign].split(separator: ".").map(String.init)
    isGreater = text[sign] == ">"
    do throws(ScenarioError) {
      limit = try ScenarioFile.amount(String(text[text.index(after: sign)...]))
    } catch {
      throw ValidationError(error.description)
    }
    guard isKnown(horizon) else {
      throw ValidationError(
        """
        '\(text)' is not a valid condition; compare ruin.36m, break_even.36m, runway.p10 (months) or \
        cash.36m.p50, within \(horizon) months
        """)
    }
  }

  private func isKnown(_ horizon: Int) -> Bool {
    switch (words.first, words.count) {
    case ("ruin", 2), ("break_even", 2): month(1).map { (1...horizon).contains($0) } ?? false
    case ("runway", 2): probability(1) != nil
    case ("cash", 3):
      probability(2) != nil && month(1).map { (1...horizon).contains($0) } ?? false
    default: false
    }
  }

  private func month(_ position: Int) -> Int? {
    words[position].hasSuffix("m") ? Int(words[position].dropLast()) : nil
  }

  private func probability(_ position: Int) -> Double? {
    guard words[position].hasPrefix("p"), let percent = Int(words[position].dropFirst()),
      (1...99).contains(percent)
    else { return nil }
    return Double(percent) / 100
  }

  /// What holds, in words; `nil` when the condition does not.
  func verdict(_ summary: RunwaySummary) -> String? {
    let value: Double
    switch words[0] {
    case "ruin": value = summary.ruin(by: month(1) ?? 1).value
    case "break_even": value = summary.breakEven(by: month(1) ?? 1).value
    case "runway":
      value = summary.runway(probability(1) ?? 0.5).value.map { Double($0) } ?? .infinity
    default: value = summary.cash(at: month(1) ?? 1, probability(2) ?? 0.5).value
    }
    guard isGreater ? value > limit : value < limit else { return nil }
    return "\(words.joined(separator: ".")) = \(String(format: "%.6g", value)), \(text)"
  }
}
