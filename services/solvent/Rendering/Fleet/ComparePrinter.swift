// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Economics
import Fleet
import Foundation

struct ComparePrinter {
  let comparison: BuyOrBuild
  let estimate: FleetEstimate
  let api: String
  let input: Double
  let output: Double

  private var rows: [BuyOrBuild.Row] {
    let middle = comparison.breakEven.estimate ?? 86_400
    return comparison.rows(from: middle / 30, to: middle * 100, count: 12)
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv:
      Terminal.print("requests_per_day,api_usd_per_day,fleet_usd_per_day,low,high,replicas")
      for row in rows {
        Terminal.print(
          CSVText.line([
            "\(row.volume)", "\(row.api)", "\(row.fleet.estimate)", "\(row.fleet.low)",
            "\(row.fleet.high)", "\(row.replicas)",
          ]))
      }
    case .table, .md:
      Terminal.print(
        "\(api) at \(FleetEstimate.dollar(input)) in, \(FleetEstimate.dollar(output)) out a million "
          + "tokens, beside \(estimate.deployment.title)")
      Terminal.print()
      var table = Table(columns: [
        .init(title: "REQUESTS A DAY", isNumber: true), .init(title: "API A DAY", isNumber: true),
        .init(title: "FLEET A DAY", isNumber: true), .init(title: "90 %", isNumber: true, rank: 1),
        .init(title: "GPUS", isNumber: true), .init(title: "CHEAPER"),
      ])
      for row in rows {
        let isSure = row.api < row.fleet.low || row.api > row.fleet.high
        table.rows.append([
          Rate.text(row.volume), FleetEstimate.dollar(row.api),
          FleetEstimate.dollar(row.fleet.estimate),
          "\(FleetEstimate.dollar(row.fleet.low)) to \(FleetEstimate.dollar(row.fleet.high))",
          Text.grouped(row.replicas * estimate.deployment.gpusPerReplica),
          (row.api < row.fleet.estimate ? "API" : "fleet") + (isSure ? "" : ", not sure"),
        ])
      }
      table.print(as: format)
      Terminal.print()
      Terminal.print(verdict)
      Terminal.print(
        "a request: API \(FleetEstimate.dollar(comparison.apiPerRequest)), fleet at great volume "
          + FleetEstimate.dollars(comparison.fleetPerRequest)
          + " · GPU-hour \(FleetEstimate.dollars(estimate.priced.hour.total)) · \(estimate.evidence)"
      )
    }
  }

  private var verdict: String {
    func text(_ volume: Double?) -> String {
      volume.map { Rate.text($0.rounded(.up)) } ?? "never"
    }
    let point = comparison.breakEven
    guard point.estimate != nil else {
      return point.low == nil
        ? "break-even: never; the API is cheaper at any volume"
        : "break-even: not at the estimate; from \(text(point.low)) requests a day if all goes well"
    }
    return "break-even: from \(text(point.estimate)) requests a day (90 %: \(text(point.low)) to "
      + "\(text(point.high))); for good, whatever the steps, from \(text(comparison.forGood))"
  }

  var plot: LinePlot {
    let middle = comparison.breakEven.estimate ?? 86_400
    let fine = comparison.rows(from: middle / 30, to: middle * 100, count: 240)
    return LinePlot(
      title: "\(api) or \(estimate.deployment.title)", across: "requests a day",
      up: "US dollars a day",
      band: fine.map { ($0.volume, $0.fleet.low, $0.fleet.high) },
      lines: [
        .init(name: api, points: fine.map { ($0.volume, $0.api) }, colour: "#c2410c"),
        .init(
          name: "own fleet, 90 % range", points: fine.map { ($0.volume, $0.fleet.estimate) },
          colour: "#1d4ed8"),
      ], mark: comparison.breakEven.estimate)
  }

  private var json: JSONText {
    func number(_ value: Double?) -> JSONText { value.map { .number("\($0)") } ?? .null }
    let point = comparison.breakEven
    return .object([
      ("schema", .string("solvent.fleet.compare/v1")), ("api", .string(api)),
      ("api_per_million_input", .number("\(input)")),
      ("api_per_million_output", .number("\(output)")),
      ("api_per_request", .number("\(comparison.apiPerRequest)")),
      ("fleet_per_request", FleetEstimate.json(comparison.fleetPerRequest)),
      (
        "break_even_requests_per_day",
        .object([
          ("low", number(point.low)), ("estimate", number(point.estimate)),
          ("high", number(point.high)), ("for_good", number(comparison.forGood)),
        ])
      ),
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("requests_per_day", .number("\(row.volume)")), ("api_usd", .number("\(row.api)")),
              ("fleet_usd", FleetEstimate.json(row.fleet)),
              ("replicas", .number("\(row.replicas)")),
            ])
          })
      ), ("estimate", estimate.json),
    ])
  }
}
