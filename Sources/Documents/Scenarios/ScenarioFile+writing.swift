// SPDX-License-Identifier: Apache-2.0

import Runway

extension ScenarioFile {
  /// The file of this scenario, every value with where it comes from. What nobody has given is left
  /// blank, to be filled in: such a file is refused until it is.
  public var text: String {
    var lines = ["scenario: \(Self.quoted(scenario.name))"]
    if !note.isEmpty { lines.append("note: \(Self.quoted(note))") }
    if !start.isEmpty { lines.append("start: \(start)") }
    lines += [
      "currency: \(currency)", "horizon: \(scenario.horizon)",
      "steps_per_month: \(scenario.stepsPerMonth)", "paths: \(paths)", "seed: \(scenario.seed)",
      "break_even_months: \(scenario.breakEvenMonths)", "parameters:",
    ]
    for parameter in RunwayScenario.Parameter.allCases {
      let isGiven = !unset.contains(parameter.name)
      lines.append(
        "  # \(parameter.meaning): \(isGiven ? "" : "FILL IN, ")\(origin(parameter.name))")
      lines.append("  \(parameter.name):\(isGiven ? " \(scenario[parameter])" : "")")
    }
    lines += correlationLines + eventLines
    for group in ["volatility", "regime", "profit_share", "rounds"] {
      let values = ScenarioSetting.all.filter { $0.group == group && !unset.contains($0.key) }
      guard !values.isEmpty else { continue }
      lines.append("\(group):")
      lines += values.map { "  \($0.name): \($0.text(in: self))" }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func origin(_ key: String) -> String {
    guard let known = provenance[key] else { return "assumed" }
    return [known.evidence, known.source, known.date].filter { !$0.isEmpty }
      .joined(separator: ", ").replacing("\n", with: " ")
  }

  private var correlationLines: [String] {
    guard !unset.contains("correlations") else { return [] }
    guard !scenario.correlations.isEmpty else { return ["correlations: []"] }
    return ["correlations:"]
      + scenario.correlations.map { item in
        "  - {between: [\(item.first.name), \(item.second.name)], value: \(Self.text(item.value))}"
      }
  }

  private var eventLines: [String] {
    guard !unset.contains("events") else { return [] }
    guard !scenario.events.isEmpty else { return ["events: []"] }
    return ["events:"]
      + scenario.events.sorted { $0.month < $1.month }.map { event in
        let kind = Self.events.first { $0.value == event.kind }?.key ?? ""
        return "  - {month: \(event.month), \(kind): \(Self.text(event.amount))}"
          + "  # \(origin("\(kind)@\(event.month)"))"
      }
  }

  private static func text(_ value: Double) -> String { Distribution.fixed(value).description }

  private static func quoted(_ text: String) -> String {
    "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: " ") + "\""
  }
}
