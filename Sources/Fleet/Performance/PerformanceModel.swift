// SPDX-License-Identifier: Apache-2.0

import Determinism

/// Predicts what a deployment delivers: the equations of `docs/FLEET.md` with fitted coefficients and
/// the errors that they were found to have.
///
/// ```swift
/// let deployment = Deployment(llama, on: h100, gpus: 4)
/// let shape = RequestShape(input: 1_000, output: 200)
/// let performance = try model.performance(of: deployment, shape, .offline(requests: nil))
/// let rate = performance.outputRate  // output tokens per second, over all 4 GPUs
/// ```
/// The example is compiled in `Tests/ExampleTests/FleetExamples.swift`.
public struct PerformanceModel: Codable, Hashable, Sendable {
  /// The fitted constants of the equations.
  public var coefficients: Coefficients
  /// The errors of the fit, from which ranges come.
  public var errors: PredictionErrors
  /// The date of the fit.
  public var version: String

  public init(coefficients: Coefficients, errors: PredictionErrors, version: String) {
    self.coefficients = coefficients
    self.errors = errors
    self.version = version
  }

  enum CodingKeys: Int, CodingKey {
    case coefficients = 1
    case errors, version
  }

  /// Predicts.
  /// - Throws: ``FleetError`` when the combination cannot work or is not covered.
  public func performance(
    of deployment: Deployment, _ shape: RequestShape, _ load: ServingLoad
  ) throws(FleetError) -> Performance {
    try Self.check(deployment, shape)
    let times = ReplicaTimes(deployment, coefficients, joinsInFlight: load.joinsInFlight)
    guard times.fits else {
      let need =
        times.weightBytes / Double(deployment.gpusPerReplica)
        + coefficients.reserved(deployment.accelerator)
      throw FleetError(
        "\(deployment.architecture.name) at \(deployment.precision.weights) bits needs "
          + "\(Self.gigabytes(need)) per GPU on \(deployment.gpusPerReplica) x "
          + "\(deployment.accelerator.name), which has "
          + "\(Self.gigabytes(deployment.accelerator.memory))")
    }
    guard times.holds(shape) else {
      throw FleetError(
        "no request of \(Self.whole(shape.input + shape.output)) tokens fits in memory "
          + "beside the weights of "
          + "\(deployment.architecture.name) on \(deployment.gpusPerReplica) x "
          + deployment.accelerator.name)
    }
    let performance = performance(of: deployment, times, shape, load)
    guard performance.outputRate > 0, performance.outputRate < 1e15 else {
      throw FleetError("these figures give \(performance.outputRate) tokens per second")
    }
    if case .limited(let seconds) = load, performance.timePerTokenMean > seconds {
      throw FleetError(
        "one request alone takes \(Self.milliseconds(performance.timePerTokenMean)) ms per token, "
          + "more than the limit of \(Self.milliseconds(seconds)) ms")
    }
    return performance
  }

