// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingestion
import Modeling

/// Percentages for people.
enum Percent {
  static func text(_ share: Share) -> String {
    String(format: "%.1f %% ± %.1f", share.value * 100, share.standardError * 100)
  }

  static func text(_ value: Double) -> String { String(format: "%.1f %%", value * 100) }
}

/// Amounts for people: `$1.2 B`.
enum Amount {
  static func text(_ value: Double, _ currency: String) -> String {
    let units: [(Double, String)] = [(1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")]
    let sign = value < 0 ? "−" : ""
    let symbol = currency == "USD" ? "$" : "\(currency) "
    for (size, unit) in units where abs(value) >= size {
      return String(format: "%@%@%.2f%@", sign, symbol, abs(value) / size, unit)
    }
    return String(format: "%@%@%.0f", sign, symbol, abs(value))
  }
}

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
        String(format: "%.1f %% ± %.1f", driver.index * 100, driver.indexError * 100),
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
        ± is one standard error of simulation, not of the assumptions · low, high: lowest and \
        highest tenth of the driver
        \(String(format: "%.2f", seconds)) s, \(String(format: "%.0f", rate / 1e6)) M path-steps/s \
        · fingerprint \(String(summary.counts.fanHash, radix: 16))
        """))
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
      .object([("value", number(share.value)), ("standard_error", number(share.standardError))])
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
        ("evidence", .string(origin.evidence)), ("first_order", number(driver.index)),
        ("standard_error", number(driver.indexError)), ("ruin_low", share(driver.low)),
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

/// Scenarios beside each other.
struct ComparisonReport {
  private let cases: [ScenarioFile]
  private let summaries: [RunwaySummary]
  private let differences: [RunwayDifference]

  init(_ cases: [ScenarioFile], _ outcome: SimulationOutcome) {
    self.cases = cases
    differences = outcome.differences
    summaries = zip(cases, outcome.counts).map {
      RunwaySummary($1, of: $0.scenario)
    }
  }

  private func difference(_ place: Int, by month: Int) -> (value: Double, standardError: Double)? {
    guard place > 0 else { return nil }
    return differences[place - 1].ruin(by: month * cases[0].scenario.stepsPerMonth)
  }

  func print(_ format: OutputOptions.Format) {
    let horizon = summaries[0].months
    let months = [24, horizon].filter { $0 <= horizon }
    switch format {
    case .json: Terminal.print(json.text)
    case .csv:
      Terminal.print("scenario,month,ruin,ruin_se,difference,difference_se,runway_p10")
      for (place, summary) in summaries.enumerated() {
        for month in 1...horizon {
          let (ruin, change) = (summary.ruin(by: month), difference(place, by: month))
          Terminal.print(
            [
              CSVText.cell(cases[place].scenario.name), "\(month)", "\(ruin.value)",
              "\(ruin.standardError)", change.map { "\($0.value)" } ?? "",
              change.map { "\($0.standardError)" } ?? "",
              summary.runway(0.1).value.map(String.init) ?? "",
            ].joined(separator: ","))
        }
      }
    case .table, .md:
      var table = Table(
        columns: [.init(title: "SCENARIO")]
          + months.flatMap {
            [
              .init(title: "RUIN \($0) M", isNumber: true),
              .init(title: "DIFFERENCE", isNumber: true),
            ]
          } + [
            .init(title: "RUNWAY P10", isNumber: true),
            .init(title: "MEDIAN CASH \(horizon) M", isNumber: true, rank: 1),
          ])
      for (place, summary) in summaries.enumerated() {
        var row = [cases[place].scenario.name]
        for month in months {
          row.append(Percent.text(summary.ruin(by: month)))
          row.append(
            difference(place, by: month).map {
              String(format: "%+.1f ± %.1f", $0.value * 100, $0.standardError * 100)
            } ?? "")
        }
        row.append(summary.runway(0.1).value.map { "\($0) months" } ?? "> \(horizon)")
        row.append(Amount.text(summary.cash(at: horizon, 0.5).value, cases[place].currency))
        table.rows.append(row)
      }
      table.print(as: format)
      Terminal.print(
        Terminal.dim(
          """
          \(Text.grouped(summaries[0].paths)) paths on the same draws, seed \
          \(cases[0].scenario.seed) · differences in percentage points, ± one standard error
          """))
    }
  }

  private var json: JSONText {
    .object([
      ("schema", .string("solvent.comparison/v1")),
      ("paths", .number("\(summaries[0].paths)")),
      ("seed", .number("\(cases[0].scenario.seed)")),
      (
        "scenarios",
        .array(
          summaries.indices.map { place in
            .object([
              ("scenario", .string(cases[place].scenario.name)),
              (
                "months",
                .array(
                  (1...summaries[place].months).map { month in
                    let ruin = summaries[place].ruin(by: month)
                    let change = difference(place, by: month)
                    return .object([
                      ("month", .number("\(month)")), ("ruin", .number("\(ruin.value)")),
                      ("standard_error", .number("\(ruin.standardError)")),
                      ("difference", change.map { .number("\($0.value)") } ?? .null),
                      (
                        "difference_error",
                        change.map { .number("\($0.standardError)") } ?? .null
                      ),
                    ])
                  })
              ),
              (
                "runway_p10", summaries[place].runway(0.1).value.map { .number("\($0)") } ?? .null
              ),
              (
                "fingerprint", .string(String(summaries[place].counts.fanHash, radix: 16))
              ),
            ])
          })
      ),
    ])
  }
}

/// Months after a month.
enum MonthLabel {
  /// `2023-07` plus 6: `2024-01`.
  static func text(_ start: String, plus months: Int) -> String {
    let parts = start.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 2 else { return "month \(months)" }
    let total = parts[0] * 12 + parts[1] - 1 + months
    return String(format: "%04d-%02d", total / 12, total % 12 + 1)
  }
}
