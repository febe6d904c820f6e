// SPDX-License-Identifier: Apache-2.0

public import Runway

/// What a file has to say itself. A default never carries money: whatever is money, or says how likely
/// it is, is the file's own or the file is refused.
extension ScenarioFile {
  static let lists = ["events", "correlations"]

  static let required: [String] =
    RunwayScenario.Parameter.allCases.map(\.name) + lists
    + ScenarioSetting.all.filter { !$0.group.isEmpty }.map(\.key)

  /// The keys that are required and were not given, in the order of a file. Where no round may be asked
  /// for, and where no profit is shared, the rest of their groups carries nothing.
  public var missing: [String] {
    Self.required.filter { unset.contains($0) && carriesMoney($0) }
  }

  private func carriesMoney(_ key: String) -> Bool {
    if key.hasPrefix("rounds."), key != "rounds.most" { return scenario.rounds.most > 0 }
    if key == "profit_share.cap" {
      return scenario.profitShare.share > 0 || unset.contains("profit_share.share")
    }
    return true
  }

  /// - Throws: ``ScenarioError`` with all that is missing, ready to be copied, or what is wrong.
  public func check() throws(ScenarioError) {
    if let remedy = missingRemedy { throw ScenarioError(remedy) }
    try RunwayProgram.validate(scenario)
  }

  /// What is missing and how to add it; `nil` when nothing is.
  var missingRemedy: String? {
    let missing = missing
    guard !missing.isEmpty else { return nil }
    let names = missing.reduce(into: [String]()) { names, key in
      let name = wholeGroup(of: key, missing) ?? key
      if names.last != name { names.append(name) }
    }
    return """
      the scenario is missing: \(names.joined(separator: ", "))
      No defaults are assumed. Fill in these lines and add them to the file, or use \
      --set KEY=VALUE. The values 0, 1 and [] below mean that there is none:

      \(Self.snippet(missing, wholeGroup: { wholeGroup(of: $0, missing) }).joined(separator: "\n"))
      """
  }

  /// The group of a key when the file says nothing of that group.
  private func wholeGroup(of key: String, _ missing: [String]) -> String? {
    guard let group = ScenarioSetting.groups.first(where: { key.hasPrefix("\($0).") }),
      ScenarioSetting.all.allSatisfy({ $0.group != group || unset.contains($0.key) })
    else { return nil }
    return group
  }

  /// Lines of a file that give the keys: with a value where one means that there is nothing of it.
  private static func snippet(
    _ missing: [String], wholeGroup: (String) -> String?
  ) -> [String] {
    var lines: [String] = []
    let parameters = RunwayScenario.Parameter.allCases.filter { missing.contains($0.name) }
    if !parameters.isEmpty { lines.append("parameters:") }
    for parameter in parameters {
      lines.append("  \(parameter.name):  # \(parameter.meaning), \(parameter.allowedText)")
    }
    for list in lists where missing.contains(list) { lines.append("\(list): []") }
    for group in ScenarioSetting.groups {
      let settings = ScenarioSetting.all.filter { $0.group == group && missing.contains($0.key) }
      guard let first = settings.first else { continue }
      if wholeGroup(first.key) != nil {
        let values = settings.map { "\($0.name): \($0.nothing)" }
        lines.append("\(group): {\(values.joined(separator: ", "))}")
      } else {
        lines.append("\(group):")
        lines += settings.map { "  \($0.name): \($0.nothing)  # \($0.meaning)" }
      }
    }
    return lines
  }
}
