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
      abstract:
        "How many GPUs a demand over time needs, fixed or autoscaled, and what idle ones cost.",
      discussion: """
        The demand is a CSV with window_start_s and requests_per_s, optionally by client \
        (ServeGen's layout, with --tokens for request sizes).
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions

    @Option(
      help: "Request sizes by client and window (ServeGen's layout).", completion: .file())
    var tokens: String?

    @Option(help: "Capacity above demand, as a share of it.")
    var headroom = 0.2

    @Option(help: "Smallest number of replicas.")
    var minimum = 1

    @Argument(help: "The demand (CSV, also gzipped).", completion: .file())
    var demand: String

    func validate() throws {
      if prices.utilization != 1 {
        throw ValidationError("--utilization follows from the demand here; see --headroom")
      }
      guard headroom >= 0, headroom < 100, (0...100_000).contains(minimum) else {
        throw ValidationError("--headroom and --minimum must be at least 0")
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
