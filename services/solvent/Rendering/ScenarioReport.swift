// SPDX-License-Identifier: Apache-2.0

import Documents
import Foundation
import Runway

/// The result of a scenario.
struct ScenarioReport {
  let file: ScenarioFile
  let summary: RunwaySummary
  let seconds: Double

  static let probabilities = [0.05, 0.10, 0.50, 0.90, 0.95]
  static let cashProbabilities = [0.05, 0.25, 0.50, 0.75, 0.95]

  init(_ file: ScenarioFile, _ counts: RunwayCounts, seconds: Double) {
    self.file = file
    self.seconds = seconds
    summary = RunwaySummary(counts, of: file.scenario)
  }

  /// The months that are shown: each year, and the end.
  private var months: [Int] {
    let years = stride(from: 12, to: summary.months, by: 12)
    return Array(years) + [summary.months]
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv: printCSV()
    case .table, .md: printTable(format)
    }
  }

  private func label(_ month: Int) -> String { MonthLabel.text(file.start, plus: month) }

  private func month(_ value: Int?) -> String {
    value.map { "month \($0)\(file.start.isEmpty ? "" : " (\(label($0)))")" }
      ?? "beyond \(summary.months) months"
  }

  private func printTable(_ format: OutputOptions.Format) {
    Terminal.print(
      Terminal.bold(file.scenario.name)
        + "   \(Text.grouped(summary.paths)) paths, seed \(file.scenario.seed)")
    if !file.note.isEmpty { Terminal.print(file.note) }
    Terminal.print()
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
    table.print(as: format)
    Terminal.print()
    let runway = [0.05, 0.10, 0.50].map {
      "P\(Int($0 * 100)) \(month(summary.runway($0).value))"
    }.joined(separator: " · ")
    Terminal.print("runway   \(runway)")
    Terminal.print()
    var drivers = Table(columns: [
      .init(title: "DRIVER"), .init(title: "EXPLAINS", isNumber: true),
      .init(title: "P(RUIN) LOW", isNumber: true), .init(title: "HIGH", isNumber: true),
      .init(title: "DRAWN FROM", rank: 1), .init(title: "KNOWN", rank: 2),
    ])
    for driver in summary.drivers.filter({ isUncertain($0.parameter) }).prefix(6) {
      drivers.rows.append([
        driver.parameter.name,
        isOpen
          ? String(format: "%.1f %% ± %.1f", driver.index * 100, driver.indexError * 100) : "–",
        Percent.text(driver.low), Percent.text(driver.high),
        "\(file.scenario[driver.parameter])",
        file.provenance[driver.parameter.name]?.evidence ?? "assumed",
      ])
    }
    drivers.print(as: format)
    let rate = Double(summary.paths) * Double(summary.counts.steps) / max(seconds, 1e-9)
    Terminal.print(
      Terminal.dim(
        """
        ± is one standard error of simulation, not of the assumptions · <, >: no path, every path; \
        with 95 % confidence · low, high: lowest and highest tenth of the driver
        \(String(format: "%.2f", seconds)) s, \(String(format: "%.0f", rate / 1e6)) M path-steps/s \
        · fingerprint \(String(summary.counts.fanHash, radix: 16))
        """))
  }

  /// Whether some paths are ruined and some are not: otherwise there is nothing to explain.
  private var isOpen: Bool {
    let ruin = summary.ruin(by: summary.months)
    return ruin.below == nil && ruin.above == nil
  }

  private func isUncertain(_ parameter: RunwayScenario.Parameter) -> Bool {
    if case .fixed = file.scenario[parameter] { false } else { true }
  }

  private func printCSV() {
    Terminal.print(
      "month,ruin,ruin_se,break_even,break_even_se,cash_p5,cash_p25,cash_p50,cash_p75,cash_p95")
    for month in 1...summary.months {
      let (ruin, even) = (summary.ruin(by: month), summary.breakEven(by: month))
      let cash = Self.cashProbabilities.map { "\(summary.cash(at: month, $0).value)" }
      Terminal.print(
        ([
          "\(month)", "\(ruin.value)", "\(ruin.standardError)", "\(even.value)",
          "\(even.standardError)",
        ] + cash).joined(separator: ","))
    }
  }

  /// Everything: by month, by parameter, with standard errors and origins.
  var json: JSONText {
    func number(_ value: Double) -> JSONText { .number("\(value)") }
    func share(_ share: Share) -> JSONText {
      .object([
        ("value", number(share.value)), ("standard_error", number(share.standardError)),
        // With 95 % confidence, where no path or every path is counted.
        ("below", share.below.map(number) ?? .null), ("above", share.above.map(number) ?? .null),
      ])
    }
    func month(_ value: Int?) -> JSONText { value.map { .number("\($0)") } ?? .null }
    func quantile(_ quantile: Quantile<Int?>) -> JSONText {
      .object([
        ("probability", number(quantile.probability)), ("month", month(quantile.value)),
        ("low", month(quantile.low)), ("high", month(quantile.high)),
      ])
    }
    let byMonth: [JSONText] = (1...summary.months).map { month in
      let mean = summary.meanCash(at: month)
      return .object([
        ("month", .number("\(month)")), ("ruin", share(summary.ruin(by: month))),
        ("break_even", share(summary.breakEven(by: month))),
        (
          "cash",
          .object(
            Self.cashProbabilities.map { p in
              let cash = summary.cash(at: month, p)
              return (
                "p\(Int((p * 100).rounded()))",
                .object([
                  ("value", number(cash.value)), ("low", number(cash.low)),
                  ("high", number(cash.high)),
                ])
              )
            })
        ),
        (
          "mean_cash",
          .object([
            ("value", number(mean.value)), ("standard_error", number(mean.standardError)),
          ])
        ),
      ])
    }
    let drivers: [JSONText] = summary.drivers.map { driver in
      let origin = file.provenance[driver.parameter.name] ?? Provenance()
      return .object([
        ("parameter", .string(driver.parameter.name)), ("symbol", .string(driver.parameter.symbol)),
        ("distribution", .string("\(file.scenario[driver.parameter])")),
        ("source", .string(origin.source)), ("date", .string(origin.date)),
        ("evidence", .string(origin.evidence)),
        ("first_order", isOpen ? number(driver.index) : .null),
        ("standard_error", isOpen ? number(driver.indexError) : .null),
        ("ruin_low", share(driver.low)),
        ("ruin_high", share(driver.high)),
      ])
    }
    return .object([
      ("schema", .string("solvent.scenario/v1")), ("scenario", .string(file.scenario.name)),
      ("currency", .string(file.currency)), ("start", .string(file.start)),
      ("paths", .number("\(summary.paths)")), ("seed", .number("\(file.scenario.seed)")),
      ("horizon", .number("\(summary.months)")),
      ("steps_per_month", .number("\(summary.stepsPerMonth)")),
      ("fingerprint", .string(String(summary.counts.fanHash, radix: 16))),
      ("runway", .array(Self.probabilities.map { quantile(summary.runway($0)) })),
      ("break_even", .array(Self.probabilities.map { quantile(summary.breakEven($0)) })),
      ("months", .array(byMonth)), ("drivers", .array(drivers)),
    ])
  }
}
