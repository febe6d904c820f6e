// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Fleet
import Foundation

/// A provider's API beside a fleet of one's own, over volume.
public struct ComparePrinter {
  private let comparison: BuyOrBuild
  private let estimate: FleetEstimate
  private let api: String
  private let input: Money
  private let output: Money

  /// - Parameters:
  ///   - api: what to call it.
  ///   - input: dollars per million input tokens of the API.
  ///   - output: dollars per million output tokens.
  public init(
    comparison: BuyOrBuild, estimate: FleetEstimate, api: String, input: Money, output: Money
  ) {
    self.comparison = comparison
    self.estimate = estimate
    self.api = api
    self.input = input
    self.output = output
  }

  private var rows: [BuyOrBuild.Row] {
    let middle = comparison.breakEven.estimate ?? 86_400
    return comparison.rows(from: middle / 30, to: middle * 100, count: 12)
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.fleet.compare/v1", json)
    case .csv:
      page.csv([
        "requests_per_day", "api_cost_per_day", "fleet_cost_per_day", "low", "high", "replicas",
      ])
      for row in rows {
        page.csv([
          "\(row.volume)", "\(row.api)", "\(row.fleet.estimate)", "\(row.fleet.low)",
          "\(row.fleet.high)", "\(row.replicas)",
        ])
      }
    case .table, .md:
      page.line(
        "\(api) at \(FleetEstimate.dollar(input.approximate)) in, "
          + "\(FleetEstimate.dollar(output.approximate)) out "
          + "per million "
          + "tokens, beside \(estimate.deployment.title)")
      page.line()
      var table = Table(columns: [
        .init(title: "REQUESTS PER DAY", isNumber: true),
        .init(title: "API PER DAY", isNumber: true),
        .init(title: "FLEET PER DAY", isNumber: true), .init(title: "90%", isNumber: true, rank: 1),
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
      table.print(on: page)
      page.line()
      page.line(verdict)
      page.line(
        "per request: API \(FleetEstimate.dollar(comparison.apiPerRequest)), fleet at high volume "
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
        ? "break-even: none; the API is cheaper at any volume"
        : "break-even: none at the estimate; in the best case from \(text(point.low)) "
          + "requests per day"
    }
    return "break-even: from \(text(point.estimate)) requests per day (90%: \(text(point.low)) to "
      + "\(text(point.high))); permanently, at any step, from \(text(comparison.forGood))"
  }

  /// Cost per day over requests per day, both on logarithmic scales.
  public var plot: LinePlot {
    let middle = comparison.breakEven.estimate ?? 86_400
    let fine = comparison.rows(from: middle / 30, to: middle * 100, count: 240)
    return LinePlot(
      title: "\(api) or \(estimate.deployment.title)", across: "requests per day",
      up: "US dollars per day",
      band: fine.map { ($0.volume, $0.fleet.low, $0.fleet.high) },
      lines: [
        .init(name: api, points: fine.map { ($0.volume, $0.api) }, colour: "#c2410c"),
        .init(
          name: "own fleet, 90% range", points: fine.map { ($0.volume, $0.fleet.estimate) },
          colour: "#1d4ed8"),
      ], mark: comparison.breakEven.estimate)
  }

  /// `solvent.fleet.compare/v1`
  private struct CompareJSON: Encodable {
    struct BreakEven: Encodable {
      var low: Double?
      var estimate: Double?
      var high: Double?
      var forGood: Double?
    }

    struct Row: Encodable {
      var requestsPerDay: Double
      var apiCostPerDay: Double
      var fleetCostPerDay: RangeJSON
      var replicas: Int
    }

    var currency: String
    var api: String
    var apiCostPerMillionInputTokens: String
    var apiCostPerMillionOutputTokens: String
    var apiCostPerRequest: Double
    var fleetCostPerRequest: RangeJSON
    var breakEvenRequestsPerDay: BreakEven
    var rows: [Row]
    var estimate: EstimateJSON
  }

  private var json: CompareJSON {
    let point = comparison.breakEven
    return CompareJSON(
      currency: FleetEstimate.currency, api: api, apiCostPerMillionInputTokens: input.decimal,
      apiCostPerMillionOutputTokens: output.decimal, apiCostPerRequest: comparison.apiPerRequest,
      fleetCostPerRequest: RangeJSON(comparison.fleetPerRequest),
      breakEvenRequestsPerDay: .init(
        low: point.low, estimate: point.estimate, high: point.high, forGood: comparison.forGood),
      rows: rows.map {
        .init(
          requestsPerDay: $0.volume, apiCostPerDay: $0.api, fleetCostPerDay: RangeJSON($0.fleet),
          replicas: $0.replicas)
      }, estimate: EstimateJSON(estimate))
  }
}
