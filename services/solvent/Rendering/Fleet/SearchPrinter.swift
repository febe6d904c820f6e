// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Fleet
import Foundation

struct SearchPrinter {
  let search: FleetSearch
  let job: FleetJob
  let seconds: Double
  let top: Int
  /// Of a GPU-hour, in the order of the job's accelerators.
  let prices: [Interval]
  /// GPUs whose price nobody vouches for.
  let guessed: Set<String>

  /// 90 % of the cost of a million tokens.
  private func range(_ found: FleetSearch.Found) -> Interval {
    let band = job.model.band(found.deployment)
    let place = job.accelerators.firstIndex(of: found.deployment.accelerator) ?? 0
    let price = prices[place].times(1 / prices[place].estimate)
    return job.model.interval(1, band).inverse(1).product(price).times(found.costPerMillion)
  }

  /// The cheapest of each GPU, replica and precision, so that ten lines are not one.
  private var cheapest: [FleetSearch.Found] {
    var seen: Set<Deployment> = []
    return search.found.filter { seen.insert($0.deployment).inserted }.prefix(top).map { $0 }
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv:
      Terminal.print(
        "list,gpu,gpus_per_replica,experts_spread,precision,batch,replicas,usd_per_hour,"
          + "usd_per_million_output,output_tokens_per_s,tpot_ms,ttft_ms,regime")
      for (list, all) in [("cheapest", cheapest), ("front", search.front)] {
        for found in all {
          Terminal.print(
            CSVText.line([
              list, found.deployment.accelerator.name, "\(found.deployment.gpus)",
              "\(found.deployment.spreadsExperts)", found.deployment.precision.name,
              "\(found.batch)", "\(found.replicas)", "\(found.costPerHour)",
              "\(found.costPerMillion)", "\(found.outputRate)", "\(found.timePerToken * 1_000)",
              "\(found.timeToFirstToken * 1_000)", found.regime.name,
            ]))
        }
      }
    case .table, .md:
      if !search.found.isEmpty {
        table("CHEAPEST WITHIN THE LIMITS", cheapest, hasFleet: true).print(as: format)
        Terminal.print()
      }
      // The front is long and even: some points of it tell it.
      let front = search.front
      let shown = front.indices.filter { index in
        front.count <= top
          || index * (top - 1) / max(1, front.count - 1)
            != (index - 1) * (top - 1) / max(1, front.count - 1)
          || index == 0
      }
      table("FRONT: FASTER OR CHEAPER", shown.map { front[$0] }, hasFleet: false).print(as: format)
      Terminal.print()
      Terminal.print(
        "\(Text.grouped(search.evaluated)) configurations, \(Text.grouped(search.possible)) possible, "
          + "\(Text.grouped(search.found.count)) within the limits · "
          + String(format: "%.2f s", seconds) + " · \(job.architecture.name), \(job.stack.name) · "
          + "see one: solvent fleet estimate")
      if search.front.contains(where: { guessed.contains($0.deployment.accelerator.name) }) {
        Terminal.print("* its price is a guess; give yours: solvent fleet add prices.yaml")
      }
      if job.precisions.count > 1 {
        Terminal.print("fewer bits change a model's answers; keep some: --precision bf16")
      }
    }
  }

  private func table(
    _ title: String, _ all: [FleetSearch.Found], hasFleet: Bool
  ) -> Table {
    var table = Table(columns: [
      .init(title: title), .init(title: "BITS", rank: 1),
      .init(title: "AT ONCE", isNumber: true, rank: 2),
      .init(title: "TOKENS/S A USER", isNumber: true),
      .init(title: "FIRST TOKEN", isNumber: true, rank: 3),
      .init(title: "$/M OUT", isNumber: true), .init(title: "90 %", isNumber: true, rank: 1),
      .init(title: "BINDS", rank: 2),
    ])
    if hasFleet {
      table.columns.append(.init(title: "GPUS", isNumber: true))
      table.columns.append(.init(title: "$/H", isNumber: true))
    }
    for found in all {
      let deployment = found.deployment
      var row = [
        "\(deployment.gpus) x \(deployment.accelerator.name)"
          + (guessed.contains(deployment.accelerator.name) ? "*" : "")
          + (deployment.spreadsExperts ? ", experts spread" : ""),
        deployment.precision.name, "\(found.batch)", Rate.text(found.speed),
        String(format: "%.0f ms", found.timeToFirstToken * 1_000),
        FleetEstimate.dollar(found.costPerMillion),
        "\(FleetEstimate.dollar(range(found).low)) to \(FleetEstimate.dollar(range(found).high))",
        found.regime.name,
      ]
      if hasFleet {
        row += [Text.grouped(found.gpus), FleetEstimate.dollar(found.costPerHour)]
      }
      table.rows.append(row)
    }
    return table
  }

  private var json: JSONText {
    func list(_ all: [FleetSearch.Found]) -> JSONText {
      .array(
        all.map { found in
          .object([
            ("gpu", .string(found.deployment.accelerator.name)),
            ("gpus_per_replica", .number("\(found.deployment.gpus)")),
            ("experts_spread", .bool(found.deployment.spreadsExperts)),
            ("precision", .string(found.deployment.precision.name)),
            ("batch", .number("\(found.batch)")), ("replicas", .number("\(found.replicas)")),
            ("gpus", .number("\(found.gpus)")),
            ("usd_per_hour", .number("\(found.costPerHour)")),
            ("usd_per_million_output", .number("\(found.costPerMillion)")),
            ("usd_per_million_output_range", FleetEstimate.json(range(found))),
            (
              "price_is_guess",
              .bool(guessed.contains(found.deployment.accelerator.name))
            ),
            ("output_tokens_per_second", .number("\(found.outputRate)")),
            ("seconds_between_tokens", .number("\(found.timePerToken)")),
            ("seconds_to_first_token", .number("\(found.timeToFirstToken)")),
            ("regime", .string(found.regime.name)),
          ])
        })
    }
    return .object([
      ("schema", .string("solvent.fleet.search/v1")),
      ("evaluated", .number("\(search.evaluated)")), ("possible", .number("\(search.possible)")),
      ("within_limits", .number("\(search.found.count)")), ("cheapest", list(cheapest)),
      ("front", list(search.front)), ("seconds", .number("\(seconds)")),
    ])
  }
}
