// SPDX-License-Identifier: Apache-2.0

/// What was checked, what is wrong and what to do.
public struct CheckList {
  private enum State: String, Encodable { case ok, warning, problem }

  private struct Check: Encodable {
    var state: State
    var text: String
    var fix: String?
  }

  /// `solvent.doctor/v1`
  private struct DoctorJSON: Encodable {
    var checks: [Check]
    var problems: Int
    var warnings: Int
  }

  private var checks: [Check] = []

  private func count(_ state: State) -> Int { checks.count { $0.state == state } }
  /// Problems found so far.
  public var problems: Int { count(.problem) }

  public init() {}

  public mutating func ok(_ text: String) { checks.append(Check(state: .ok, text: text)) }

  public mutating func warn(_ text: String, fix: String) {
    checks.append(Check(state: .warning, text: text, fix: fix))
  }

  /// - Parameter fix: `nil` where the text says it.
  public mutating func fail(_ text: String, fix: String?) {
    checks.append(Check(state: .problem, text: text, fix: fix))
  }

  public func print(on page: Page) {
    let warnings = count(.warning)
    switch page.format {
    case .json:
      page.json(
        "solvent.doctor/v1", DoctorJSON(checks: checks, problems: problems, warnings: warnings))
    case .csv:
      page.csv(["state", "text", "fix"])
      for check in checks { page.csv([check.state.rawValue, check.text, check.fix ?? ""]) }
    case .table, .md:
      for check in checks {
        let label = check.state == .problem ? "fail" : check.state == .warning ? "warn" : "ok"
        let padded = label + String(repeating: " ", count: 6 - label.count)
        page.line(padded + check.text + (check.fix.map { "   fix: \($0)" } ?? ""))
      }
      if problems + warnings > 0 {
        page.line("\(Text.counted(problems, "problem")), \(Text.counted(warnings, "warning"))")
      }
    }
  }
}
