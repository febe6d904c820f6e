// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Rendering

extension Fleet {
  struct Rates: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a price book for your own hardware from an estimate.",
      discussion: """
        Usage of the provider 'own' is then priced like any other: solvent ingest --prices FILE, \
        solvent cost. The evidence is "estimated", or "assumed" if the price of the GPU is a \
        guess.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions
    @OptionGroup var book: BookOptions

    func validate() throws {
      guard options.output.format == .table else {
        throw ValidationError("a price book is YAML; --json, --csv and -o md do not apply")
      }
    }

    func run() async throws {
      let load = latency.load
      let estimate = try FleetEstimate(
        deployment, prices, load: load, ttft: latency.ttft, model: options.model(),
        catalogue: options.catalogues())
      let cost = estimate.cost
      let text = book.book(
        model: estimate.deployment.architecture.name, input: cost.perMillionInput.estimate,
        output: cost.perMillionOutput.estimate,
        source: "solvent fleet estimate: \(estimate.deployment.title); GPU-hour "
          + FleetEstimate.dollars(estimate.priced.hour.total) + ", \(estimate.priced.origin)",
        evidence: estimate.evidence,
        note: "90%: \(FleetEstimate.dollar(cost.perMillionInput.low)) to "
          + "\(FleetEstimate.dollar(cost.perMillionInput.high)) in, "
          + "\(FleetEstimate.dollar(cost.perMillionOutput.low)) to "
          + "\(FleetEstimate.dollar(cost.perMillionOutput.high)) out; utilization "
          + Percent.text(cost.utilization))
      try BookOptions.write(text, to: book.to)
    }
  }
}
