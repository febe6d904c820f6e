// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Economics
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Size: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "How many GPUs a demand over time takes, fixed or following it, and what is idle.",
      discussion: """
        The demand is a CSV with window_start_s and requests_per_s, also by client (ServeGen's layout, \
        with --tokens for the sizes of requests).
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions

    @Option(
      help: "Sizes of requests by client and window (ServeGen's layout).", completion: .file())
    var tokens: String?

    @Option(help: "Room above the demand.")
    var headroom = 0.2

    @Option(help: "Replicas at the least.")
    var minimum = 1

    @Argument(help: "The demand (CSV, also gzipped).", completion: .file())
    var demand: String

    func validate() throws {
      if prices.utilization != 1 {
        throw ValidationError("--utilization follows from the demand here; see --headroom")
      }
      guard headroom >= 0, headroom < 100, (0...100_000).contains(minimum) else {
        throw ValidationError("--headroom and --minimum are at least 0")
      }
    }

    func run() async throws {
      let contents: DemandFile.Contents
      do {
        contents = try DemandFile.read(demand, tokens: tokens, shape: deployment.shapes.shape)
      } catch {
        throw Failure(ExitStatus.badFile, error.description)
      }
      let catalogue = try options.catalogues()
      var wanted = deployment
      wanted.shapes.inputTokens = contents.demand.shape.input
      wanted.shapes.outputTokens = contents.demand.shape.output
      let load = latency.load
      let estimate = try FleetEstimate(
        wanted, prices, load: load, ttft: latency.ttft, model: options.model(), catalogue: catalogue
      )
      let sizing = FleetSizing(
        estimate: estimate, demand: contents.demand, headroom: headroom, minimum: minimum)
      SizePrinter(
        sizing, clients: contents.clients, clientsWithoutSizes: contents.clientsWithoutSizes
      ).print(on: options.output.page)
    }
  }
}
