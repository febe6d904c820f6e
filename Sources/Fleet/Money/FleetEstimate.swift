// SPDX-License-Identifier: Apache-2.0

/// One deployment with everything that is known of it: throughput, latency, energy and money.
public struct FleetEstimate: Sendable {
  /// What is estimated.
  public let deployment: Deployment
  /// The equations with the coefficients that were used.
  public let model: PerformanceModel
  /// Throughput and latency without ranges.
  public let performance: Performance
  /// Output tokens per second of all replicas.
  public let rate: Interval
  /// The price of a GPU-hour and its origin.
  public let priced: PricedHour
  /// US dollars per token and per request.
  public let cost: TokenCost
  /// The nearest group of measured points that the coefficients were fitted to.
  public let nearest: PredictionErrors.Record?
  /// The nearest of the points that the user gave, with what is predicted there.
  public let nearestPoint: PointPrediction?
  /// Figures of the GPU and the model that nobody vouches for.
  public let guesses: [String]
  /// The model takes a measurement of the user's into account.
  public let isPinned: Bool

  /// - Parameters:
  ///   - model: the coefficients, pinned to the user's measurement where there is one.
  ///   - base: the coefficients as fitted.
  ///   - timeToFirstTokenMax: seconds; an estimate that cannot keep it is refused.
  ///   - utilization: part of the paid time in which the GPUs work, above 0 to 1.
  ///   - points: measured points of the user's.
  /// - Throws: ``FleetError`` where the model does not fit or a limit cannot be kept.
  public init(
    _ deployment: Deployment, model: PerformanceModel, base: PerformanceModel,
    shape: RequestShape, load: ServingLoad, timeToFirstTokenMax: Double?, priced: PricedHour,
    utilization: Double, catalogue: FleetCatalogue, points: [MeasuredPoint] = [],
    isPinned: Bool = false
  ) throws(FleetError) {
    self.deployment = deployment
    self.model = model
    self.priced = priced
    self.isPinned = isPinned
    performance = try model.performance(of: deployment, shape, load)
    if let limit = timeToFirstTokenMax, performance.timeToFirstToken > limit {
      throw FleetError(
        "the first token takes \(Self.milliseconds(performance.timeToFirstToken)) ms even on an "
          + "idle engine; the limit is \(Self.milliseconds(limit)) ms")
    }
    rate = model.interval(performance.outputRate, model.band(deployment))
    cost = TokenCost(
      performance, rate: rate, gpus: deployment.gpus, hour: priced.hour,
      accelerator: deployment.accelerator, utilization: utilization, pue: priced.site.pue)
    nearest = base.errors.nearest(to: deployment, catalogue)
    nearestPoint = PredictionErrors.nearest(of: points, to: deployment, shape, catalogue)
      .map { PointPrediction($0, base) }
    var guesses = catalogue.accelerators[deployment.accelerator.name]?.guesses ?? []
    if catalogue.architectures[deployment.architecture.name]?.guesses.isEmpty == false {
      guesses.append("architecture")
    }
    self.guesses = guesses
  }

  private static func milliseconds(_ seconds: Double) -> Int {
    Int(min(1e15, max(0, seconds * 1_000)).rounded())
  }

  /// Estimated where figures and prices have sources; else no better than their guesses.
  public var evidence: String { priced.isGuess ? "assumed" : "estimated" }

  /// The currency of all prices of hardware.
  public static let currency = "USD"

  /// Dollars of electricity per request, cooling included.
  public var energyCostPerRequest: Double {
    cost.wattHoursPerRequest / 1_000 * priced.site.electricity
  }

  /// Parts of the time of a step, by what it goes into; they sum to 1.
  public var timeShares: [(key: String, label: String, share: Double)] {
    let time = performance.time
    return [
      ("weights", "weights", time.weights), ("kv", "KV", time.cache),
      ("compute", "compute", time.compute), ("communication", "communication", time.communication),
      ("host", "host", time.host),
    ].map { ($0.0, $0.1, $0.2 / time.total) }
  }
}

extension Deployment {
  /// `llama3.1-70b fp8 on 4 x H100-SXM, vllm-2026`
  public var title: String {
    let cut =
      spreadsExperts
      ? ", experts spread"
      : gpus == tensorParallel ? "" : ", \(gpus / tensorParallel) replicas of \(tensorParallel)"
    return
      "\(architecture.name) \(precision.name) on \(gpus) x \(accelerator.name)\(cut), \(stack.name)"
  }
}
