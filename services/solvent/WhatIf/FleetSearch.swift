// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import ClusterAccess
import Economics
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Finds the cheapest hardware for a demand within latency limits.",
      discussion: """
        Tries every GPU in the catalogue x GPUs per replica x precision x requests at once, on the \
        workers of a running cluster or here. Shows the cheapest, and the Pareto front: \
        configurations for which no other is both faster for a user and cheaper per token.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var which: ModelOptions
    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions

    @Option(help: ArgumentHelp("Requests per second to serve.", valueName: "1/s"))
    var requests = 10.0

    @Option(help: "Capacity above demand, as a share of it.")
    var headroom = 0.2

    @Option(help: "Smallest number of replicas.")
    var minimum = 1

    @Option(parsing: .singleValue, help: "Only this GPU; may be repeated.")
    var gpu: [String] = []

    @Option(help: "Most GPUs per replica.")
    var replicaMax = 8

    @Option(
      parsing: .singleValue,
      help:
        "Only this precision; may be repeated. Default: the model's own and those with fewer bits.")
    var precision: [String] = []

    @Option(help: "vllm, sglang, trtllm, or a measured version.")
    var engine = "vllm"

    @Option(help: "How many batch sizes to try, from 1 to 2,048 requests at once.")
    var batches = 48

    @Option(help: "Lines to show.")
    var top = 10

    @Flag(help: "Compute in this process, not on the workers of a running cluster.")
    var local = false

    @Flag(
      name: .customLong("no-cache"),
      help: "Compute again what the cluster has computed before; the result is the same.")
    var computesAgain = false

    @Flag(name: .shortAndLong, help: "Hide progress.")
    var quiet = false

    func validate() throws {
      guard requests > 0, requests < 1e9, headroom >= 0, headroom < 100 else {
        throw ValidationError("--requests must be above 0 and --headroom at least 0")
      }
      guard (1...1_000).contains(batches), (1...64).contains(replicaMax), top >= 1,
        (1...100_000).contains(minimum)
      else {
        throw ValidationError(
          "--batches must be from 1 to 1,000, --replica-max 1 to 64, --top and --minimum at least 1"
        )
      }
    }

    func run() async throws {
      let catalogue = try options.catalogues()
      let model = try options.model()
      let architecture = try which.architecture(catalogue, isPrecisionNamed: !precision.isEmpty)
      let (accelerators, perHour, guessed) = try priced(catalogue)
      let named = try precision.map { name in
        guard let precision = Precision(name: name) else {
          throw Failure(
            EX_USAGE, "'\(name)' is not a valid precision; write bf16, fp8, fp4 or 8/8/16")
        }
        return precision
      }
      let tried = accelerators.map { named.isEmpty ? architecture.precisions(on: $0) : named }
      // Jobs need no list of what was measured.
      var lean = model
      lean.errors.records = []
      var job = FleetJob(
        model: lean, architecture: architecture, accelerators: accelerators,
        precisions: tried.reduce(into: []) { all, some in all += some.filter { !all.contains($0) }
        },
        stack: try DeploymentOptions.stack(engine, model),
        shape: shapes.shape)
      job.fill(
        replicas: [1, 2, 4, 8, 16, 32, 64].filter { $0 <= replicaMax },
        batches: FleetJob.batches(batches),
        spreadsExperts: architecture.experts != nil,
        isTried: { named.isEmpty ? architecture.precisions(on: $0).contains($1) : true })
      let started = ContinuousClock.now
      let outcome = try await evaluate(job)
      let seconds = started.duration(to: .now) / .seconds(1)
      let search = FleetSearch(
        job, outcome, prices: perHour.map(\.estimate),
        .init(
          requests: requests, timePerToken: latency.tpot.map { $0 / 1_000 },
          timeToFirstToken: latency.ttft.map { $0 / 1_000 }, headroom: headroom,
          minimumReplicas: minimum, utilization: prices.utilization))
      SearchPrinter(
        search: search, job: job, seconds: seconds, top: top, prices: perHour, guessed: guessed
      ).print(on: options.output.page)
      if search.found.isEmpty {
        throw Failure(
          3,
          search.possible == 0
            ? "\(architecture.name) does not fit on any configuration"
            : "none of \(search.possible) possible configurations meets the limits; the front shows "
              + "the best available")
      }
    }

    /// The GPUs with a price of the kind asked for, and those whose price is a guess.
    private func priced(
      _ catalogue: FleetCatalogue
    ) throws -> ([Accelerator], [Interval], Set<String>) {
      var accelerators: [Accelerator] = []
      var perHour: [Interval] = []
      var guessed: Set<String> = []
      // An error in the request itself is reported, not taken for a missing price.
      _ = try prices.siteCosts(catalogue)
      _ = try prices.tiers()
      func take(_ accelerator: Accelerator, _ price: PricedHour) {
        accelerators.append(accelerator)
        perHour.append(price.hour.total)
        if price.isGuess { guessed.insert(accelerator.name) }
      }
      if gpu.isEmpty {
        for entry in catalogue.accelerators.entries {
          guard let price = try? prices.price(entry.value, catalogue) else { continue }
          take(entry.value, price)
        }
      } else {
        for name in gpu {
          let accelerator = try catalogue.accelerators.entry(name, "GPU").value
          take(accelerator, try prices.price(accelerator, catalogue))
        }
      }
      guard !accelerators.isEmpty else {
        throw Failure(EX_USAGE, "no GPU has a price of this kind; give one: --rent 2.95")
      }
      return (accelerators, perHour, guessed)
    }

    private func evaluate(_ job: FleetJob) async throws -> FleetOutcome {
      let bar = ProgressBar("searching", quiet: quiet)
      defer { bar.finish() }
      if !local && cluster.isRunning {
        let request = SearchRequest(job, mayBeCached: !computesAgain)
        return try await cluster.askAtLength(ServiceName.search, request) { progress in
          bar.update(permille: progress.permille, "\(progress.done) of \(progress.of) jobs")
        }.decode(FleetOutcome.self)
      }
      do {
        return try Searcher(job) { done, total in
          bar.update(permille: done * 1_000 / total, "\(done) of \(total) jobs")
        }.run()
      } catch let error as FleetError {
        throw Failure(ExitStatus.failed, error.description)
      }
    }
  }
}
