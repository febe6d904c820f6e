// SPDX-License-Identifier: Apache-2.0

/// The published estimate behind the $700,000 per day: D. Patel and A. Ahmad, "The Inference Cost Of
/// Search Disruption - Large Language Model Cost Analysis", SemiAnalysis, 2023-02-09, and what the
/// performance equations say under the same assumptions.
public struct PressEstimate: Hashable, Sendable {
  /// What the article assumes.
  public struct Assumptions: Hashable, Sendable {
    /// Users per day.
    public var users = 13e6
    /// Requests per user per day.
    public var requestsPerUser = 15.0
    /// Tokens per request, prompt and answer together.
    public var tokensPerRequest = 2_000.0
    /// Parameters of the model.
    public var parameters = 175e9
    /// Operations per second of an A100 at 16 bits.
    public var peak = 312e12
    /// Part of the peak that is reached: not in the article, which says "2x FasterTransformer". Times
    /// the idle part, it is what the article's two published results ($694,444, 512,820.51 servers for
    /// Google) both need.
    public var reached = 0.35
    /// Share of the time in which GPUs are idle, from 0 to below 1.
    public var idle = 0.5
    /// US dollars.
    public var gpuHour = 1.0

    public init() {}
  }

  /// Requests per day.
  public var requests: Double
  /// Tokens per day.
  public var tokens: Double
  /// Tokens per second of a GPU while it works.
  public var busyRate: Double
  /// GPUs that the demand needs, not rounded.
  public var gpus: Double
  /// US dollars.
  public var perDay: Double
  /// US dollars per request.
  public var perRequest: Double
  /// US dollars per million tokens.
  public var perMillionTokens: Double

  private init(_ assumptions: Assumptions, busyRate: Double) {
    requests = assumptions.users * assumptions.requestsPerUser
    tokens = requests * assumptions.tokensPerRequest
    self.busyRate = busyRate
    let seconds = tokens / (busyRate * (1 - assumptions.idle))
    gpus = seconds / 86_400
    perDay = seconds / 3_600 * assumptions.gpuHour
    perRequest = perDay / requests
    perMillionTokens = perDay / tokens * 1e6
  }

  /// Arithmetic only, as published: two operations a parameter and token.
  public static func press2023(_ assumptions: Assumptions = .init()) -> PressEstimate {
    PressEstimate(
      assumptions,
      busyRate: assumptions.peak * assumptions.reached / (2 * assumptions.parameters))
  }

  /// The deployment that the article has in mind: GPT-3 at 8 bits on servers of 8 A100, with the cache
  /// at 16 bits, or at 8.
  public static func deployment(
    _ architecture: Architecture, _ accelerator: Accelerator, cacheBits: Int
  ) -> Deployment {
    // "2x FasterTransformer": an engine in C++ of 2023.
    Deployment(
      architecture, on: accelerator,
      stack: ServingStack(name: "fastertransformer-2023", engine: .tensorRT, age: -1.9),
      precision: Precision(weights: 8, activations: 8, cache: cacheBits), gpus: 8)
  }

  /// What memory, its bandwidth and the network allow under the same assumptions.
  /// - Throws: ``FleetError`` when the deployment cannot be predicted.
  public static func roofline(
    _ model: PerformanceModel, _ deployment: Deployment, _ assumptions: Assumptions = .init()
  ) throws(FleetError) -> (
    estimate: PressEstimate, range: Interval, performance: Performance
  ) {
    // No prompt, all tokens written, as the article counts.
    var deployment = deployment
    deployment.architecture.contextMax = max(deployment.architecture.contextMax, 4_096)
    let shape = RequestShape(input: 0, output: assumptions.tokensPerRequest)
    let performance = try model.performance(of: deployment, shape, .offline(requests: nil))
    let rate = performance.outputRate / Double(deployment.gpus)
    let estimate = PressEstimate(assumptions, busyRate: rate)
    let range = model.interval(rate, model.band(deployment)).inverse(estimate.perDay * rate)
    return (estimate, range, performance)
  }
}
