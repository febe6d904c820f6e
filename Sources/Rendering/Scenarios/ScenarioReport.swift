// SPDX-License-Identifier: Apache-2.0

public import Documents
import Foundation
public import Runway

/// The result of a scenario.
public struct ScenarioReport {
  let file: ScenarioFile
  public let summary: RunwaySummary
  let seconds: Double

  static let probabilities = [0.05, 0.10, 0.50, 0.90, 0.95]
  static let cashProbabilities = [0.05, 0.25, 0.50, 0.75, 0.95]

  /// - Parameter seconds: what the simulation took.
  public init(_ file: ScenarioFile, _ counts: RunwayCounts, seconds: Double) {
    self.file = file
    self.seconds = seconds
    summary = RunwaySummary(counts, of: file.scenario)
  }

  /// The months that are shown: each year, and the end.
  private var months: [Int] {
    let years = stride(from: 12, to: summary.months, by: 12)
    return Array(years) + [summary.months]
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.scenario/v1", ScenarioJSON(self))
    case .csv: printCSV(on: page)
    case .table, .md: printTable(on: page)
    }
  }

  private func label(_ month: Int) -> String { MonthLabel.text(file.start, plus: month) }

  private func month(_ value: Int?) -> String {
    value.map { "month \($0)\(file.start.isEmpty ? "" : " (\(label($0)))")" }
      ?? "beyond \(summary.months) months"
  }

  private func printTable(on page: Page) {
    page.line(
      page.bold(file.scenario.name)
        + "   \(Text.grouped(summary.paths)) paths, seed \(file.scenario.seed)")
    if !file.note.isEmpty { page.line(file.note) }
    page.line()
    var table = Table(columns: [
      .init(title: "BY"), .init(title: "P(RUIN)", isNumber: true),
      .init(title: "BREAK-EVEN", isNumber: true), .init(title: "CASH P5", isNumber: true, rank: 3),
      .init(title: "P25", isNumber: true, rank: 2), .init(title: "MEDIAN", isNumber: true),
      .init(title: "P75", isNumber: true, rank: 2), .init(title: "P95", isNumber: true, rank: 3),
    ])
    for month in months {
      table.rows.append(
        [
          file.start.isEmpty ? "month \(month)" : "\(month)  \(label(month))",
          Percent.text(summary.ruin(by: month)), Percent.text(summary.breakEven(by: month)),
        ]
          + Self.cashProbabilities.map {
            Amount.text(summary.cash(at: month, $0).value, file.currency)
          })
    }
    table.print(on: page)
    page.line()
    let runway = [0.05, 0.10, 0.50].map {
      "P\(Int($0 * 100)) \(month(summary.runway($0).value))"
    }.joined(separator: " · ")
    page.line("runway   \(runway)")
    page.line()
    var drivers = Table(columns: [
      .init(title: "DRIVER"), .init(title: "EXPLAINS", isNumber: true),
      .init(title: "P(RUIN) LOW", isNumber: true), .init(title: "HIGH", isNumber: true),
      .init(title: "DRAWN FROM", rank: 1), .init(title: "EVIDENCE", rank: 2),
    ])
    for driver in summary.drivers.filter({ isUncertain($0.parameter) }).prefix(6) {
      drivers.rows.append([
        driver.parameter.name,
        isOpen
          ? String(format: "%.1f%% ± %.1f", driver.index * 100, driver.indexError * 100) : "–",
        Percent.text(driver.low), Percent.text(driver.high),
        "\(file.scenario[driver.parameter])",
        file.provenance[driver.parameter.name]?.evidence ?? "assumed",
      ])
    }
    drivers.print(on: page)
    let rate = Double(summary.paths) * Double(summary.counts.steps) / max(seconds, 1e-9)
    page.line(
      page.dim(
        """
        ± is one standard error of the simulation, not of the assumptions · <, >: no path, every \
        path; with 95% confidence · low, high: lowest and highest tenth of the driver · cash is \
        accurate to 1.6%
        \(String(format: "%.2f", seconds)) s, \(String(format: "%.0f", rate / 1e6)) M path-steps/s \
        · fingerprint \(String(summary.counts.cashFingerprint, radix: 16))
        """))
  }

  /// Whether some paths are ruined and some are not: otherwise there is nothing to explain.
  var isOpen: Bool {
    let ruin = summary.ruin(by: summary.months)
    return ruin.below == nil && ruin.above == nil
  }

  private func isUncertain(_ parameter: RunwayScenario.Parameter) -> Bool {
    if case .fixed = file.scenario[parameter] { false } else { true }
  }

  private func printCSV(on page: Page) {
    page.line(
      "month,ruin,ruin_se,break_even,break_even_se,cash_p5,cash_p25,cash_p50,cash_p75,cash_p95")
    for month in 1...summary.months {
      let (ruin, even) = (summary.ruin(by: month), summary.breakEven(by: month))
      let cash = Self.cashProbabilities.map { "\(summary.cash(at: month, $0).value)" }
      page.line(
        ([
          "\(month)", "\(ruin.value)", "\(ruin.standardError)", "\(even.value)",
          "\(even.standardError)",
        ] + cash).joined(separator: ","))
    }
  }
}
