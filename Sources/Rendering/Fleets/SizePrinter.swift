// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// How many GPUs a demand over time takes.
public struct SizePrinter {
  private let sizing: FleetSizing
  private let clients: Int
  private let clientsWithoutSizes: Int

  /// - Parameters:
  ///   - clients: of the demand, and those of whom no sizes of requests are known.
  public init(_ sizing: FleetSizing, clients: Int, clientsWithoutSizes: Int) {
    self.sizing = sizing
    self.clients = clients
    self.clientsWithoutSizes = clientsWithoutSizes
  }

  /// `solvent.fleet.size/v1`
  private struct SizeJSON: Encodable {
    struct Plan: Encodable {
      var plan: String
      var peakReplicas: Int
      var gpusAtPeak: Int
      var gpuHoursPerDay: Double
      var utilization: Double
      var costPerDay: RangeJSON
      var idleCostPerDay: Double
      var costPerRequest: Double
      var kwhPerDay: Double
    }

    var currency: String
    var requestsPerDay: Double
    var peakRps: Double
    var meanRps: Double
    var inputTokens: Double
    var outputTokens: Double
    var clients: Int
    var clientsWithoutSizes: Int
    var plans: [Plan]
    var estimate: EstimateJSON
  }

  private var json: SizeJSON {
    let (mean, peak) = sizing.rates
    return SizeJSON(
      currency: FleetEstimate.currency, requestsPerDay: sizing.requestsPerDay, peakRps: peak,
      meanRps: mean, inputTokens: sizing.demand.shape.input,
      outputTokens: sizing.demand.shape.output, clients: clients,
      clientsWithoutSizes: clientsWithoutSizes,
      plans: sizing.cases.map { one in
        .init(
          plan: one.name, peakReplicas: one.plan.peak,
          gpusAtPeak: one.plan.peak * one.plan.gpusPerReplica,
          gpuHoursPerDay: one.plan.gpuHours / one.plan.days, utilization: one.plan.utilization,
          costPerDay: RangeJSON(one.cost), idleCostPerDay: one.idle,
          costPerRequest: one.cost.estimate / sizing.requestsPerDay,
          kwhPerDay: one.kilowattHoursPerDay)
      }, estimate: EstimateJSON(sizing.estimate))
  }

  public func print(on page: Page) {
    let demand = sizing.demand
    let estimate = sizing.estimate
    let rates = demand.windows.map(\.requests)
    let (mean, peak) = sizing.rates
    switch page.format {
    case .json: page.json("solvent.fleet.size/v1", json)
    case .csv:
      page.csv([
        "window_start_s", "requests_per_s", "busy_replicas", "replicas_autoscaled",
        "replicas_fixed",
      ])
      let plans = sizing.cases.map(\.plan)
      let (fixed, scaled) = (plans[0], plans[1])
      for (index, window) in demand.windows.enumerated() {
        page.csv([
          "\(window.start)", "\(window.requests)", "\(scaled.busy[index])",
          "\(scaled.replicas[index])", "\(fixed.replicas[index])",
        ])
      }
    case .table, .md:
      page.line(
        "\(estimate.deployment.title): \(Rate.text(estimate.performance.requestRate)) requests/s")
      page.line(
        "demand: \(Rate.text(sizing.requestsPerDay)) requests per day, \(Rate.text(mean)) "
          + "per second on "
          + "average, \(Rate.text(peak)) at the peak · \(Rate.text(demand.shape.input)) tokens in, "
          + "\(Rate.text(demand.shape.output)) out"
          + (clientsWithoutSizes == 0
            ? ""
            : " · \(clientsWithoutSizes) of \(clients) clients' sizes are the "
              + "others' mean"))
      let hours = stride(from: 0, to: rates.count, by: max(1, rates.count / 72)).map { rates[$0] }
      page.line(Text.sparkline(hours))
      page.line()
      var table = Table(columns: [
        .init(title: "PLAN"), .init(title: "GPUS AT PEAK", isNumber: true),
        .init(title: "GPU-HOURS PER DAY", isNumber: true, rank: 2),
        .init(title: "BUSY", isNumber: true), .init(title: "COST PER DAY", isNumber: true),
        .init(title: "90%", isNumber: true, rank: 1), .init(title: "IDLE COST", isNumber: true),
        .init(title: "PER REQUEST", isNumber: true),
        .init(title: "KWH PER DAY", isNumber: true, rank: 3),
      ])
      for one in sizing.cases {
        table.rows.append([
          one.name, Text.grouped(one.plan.peak * one.plan.gpusPerReplica),
          Rate.text(one.plan.gpuHours / one.plan.days), Percent.text(one.plan.utilization),
          FleetEstimate.dollar(one.cost.estimate),
          "\(FleetEstimate.dollar(one.cost.low)) to \(FleetEstimate.dollar(one.cost.high))",
          FleetEstimate.dollar(one.idle),
          FleetEstimate.dollar(one.cost.estimate / sizing.requestsPerDay),
          Rate.text(one.kilowattHoursPerDay),
        ])
      }
      table.print(on: page)
      page.line()
      page.line(
        "headroom \(Percent.text(sizing.headroom)), at least "
          + "\(Text.counted(sizing.minimum, "replica")) of "
          + "\(Text.counted(estimate.deployment.gpusPerReplica, "GPU")) · per GPU-hour "
          + FleetEstimate.dollars(estimate.priced.hour.total) + " · " + estimate.evidence)
    }
  }
}
