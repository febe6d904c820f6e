// SPDX-License-Identifier: Apache-2.0

/// What a fleet was paid for and did over some time: metered GPU-hours and counted tokens.
public struct MeasuredFleet: Hashable, Sendable {
  /// GPU-hours that were paid for.
  public private(set) var gpuHours: Double
  /// Output tokens per second at full load.
  public private(set) var capacity: Double
  /// US dollars paid.
  public var cost: Double
  /// The part of it in which work was done.
  public var allocated: Double
  /// Output tokens per second, while paid for.
  public var outputRate: Double
  /// Part of the paid time that the work would take at full load.
  public var utilization: Double
  /// US dollars per million tokens: work alone, and with what was idle spread over it.
  public var perMillionInput: Double
  /// US dollars per million output tokens, without idle cost.
  public var perMillionOutput: Double
  /// US dollars per million input tokens, with idle cost.
  public var perMillionInputWithIdle: Double
  /// US dollars per million output tokens, with idle cost.
  public var perMillionOutputWithIdle: Double

  /// US dollars for GPU time without work.
  public var idle: Double { cost - allocated }

  /// - Parameters:
  ///   - hours: between the two counts.
  ///   - gpuHours: metered, of the whole fleet.
  ///   - dollarsPerGPUHour: paid.
  ///   - capacity: output tokens per second that the fleet reaches at full load with such requests.
  ///   - prefillShare: part of the time that goes into prompts, by the equations. Engines count seconds
  ///     of requests, and since many requests decode together, those say nothing about seconds of GPUs.
  /// - Throws: ``FleetError`` when nothing was counted.
  public init(
    inputTokens: Double, outputTokens: Double, hours: Double, gpuHours: Double,
    dollarsPerGPUHour: Double, capacity: Double, prefillShare: Double
  ) throws(FleetError) {
    guard outputTokens > 0, hours > 0, gpuHours > 0, capacity > 0 else {
      throw FleetError("the counters show no output tokens, or no time passed")
    }
    self.gpuHours = gpuHours
    self.capacity = capacity
    cost = gpuHours * dollarsPerGPUHour
    outputRate = outputTokens / (hours * 3_600)
    // More than the capacity that one thought of is full load.
    utilization = min(1, outputRate / capacity)
    allocated = cost * utilization
    let input = inputTokens > 0 ? prefillShare : 0
    func rate(_ dollars: Double, _ tokens: Double) -> Double {
      tokens > 0 ? dollars / tokens * 1e6 : 0
    }
    perMillionInput = rate(allocated * input, inputTokens)
    perMillionOutput = rate(allocated * (1 - input), outputTokens)
    perMillionInputWithIdle = rate(cost * input, inputTokens)
    perMillionOutputWithIdle = rate(cost * (1 - input), outputTokens)
  }

  /// What a fleet of deployments like an estimated one was paid for and did.
  /// - Parameters:
  ///   - estimate: of one such deployment: its price, its split of the time, and, where no `capacity` is
  ///     given, what it reaches at full load.
  ///   - hours: between the two counts.
  ///   - gpuHours: metered; `nil` for one deployment throughout.
  ///   - capacity: output tokens per second of the whole fleet at full load, where that was measured.
  /// - Throws: ``FleetError`` when nothing was counted.
  public init(
    inputTokens: Double, outputTokens: Double, like estimate: FleetEstimate, hours: Double,
    gpuHours: Double?, capacity: Double?
  ) throws(FleetError) {
    let one = Double(estimate.deployment.gpus) * hours
    let metered = gpuHours ?? one
    let full = capacity ?? estimate.rate.estimate * (metered / one)
    try self.init(
      inputTokens: inputTokens, outputTokens: outputTokens, hours: hours, gpuHours: metered,
      dollarsPerGPUHour: estimate.priced.hour.total.estimate, capacity: full,
      prefillShare: estimate.performance.prefillShare)
  }

  /// The engine delivered more than the capacity that was assumed, so it counts as always busy.
  public var exceedsCapacity: Bool { outputRate > capacity }
}
