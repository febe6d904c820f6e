// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Fleet
import Foundation

struct SizePrinter {
  let estimate: FleetEstimate
  let contents: DemandFile.Contents
  let headroom: Double
  let minimum: Int

  private func plan(_ isAutoscaled: Bool, _ rate: Double) -> FleetPlan {
    FleetPlan(
      contents.demand, estimate.performance, rate: rate / estimate.performance.replicas,
      gpusPerReplica: estimate.deployment.gpusPerReplica,
      .init(headroom: headroom, minimum: minimum, isAutoscaled: isAutoscaled))
  }

  /// A plan with its costs a day, at the estimate and at both ends of the range of throughput.
  private struct Case {
    var name: String
    var plan: FleetPlan
    var cost: Interval
    var idle: Double
    var kilowattHours: Double
  }

  private var cases: [Case] {
    [("fixed", false), ("autoscaled", true)].map { name, isAutoscaled in
      let plan = plan(isAutoscaled, estimate.rate.estimate)
      let hour = estimate.priced.hour.total
      let cost = CostRange.of(estimate.rate, hour) { rate, price in
        let plan = self.plan(isAutoscaled, rate)
        return plan.gpuHours / plan.days * price
      }
      let daily = plan.gpuHours / plan.days
      let accelerator = estimate.deployment.accelerator
      return Case(
        name: name, plan: plan,
        cost: cost, idle: (plan.gpuHours - plan.busyGPUHours) / plan.days * hour.estimate,
        kilowattHours: Energy.wattHours(
          gpuSeconds: daily * 3_600, accelerator, busy: plan.utilization,
          pue: estimate.priced.place.pue)
          / 1_000)
    }
  }

  private var requestsPerDay: Double {
    let demand = contents.demand
    return demand.windows.reduce(0) { $0 + $1.requests } * demand.seconds / demand.duration * 86_400
  }

  func print(_ format: OutputOptions.Format) {
    let demand = contents.demand
    let rates = demand.windows.map(\.requests)
    let mean = rates.reduce(0, +) / Double(rates.count)
    let peak = rates.max() ?? 0
    switch format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.size/v1")),
          ("requests_per_day", .number("\(requestsPerDay)")), ("peak_rps", .number("\(peak)")),
          ("mean_rps", .number("\(mean)")), ("input_tokens", .number("\(demand.shape.input)")),
          ("output_tokens", .number("\(demand.shape.output)")),
          ("clients", .number("\(contents.clients)")),
          ("clients_without_sizes", .number("\(contents.clientsWithoutSizes)")),
          (
            "plans",
            .array(
              cases.map { one in
                .object([
                  ("plan", .string(one.name)), ("peak_replicas", .number("\(one.plan.peak)")),
                  ("gpus_at_peak", .number("\(one.plan.peak * one.plan.gpusPerReplica)")),
                  ("gpu_hours_per_day", .number("\(one.plan.gpuHours / one.plan.days)")),
                  ("utilization", .number("\(one.plan.utilization)")),
                  ("usd_per_day", FleetEstimate.json(one.cost)),
                  ("idle_usd_per_day", .number("\(one.idle)")),
                  ("usd_per_request", .number("\(one.cost.estimate / requestsPerDay)")),
                  ("kwh_per_day", .number("\(one.kilowattHours)")),
                ])
              })
          ), ("estimate", estimate.json),
        ]).text)
    case .csv:
      Terminal.print(
        "window_start_s,requests_per_s,busy_replicas,replicas_autoscaled,replicas_fixed")
      let plans = cases.map(\.plan)
      let (fixed, scaled) = (plans[0], plans[1])
      for (index, window) in demand.windows.enumerated() {
        Terminal.print(
          CSVText.line([
            "\(window.start)", "\(window.requests)", "\(scaled.busy[index])",
            "\(scaled.replicas[index])", "\(fixed.replicas[index])",
          ]))
      }
    case .table, .md:
      Terminal.print(
        "\(estimate.deployment.title): \(Rate.text(estimate.performance.requestRate)) requests/s")
      Terminal.print(
        "demand: \(Rate.text(requestsPerDay)) requests a day, \(Rate.text(mean)) a second on "
          + "average, \(Rate.text(peak)) at the peak · \(Rate.text(demand.shape.input)) tokens in, "
          + "\(Rate.text(demand.shape.output)) out"
          + (contents.clientsWithoutSizes == 0
            ? ""
            : " · \(contents.clientsWithoutSizes) of \(contents.clients) clients' sizes are the "
              + "others' mean"))
      let hours = stride(from: 0, to: rates.count, by: max(1, rates.count / 72)).map { rates[$0] }
      Terminal.print(Text.sparkline(hours))
      Terminal.print()
      var table = Table(columns: [
        .init(title: "PLAN"), .init(title: "GPUS AT PEAK", isNumber: true),
        .init(title: "GPU-HOURS A DAY", isNumber: true, rank: 2),
        .init(title: "BUSY", isNumber: true), .init(title: "COST A DAY", isNumber: true),
        .init(title: "90 %", isNumber: true, rank: 1), .init(title: "OF IT IDLE", isNumber: true),
        .init(title: "A REQUEST", isNumber: true),
        .init(title: "KWH A DAY", isNumber: true, rank: 3),
      ])
      for one in cases {
        table.rows.append([
          one.name, Text.grouped(one.plan.peak * one.plan.gpusPerReplica),
          Rate.text(one.plan.gpuHours / one.plan.days), Percent.text(one.plan.utilization),
          FleetEstimate.dollar(one.cost.estimate),
          "\(FleetEstimate.dollar(one.cost.low)) to \(FleetEstimate.dollar(one.cost.high))",
          FleetEstimate.dollar(one.idle),
          FleetEstimate.dollar(one.cost.estimate / requestsPerDay), Rate.text(one.kilowattHours),
        ])
      }
      table.print(as: format)
      Terminal.print()
      Terminal.print(
        "headroom \(Percent.text(headroom)), at least \(minimum) replicas of "
          + "\(estimate.deployment.gpusPerReplica) GPUs · a GPU-hour "
          + FleetEstimate.dollars(estimate.priced.hour.total) + " · " + estimate.evidence)
    }
  }
}
