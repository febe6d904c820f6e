// SPDX-License-Identifier: Apache-2.0

public import Runway

extension ScenarioFile {
  /// An amount or share as scenarios write it.
  /// - Throws: ``ScenarioError`` for any other text.
  public static func amount(_ text: String) throws(ScenarioError) -> Double { try number(text) }

  /// `12`, `1.5e9`, `10B`, `-12%`, `1_000`.
  static func number(_ text: String) throws(ScenarioError) -> Double {
    var digits = text.filter { $0 != "_" && $0 != " " }
    var factor = 1.0
    let suffixes: [Character: Double] = ["%": 0.01, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12]
    if let last = digits.last, let suffix = suffixes[last] {
      factor = suffix
      digits.removeLast()
    }
    // Double() also takes hexadecimal, "nan" and "infinity".
    guard !digits.isEmpty,
      digits.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }),
      let value = Double(digits), (value * factor).isFinite
    else { throw ScenarioError("'\(text)' is not a valid number; write 12, 1.5e9, 10B or -12%") }
    return value * factor
  }

  /// A number; `5 to 20`, normal(5, 20), beta(6, 44), triangular(14, 17, 20).
  static func distribution(_ text: String) throws(ScenarioError) -> Distribution {
    let distribution: Distribution
    if let open = text.firstIndex(of: "("), text.last == ")" {
      let name = text[..<open].trimmingBlanks()
      var numbers: [Double] = []
      for part in text[text.index(after: open)...].dropLast().split(
        separator: ",", omittingEmptySubsequences: false)
      {
        numbers.append(try number(part.trimmingBlanks()))
      }
      switch (name, numbers.count) {
      case ("normal", 2): distribution = .normal(p5: numbers[0], p95: numbers[1])
      case ("lognormal", 2): distribution = .lognormal(p5: numbers[0], p95: numbers[1])
      case ("beta", 2): distribution = .beta(a: numbers[0], b: numbers[1])
      case ("triangular", 3):
        distribution = .triangular(low: numbers[0], mode: numbers[1], high: numbers[2])
      default:
        throw ScenarioError(
          "'\(text)': write normal(P5, P95), lognormal(P5, P95), beta(A, B) or triangular(LOW, MODE, HIGH)"
        )
      }
    } else if let range = text.firstRange(of: " to ") {
      distribution = .lognormal(
        p5: try number(String(text[..<range.lowerBound])),
        p95: try number(String(text[range.upperBound...])))
    } else {
      distribution = .fixed(try number(text))
    }
    if let problem = distribution.problem { throw ScenarioError("'\(text)': \(problem)") }
    return distribution
  }
}

extension StringProtocol {
  fileprivate func trimmingBlanks() -> String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
