// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Economics
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Buy or build: a provider's API beside your own fleet, over volume.",
      discussion: """
        The API's price comes from the price book (--api openai/gpt-4o-mini, or only the model), \
        or is given as dollars per million input and output tokens: --api-price 0.15,0.60. --plot \
        writes an SVG.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions

    @Option(help: "The API's provider and model in the price book: openai/gpt-4o-mini.")
    var api: String?

    @Option(help: "The API's dollars per million input and output tokens: 0.15,0.60.")
    var apiPrice: String?

    @Option(help: "Price book that takes precedence over the built-in one.", completion: .file())
    var book: String?

    @Option(help: "Ratio of the busiest hour to the mean, for a fleet that does not follow demand.")
    var peak = 2.0

    @Flag(help: "The fleet follows demand.")
    var autoscaled = false

    @Option(help: "Capacity above demand, as a share of it.")
    var headroom = 0.2

    @Option(help: "Smallest number of replicas.")
    var minimum = 1

    @Option(help: "Write a plot (SVG) to this file.", completion: .file())
    var plot: String?

    func validate() throws {
      guard (api == nil) != (apiPrice == nil) else {
        throw ValidationError("give either --api or --api-price")
      }
      if prices.utilization != 1 {
        throw ValidationError(
          "--utilization follows from the volume here; see --peak and --headroom")
      }
      guard peak >= 1, peak <= 1_000, headroom >= 0, headroom < 100, (1...100_000).contains(minimum)
      else {
        throw ValidationError("--peak and --minimum must be at least 1, --headroom at least 0")
      }
      if let apiPrice { _ = try Self.twoPrices(apiPrice) }
    }

    private static func twoPrices(_ text: String) throws -> (Money, Money) {
      let parts = text.split(separator: ",").map { try? Money(decimal: String($0)) }
      let limit = try Money(decimal: "1000000000")
      guard parts.count == 2, let input = parts[0], let output = parts[1],
        (Money.zero...limit).contains(input), (Money.zero...limit).contains(output),
        input.approximate + output.approximate > 1e-9
      else {
        throw ValidationError(
          "--api-price must be dollars per million input and output tokens: 0.15,0.60")
      }
      return (input, output)
    }

    func run() async throws {
      let load = latency.load
      let estimate = try FleetEstimate(
        deployment, prices, load: load, ttft: latency.ttft, model: options.model(),
        catalogue: options.catalogues())
      let (input, output, name) = try apiPrices()
      let shape = deployment.shapes.shape
      let replicas = estimate.performance.replicas
      let gpus = Double(estimate.deployment.gpusPerReplica)
      let comparison = BuyOrBuild(
        apiPerRequest: (input.approximate * shape.input + output.approximate * shape.output) / 1e6,
        rate: estimate.rate.times(1 / replicas),
        replicaPerDay: estimate.priced.hour.total.times(gpus * 24), shape: shape,
        peakToMean: peak,
        terms: .init(headroom: headroom, minimum: minimum, isAutoscaled: autoscaled))
      let printer = ComparePrinter(
        comparison: comparison, estimate: estimate, api: name, input: input, output: output)
      printer.print(on: options.output.page)
      if let plot {
        do {
          try Data(printer.plot.svg.utf8).write(to: URL(filePath: plot), options: .atomic)
          Terminal.note("plot: \(plot)")
        } catch {
          throw Failure(ExitStatus.failed, "\(plot): \(error.localizedDescription)")
        }
      }
    }

    /// Dollars per million input and output tokens today, and what to call them.
    private func apiPrices() throws -> (Money, Money, String) {
      if let apiPrice {
        let (input, output) = try Self.twoPrices(apiPrice)
        return (input, output, "the API")
      }
      let parts = (api ?? "").split(separator: "/", maxSplits: 1).map(String.init)
      let (provider, model) = parts.count == 2 ? (parts[0], parts[1]) : ("", parts.first ?? "")
      var known: PriceBook
      do {
        known = try PriceBookFile.shipped()
        if let book {
          known = try PriceBookFile.read(FleetOptions.text(book), file: book).over(known)
        }
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      }
      let now = TimeBucket(nearest: Int64(Date().timeIntervalSince1970 * 1_000))
      guard let entry = known.entry(provider: provider, model: model) else {
        let names = known.entries.map(\.model)
        throw Failure(
          EX_USAGE,
          "no price is known for '\(api ?? "")'\(Spelling.hint(for: model, among: names)); "
            + "give it: --api-price 0.15,0.60")
      }
      let card = known.card(provider: entry.provider, model: entry.model, in: now...now)
      guard let input = card.rate(for: .inputTokens, in: now)?.price,
        let output = card.rate(for: .outputTokens, in: now)?.price
      else {
        throw Failure(
          EX_USAGE,
          "\(entry.provider)/\(entry.model) has no token price today; give it: "
            + "--api-price 0.15,0.60")
      }
      return (
        try input.times(1_000_000), try output.times(1_000_000),
        "\(entry.provider)/\(entry.model)"
      )
    }
  }
}
