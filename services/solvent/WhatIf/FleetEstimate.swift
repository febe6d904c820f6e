// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Fleet
import Foundation
import Rendering

extension Fleet {
  struct Estimate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Throughput, latency and cost of a model on hardware, with 90% ranges.",
      discussion: """
        Without --concurrency or --tpot, each replica takes as many requests at once as memory \
        holds. --observed adds one measurement of your own, which shifts the estimate and narrows \
        the range.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var prices: PriceOptions

    @Option(
      help: "Measured points (CSV): the nearest one is shown, with the error there.",
      completion: .file())
    var points: String?

    func run() async throws {
      let catalogue = try options.catalogues()
      let measured = try points.map { try Points.read($0, options).points } ?? []
      let estimate = try FleetEstimate(
        deployment, prices, load: load.load, ttft: load.latency.ttft, model: options.model(),
        catalogue: catalogue, points: measured)
      estimate.print(on: options.output.page)
    }
  }
}