  /// Predicts what was measured, also where it should not have been possible.
  func performance(
    of deployment: Deployment, _ times: ReplicaTimes, _ shape: RequestShape, _ load: ServingLoad
  ) -> Performance {
    // Fewer requests than replicas leave some without work.
    let busy = min(deployment.replicas, max(1, load.requests ?? .infinity))
    let room = times.batchMax(shape)
    var batch = room
    let factor = PortableMath.exp(scale(deployment))
    var limit = Performance.BatchLimit.memory
    if let share = load.requests.map({ $0 / busy }), share < batch {
      (batch, limit) = (max(1, share), .demand)
    }
    var cycle = times.cycle(batch: batch, shape)
    var rate = batch * shape.output / cycle.total
    switch load {
    case .closed: break
    case .offline(let requests):
      guard let requests else { break }
      // Full batches, then what is left.
      let waiting = requests / busy
      let full = (waiting / batch).rounded(.down)
      let rest = waiting - full * batch
      var whole = full * cycle.total
      if rest >= 1 {
        whole += times.cycle(batch: rest, shape).total
      }
      rate = waiting * shape.output / whole
    case .batch(let size):
      // All prompts at once, and as many such batches as memory asks for.
      let share = size / busy
      batch = max(1, min(share, times.requests(of: shape)))
      limit = batch < share ? .memory : .demand
      cycle = ServingCycle(
        prefill: times.prefill(tokens: batch * shape.input, prompt: shape.input),
        decode: times.decode(batch: batch, context: shape.input + shape.output / 2) * shape.output)
      rate = batch * shape.output / cycle.total
    case .limited(let seconds):
      let allowed = seconds * factor
      func isSlow(_ cycle: ServingCycle) -> Bool { cycle.total / shape.output > allowed }
      if isSlow(cycle) {
        var (low, high) = (1.0, batch)
        for _ in 0..<20 {
          let middle = (low * high).squareRoot()
          if isSlow(times.cycle(batch: middle, shape)) { high = middle } else { low = middle }
        }
        (batch, limit) = (low, .latency)
        cycle = times.cycle(batch: batch, shape)
        rate = batch * shape.output / cycle.total
      }
    }
    if limit == .memory && batch >= times.batchLimit { limit = .engine }
    // One prompt into an empty engine, and the step that gives its first token.
    let first = times.prefill(tokens: shape.input, prompt: shape.input).total
    return Performance(
      outputRate: rate * busy * factor, timeToFirstToken: first / factor,
      timePerToken: cycle.decode.total / shape.output / factor,
      timePerTokenMean: cycle.total / shape.output / factor,
      batch: batch, batchLimit: limit, replicas: deployment.replicas, shape: shape,
      prefill: cycle.prefill * (1 / factor), decode: cycle.decode * (1 / factor),
      gainFromMemory: limit == .memory
        ? 2 * cycle.total / times.cycle(batch: 2 * batch, shape).total : 1)
  }

  /// The logarithm by which throughput exceeds the equations: software of that age, and what is known
  /// of that model, chip and version. Ages beyond the measured ones are taken as the nearest.
  func scale(_ deployment: Deployment) -> Double {
    let stack = deployment.stack
    let age = min(1.5, max(-1.5, stack.age))
    let progress = coefficients[stack.engine == .python ? .progressPython : .progress]
    return progress * age + coefficients.effect(deployment)
      + (stack.isMLPerf ? PortableMath.log(coefficients[.variedLengths]) : 0)
  }

  private static func gigabytes(_ bytes: Double) -> String { "\(tenths(bytes / 1e9)) GB" }
  private static func milliseconds(_ seconds: Double) -> String { tenths(seconds * 1_000) }
  private static func whole(_ value: Double) -> Int { Int(min(1e15, max(0, value))) }
  private static func tenths(_ value: Double) -> String {
    "\((min(value, 1e12) * 10).rounded() / 10)"
  }

  private static func check(
    _ deployment: Deployment, _ shape: RequestShape
  ) throws(FleetError) {
    let architecture = deployment.architecture
    if let problem = architecture.problem { throw FleetError("\(architecture.name): \(problem)") }
    if let problem = deployment.accelerator.problem {
      throw FleetError("\(deployment.accelerator.name): \(problem)")
    }
    let n = deployment.gpusPerReplica
    guard deployment.gpus >= 1, n >= 1, n <= 1_024, deployment.gpus % n == 0 else {
      throw FleetError("\(deployment.gpus) GPUs cannot be divided into replicas of \(n)")
    }
    guard shape.input >= 0, shape.output >= 1, shape.input.isFinite, shape.output.isFinite else {
      throw FleetError(
        "a request of \(shape.input) input and \(shape.output) output tokens is not possible")
    }
    guard shape.input + shape.output <= Double(architecture.contextMax) else {
      throw FleetError(
        "\(architecture.name) takes \(architecture.contextMax) tokens of prompt and answer, not "
          + "\(Self.whole(shape.input + shape.output))")
    }
    if deployment.spreadsExperts {
      guard architecture.experts != nil else {
        throw FleetError("\(architecture.name) has no experts to spread")
      }
      guard (architecture.experts?.count ?? 0) >= n else {
        throw FleetError(
          "\(architecture.experts?.count ?? 0) experts cannot be spread over \(n) GPUs")
      }
    } else {
      guard architecture.heads % n == 0 else {
        throw FleetError(
          "\(architecture.heads) heads cannot be divided for tensor parallelism \(n)")
      }
    }
    let domain = deployment.accelerator.linkDomain
    guard n <= max(domain, 8) else {
      throw FleetError(
        "a replica of \(n) GPUs spans nodes; \(deployment.accelerator.name) links at most "
          + "\(max(domain, 8)), "
          + "and networks between nodes are not modeled")
    }
    let bits = [
      deployment.precision.weights, deployment.precision.activations, deployment.precision.cache,
    ]
    guard bits.allSatisfy({ [4, 8, 16].contains($0) }) else {
      throw FleetError("a precision of \(bits) bits is not supported; write 4, 8 or 16")
    }
    let gpu = deployment.accelerator
    let bitsMultiplied = deployment.precision.activations
    guard
      bitsMultiplied == 16 || bitsMultiplied == 8 && gpu.flops8 + gpu.integer8 > 0
        || bitsMultiplied == 4 && gpu.flops4 > 0
    else {
      throw FleetError(
        "\(gpu.name) has no \(bitsMultiplied)-bit arithmetic; low-bit weights can be "
          + "unpacked: precision \(deployment.precision.weights)/16/\(deployment.precision.cache)")
    }
  }
}

