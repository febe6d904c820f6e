// SPDX-License-Identifier: Apache-2.0

import Documents
import Foundation
import Runway

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
    let months = horizon > 24 ? [24, horizon] : [horizon]
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
                      ("below", ruin.below.map { .number("\($0)") } ?? .null),
                      ("above", ruin.above.map { .number("\($0)") } ?? .null),
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
