// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// The cheapest configurations, and those of which none is both faster and cheaper.
public struct SearchPrinter {
  private let search: FleetSearch
  private let job: FleetJob
  private let seconds: Double
  private let top: Int
  private let prices: [Interval]
  private let guessed: Set<String>

  /// - Parameters:
  ///   - seconds: what the search took.
  ///   - top: lines to show.
  ///   - prices: of a GPU-hour, in the order of the job's accelerators.
  ///   - guessed: GPUs whose price nobody vouches for.
  public init(
    search: FleetSearch, job: FleetJob, seconds: Double, top: Int, prices: [Interval],
    guessed: Set<String>
  ) {
    self.search = search
    self.job = job
    self.seconds = seconds
    self.top = top
    self.prices = prices
    self.guessed = guessed
  }

  /// 90% of the cost of a million tokens.
  private func range(_ found: FleetSearch.Found) -> Interval {
    let band = job.model.band(found.deployment)
    let position = job.accelerators.firstIndex(of: found.deployment.accelerator) ?? 0
    let price = prices[position].times(1 / prices[position].estimate)
    return job.model.interval(1, band).inverse(1).product(price).times(found.costPerMillion)
  }

  /// The cheapest of each GPU, replica and precision, so that ten lines are not one.
  private var cheapest: [FleetSearch.Found] {
    var seen: Set<Deployment> = []
    return search.found.filter { seen.insert($0.deployment).inserted }.prefix(top).map { $0 }
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.fleet.search/v1", json)
    case .csv:
      page.csv([
        "list", "gpu", "gpus_per_replica", "experts_spread", "precision", "batch", "replicas",
        "cost_per_hour", "total_cost_per_million_output_tokens", "output_tokens_per_second",
        "milliseconds_between_tokens", "milliseconds_to_first_token", "regime",
      ])
      for (list, all) in [("cheapest", cheapest), ("front", search.front)] {
        for found in all {
          page.csv([
            list, found.deployment.accelerator.name, "\(found.deployment.gpus)",
            "\(found.deployment.spreadsExperts)", found.deployment.precision.name,
            "\(found.batch)", "\(found.replicas)", "\(found.costPerHour)",
            "\(found.costPerMillion)", "\(found.outputRate)", "\(found.timePerToken * 1_000)",
            "\(found.timeToFirstToken * 1_000)", found.regime.name,
          ])
        }
      }
    case .table, .md:
      if !search.found.isEmpty {
        table("CHEAPEST WITHIN THE LIMITS", cheapest, hasFleet: true).print(on: page)
        page.line()
      }
      // The front is long and even: some of its points are enough.
      let front = search.front
      let shown = front.indices.filter { index in
        front.count <= top
          || index * (top - 1) / max(1, front.count - 1)
            != (index - 1) * (top - 1) / max(1, front.count - 1)
          || index == 0
      }
      table("PARETO FRONT: FASTER OR CHEAPER", shown.map { front[$0] }, hasFleet: false).print(
        on: page)
      page.line()
      page.line(
        "\(Text.grouped(search.evaluated)) configurations, \(Text.grouped(search.possible)) possible, "
          + "\(Text.grouped(search.found.count)) within the limits · "
          + String(format: "%.2f s", seconds) + " · \(job.architecture.name), \(job.stack.name) · "
          + "details: solvent fleet estimate")
      if search.front.contains(where: { guessed.contains($0.deployment.accelerator.name) }) {
        page.line("* the price is a guess; give yours: solvent fleet add prices.yaml")
      }
      if job.precisions.count > 1 {
        page.line("fewer bits change a model's answers; to keep them: --precision bf16")
      }
    }
  }

  private func table(
    _ title: String, _ all: [FleetSearch.Found], hasFleet: Bool
  ) -> Table {
    var table = Table(columns: [
      .init(title: title), .init(title: "PRECISION", rank: 1),
      .init(title: "AT ONCE", isNumber: true, rank: 2),
      .init(title: "TOKENS/S PER USER", isNumber: true),
      .init(title: "FIRST TOKEN", isNumber: true, rank: 3),
      .init(title: "TOTAL $/M OUT", isNumber: true), .init(title: "90%", isNumber: true, rank: 1),
      .init(title: "BOTTLENECK", rank: 2),
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

  /// `solvent.fleet.search/v1`
  private struct SearchJSON: Encodable {
    struct Found: Encodable {
      var gpu: String
      var gpusPerReplica: Int
      var expertsSpread: Bool
      var precision: String
      var batch: Int
      var replicas: Int
      var gpus: Int
      var costPerHour: Double
      var totalCostPerMillionOutputTokens: RangeJSON
      var priceIsGuess: Bool
      var outputTokensPerSecond: Double
      var secondsBetweenTokens: Double
      var secondsToFirstToken: Double
      var regime: String
    }

    var currency: String
    var evaluated: Int
    var possible: Int
    var withinLimits: Int
    var cheapest: [Found]
    var front: [Found]
    var seconds: Double
  }

  private func json(_ found: FleetSearch.Found) -> SearchJSON.Found {
    var range = RangeJSON(range(found))
    range.estimate = found.costPerMillion
    return .init(
      gpu: found.deployment.accelerator.name, gpusPerReplica: found.deployment.gpus,
      expertsSpread: found.deployment.spreadsExperts, precision: found.deployment.precision.name,
      batch: found.batch, replicas: found.replicas, gpus: found.gpus,
      costPerHour: found.costPerHour, totalCostPerMillionOutputTokens: range,
      priceIsGuess: guessed.contains(found.deployment.accelerator.name),
      outputTokensPerSecond: found.outputRate, secondsBetweenTokens: found.timePerToken,
      secondsToFirstToken: found.timeToFirstToken, regime: found.regime.name)
  }

  private var json: SearchJSON {
    SearchJSON(
      currency: FleetEstimate.currency, evaluated: search.evaluated, possible: search.possible,
      withinLimits: search.found.count, cheapest: cheapest.map(json),
      front: search.front.map(json), seconds: seconds)
  }
}
