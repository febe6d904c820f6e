// SPDX-License-Identifier: Apache-2.0

public import Documents
import Foundation
import Reporting
public import Runway

/// Scenarios beside each other.
public struct ComparisonReport {
  private let cases: [ScenarioFile]
  private let summaries: [RunwaySummary]
  private let differences: [RunwayDifference]

  public init(_ cases: [ScenarioFile], _ outcome: SimulationOutcome) {
    self.cases = cases
    differences = outcome.differences
    summaries = zip(cases, outcome.counts).map {
      RunwaySummary($1, of: $0.scenario)
    }
  }

  private func difference(_ position: Int, by month: Int) -> (value: Double, standardError: Double)?
  {
    guard position > 0 else { return nil }
    return differences[position - 1].ruin(by: month * cases[0].scenario.stepsPerMonth)
  }

  public func print(on page: Page) {
    let horizon = summaries[0].months
    let months = horizon > 24 ? [24, horizon] : [horizon]
    switch page.format {
    case .json: page.json("solvent.comparison/v1", json)
    case .csv:
      page.line("scenario,month,ruin,ruin_se,difference,difference_se,runway_p10")
      for (position, summary) in summaries.enumerated() {
        for month in 1...horizon {
          let (ruin, change) = (summary.ruin(by: month), difference(position, by: month))
          page.line(
            [
              CSVText.cell(cases[position].scenario.name), "\(month)", "\(ruin.value)",
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
      for (position, summary) in summaries.enumerated() {
        var row = [cases[position].scenario.name]
        for month in months {
          row.append(Percent.text(summary.ruin(by: month)))
          row.append(
            difference(position, by: month).map {
              String(format: "%+.1f ± %.1f", $0.value * 100, $0.standardError * 100)
            } ?? "")
        }
        row.append(summary.runway(0.1).value.map { "\($0) months" } ?? "> \(horizon)")
        row.append(Amount.text(summary.cash(at: horizon, 0.5).value, cases[position].currency))
        table.rows.append(row)
      }
      table.print(on: page)
      page.line(
        page.dim(
          """
          \(Text.grouped(summaries[0].paths)) paths on the same draws, seed \
          \(cases[0].scenario.seed) · differences in percentage points, ± one standard error
          """))
    }
  }

  /// `solvent.comparison/v1`
  private struct ComparisonJSON: Encodable {
    struct Month: Encodable {
      var month: Int
      var ruin: Double
      var standardError: Double
      /// With 95% confidence, where no path or every path is ruined.
      var below: Double?
      var above: Double?
      /// Less that of the first scenario.
      var difference: Double?
      var differenceError: Double?
    }

    struct Scenario: Encodable {
      var scenario: String
      var months: [Month]
      var runwayP10: Int?
      var fingerprint: String
    }

    var paths: UInt64
    var seed: UInt64
    var scenarios: [Scenario]
  }

  private var json: ComparisonJSON {
    ComparisonJSON(
      paths: summaries[0].paths, seed: cases[0].scenario.seed,
      scenarios: summaries.indices.map { index in
        let summary = summaries[index]
        return .init(
          scenario: cases[index].scenario.name,
          months: (1...summary.months).map { month in
            let ruin = summary.ruin(by: month)
            let change = difference(index, by: month)
            return .init(
              month: month, ruin: ruin.value, standardError: ruin.standardError, below: ruin.below,
              above: ruin.above,
              difference: change?.value, differenceError: change?.standardError)
          }, runwayP10: summary.runway(0.1).value,
          fingerprint: String(summary.counts.cashFingerprint, radix: 16))
      })
  }
}