extension ServingLoad {
  /// Whether requests come and go while others are under way, at full load.
  var joinsInFlight: Bool {
    switch self {
    case .offline, .limited, .closed: true
    case .batch: false
    }
  }

  /// Requests in all, or at once.
  var requests: Double? {
    switch self {
    case .offline(let requests): requests
    case .batch(let size): size
    case .closed(let concurrency): concurrency
    case .limited: nil
    }
  }
}

/// What a deployment delivers.
public struct Performance: Hashable, Sendable {
  /// What keeps the batch from being larger.
  public enum BatchLimit: Sendable {
    /// Room for the cache.
    case memory
    /// No more requests.
    case demand
    /// The limit of the time between tokens.
    case latency
    /// What engines take at once.
    case engine
  }

  /// What one would have to improve to get more.
  public enum Regime: Int, CaseIterable, Sendable {
    case weights = 1
    case cache, compute, communication, host, capacity, latency

    /// The name in tables and files.
    public var name: String {
      switch self {
      case .weights: "weights"
      case .cache: "KV"
      case .compute: "compute"
      case .communication: "communication"
      case .host: "host"
      case .capacity: "capacity"
      case .latency: "SLO"
      }
    }

    /// A sentence on what would improve throughput.
    public var explanation: String {
      switch self {
      case .weights: "most time goes into reading weights: fewer bits or a larger batch help"
      case .cache:
        "most time goes into reading the cache: a cache with fewer bits or shorter contexts help"
      case .compute: "most time goes into arithmetic: lower precision or more GPUs help"
      case .communication:
        "most time goes into communication: fewer GPUs per replica or a faster link help"
      case .host:
        "most time goes into launching and scheduling: a newer engine or larger batches help"
      case .capacity: "memory for the cache limits the batch: more memory or fewer bits help"
      case .latency: "the latency limit keeps the batch small: faster GPUs or a looser limit help"
      }
    }
  }

  /// Output tokens per second, over all GPUs.
  public var outputRate: Double
  /// Seconds from an empty engine to the first token: without waiting.
  public var timeToFirstToken: Double
  /// Seconds of a decoding step.
  public var timePerToken: Double
  /// Seconds between tokens as users see them, with other prompts in between.
  public var timePerTokenMean: Double
  /// Requests under way on a replica.
  public var batch: Double
  /// What keeps the batch from being larger.
  public var batchLimit: BatchLimit
  /// The number of replicas.
  public var replicas: Double
  /// The tokens per request that were assumed.
  public var shape: RequestShape
  /// Where the time of a whole batch goes, from prompts to last tokens.
  public var prefill: StepTime
  /// Seconds of decoding in a whole batch.
  public var decode: StepTime
  /// Throughput with twice the room for the cache, over this.
  public var gainFromMemory: Double

  /// Requests per second.
  public var requestRate: Double { outputRate / shape.output }
  /// Where the time of a whole batch goes.
  public var time: StepTime { prefill + decode }
  /// Part of the time that goes into prompts.
  public var prefillShare: Double { prefill.total / time.total }

  /// The bottleneck of the deployment.
  public var regime: Regime {
    if batchLimit == .latency { return .latency }
    if batchLimit == .memory && gainFromMemory > 1.15 { return .capacity }
    let time = time
    let parts: [(Double, Regime)] = [
      (time.weights, .weights), (time.cache, .cache), (time.compute, .compute),
      (time.communication, .communication), (time.host, .host),
    ]
    return parts.reduce((0, .host)) { $1.0 > $0.0 ? $1 : $0 }.1
  }
}
