// SPDX-License-Identifier: Apache-2.0

import Determinism

/// What one GPU-hour costs, in US dollars, by purpose.
public struct GPUHour: Hashable, Sendable {
  /// Interest and depreciation of GPU and server; or the rent.
  public var hardware: Interval
  /// Electricity at the building's plug.
  public var electricity: Double
  /// The site: room, cooling plant, connections.
  public var site: Double
  /// People and repairs.
  public var operations: Double
  /// Whether it is rented: then the rent covers everything.
  public var isRented: Bool

  /// The sum of all parts.
  public var total: Interval {
    let rest = electricity + site + operations
    return Interval(
      low: hardware.low + rest, estimate: hardware.estimate + rest, high: hardware.high + rest)
  }

  /// Rented at a price or within a range.
  public static func rented(_ price: Interval) -> GPUHour {
    GPUHour(hardware: price, electricity: 0, site: 0, operations: 0, isRented: true)
  }

  /// Owned.
  ///
  /// (capital - resale / (1 + r)^n) x r / (1 - (1 + r)^-n) a year: the annuity that pays capital back
  /// with interest (any textbook of finance: R. Brealey, S. Myers, F. Allen, "Principles of Corporate
  /// Finance", chapter 2).
  public static func owned(
    _ accelerator: Accelerator, _ terms: OwnershipTerms, _ site: SiteCosts
  ) -> GPUHour {
    let growth = PortableMath.power(1 + terms.interest, terms.years)
    // Below a millionth the annuity is that without interest.
    let annuity =
      terms.interest > 1e-6 ? terms.interest / (1 - 1 / growth) : 1 / terms.years
    let yearly = (1 - terms.resale / growth) * annuity
    let hardware = terms.capital.times(yearly / hoursPerYear)
    let kilowatts = accelerator.serverPower / 1_000
    return GPUHour(
      hardware: hardware,
      electricity: kilowatts * Energy.load(terms.load) * site.pue * site.electricity,
      site: kilowatts * site.colocation * 12 / hoursPerYear,
      operations: terms.capital.estimate * terms.operations / hoursPerYear, isRented: false)
  }

  static let hoursPerYear = 8_760.0
}

/// How hardware is bought.
public struct OwnershipTerms: Hashable, Sendable {
  /// US dollars for a GPU with its share of server and network.
  public var capital: Interval
  /// Years until it is written off.
  public var years: Double
  /// Interest per year.
  public var interest: Double
  /// Part of the capital for which it is sold then.
  public var resale: Double
  /// People and repairs per year, as a part of the capital.
  public var operations: Double
  /// Part of the time in which it computes, for the electricity.
  public var load: Double

  public init(
    capital: Interval, years: Double = 4, interest: Double = 0.08, resale: Double = 0,
    operations: Double = 0.05, load: Double = 0.6
  ) {
    self.capital = capital
    self.years = years
    self.interest = interest
    self.resale = resale
    self.operations = operations
    self.load = load
  }

  /// Part of a server's price that its GPUs are: 60 to 70% (amcompute.com, 2026-03).
  public static let acceleratorShare = 0.65
}

/// Electricity.
public enum Energy {
  /// Power of a server over its greatest: half when idle, four fifths when computing all the time.
  /// Fitted by eye to MLPerf's wall power (B200: 1,300 of 1,710 W a GPU) and to Argonne's GPU power
  /// from batch 1 to 64 (arXiv 2411.00136, 2024-10): 0.5 to 0.58 + 0.3 x load.
  public static func load(_ busy: Double) -> Double { 0.5 + 0.3 * min(1, max(0, busy)) }

  /// Watt-hours at the building's plug for a GPU-second of work.
  public static func wattHours(
    gpuSeconds: Double, _ accelerator: Accelerator, busy: Double, pue: Double
  ) -> Double {
    accelerator.serverPower * load(busy) * pue * gpuSeconds / 3_600
  }
}

/// What tokens cost on a deployment, in US dollars, with 90% ranges.
public struct TokenCost: Hashable, Sendable {
  /// Per million input tokens.
  public var perMillionInput: Interval
  /// Per million output tokens.
  public var perMillionOutput: Interval
  /// Per request of the estimate's shape.
  public var perRequest: Interval
  /// Watt-hours per request, including cooling.
  public var wattHoursPerRequest: Double
  /// Part of the time for which the GPUs are paid in which they do this work.
  public var utilization: Double

  /// Time is split, not tokens: prompts pay for prefill, answers for decoding.
  /// - Parameters:
  ///   - rate: output tokens per second of all GPUs, with its range.
  ///   - utilization: above 0, at most 1.
  public init(
    _ performance: Performance, rate: Interval, gpus: Int, hour: GPUHour,
    accelerator: Accelerator, utilization: Double = 1, pue: Double = 1.25
  ) {
    let paid = hour.total
    // Throughput and price are wrong independently of each other: squares of logarithms add.
    let requestSeconds = rate.inverse(performance.shape.output)
    let whole = requestSeconds.product(paid.times(Double(gpus) / 3_600 / utilization))
    let input = performance.prefillShare
    perRequest = whole
    perMillionInput =
      performance.shape.input > 0
      ? whole.times(input / performance.shape.input * 1e6) : Interval(low: 0, estimate: 0, high: 0)
    perMillionOutput = whole.times((1 - input) / performance.shape.output * 1e6)
    wattHoursPerRequest =
      Energy.wattHours(
        gpuSeconds: requestSeconds.estimate * Double(gpus) / utilization, accelerator,
        busy: utilization, pue: pue)
    self.utilization = utilization
  }
}

extension Interval {
  /// The range of a product of two that are wrong independently.
  public func product(_ other: Interval) -> Interval {
    let estimate = estimate * other.estimate
    func half(_ a: Double, _ b: Double) -> Double {
      PortableMath.exp((a * a + b * b).squareRoot())
    }
    let below = half(
      PortableMath.log(self.estimate / low), PortableMath.log(other.estimate / other.low))
    let above = half(
      PortableMath.log(high / self.estimate), PortableMath.log(other.high / other.estimate))
    return Interval(low: estimate / below, estimate: estimate, high: estimate * above)
  }

  /// A number without a range.
  public static func exactly(_ value: Double) -> Interval {
    Interval(low: value, estimate: value, high: value)
  }
}

/// Ranges of what depends on speed and price, both uncertain and independent, also where it rises in
/// steps.
public enum CostRange {
  /// Pairs of rate and price on the curve of 90%, from the price alone being off to the rate alone: a
  /// quarter of an ellipse in logarithms, where what is linear in them has its quantile. A first-order
  /// reliability method (A. M. Hasofer, N. C. Lind, J. Eng. Mech. 100, 1974).
  private static func pairs(
    _ rate: Interval, _ price: Interval, isGood: Bool
  ) -> [(rate: Double, price: Double)] {
    let speed =
      isGood
      ? PortableMath.log(rate.high / rate.estimate) : PortableMath.log(rate.low / rate.estimate)
    let cost =
      isGood
      ? PortableMath.log(price.low / price.estimate)
      : PortableMath.log(price.high / price.estimate)
    let steps = 16
    return (0...steps).map { step in
      let along = Double(step) / Double(steps)
      let across = (1 - along * along).squareRoot()
      return (
        rate.estimate * PortableMath.exp(speed * along),
        price.estimate * PortableMath.exp(cost * across)
      )
    }
  }

  /// The range of something that falls with the rate and rises with the price.
  public static func of(
    _ rate: Interval, _ price: Interval, _ value: (_ rate: Double, _ price: Double) -> Double
  ) -> Interval {
    Interval(
      low: pairs(rate, price, isGood: true).map(value).min() ?? .nan,
      estimate: value(rate.estimate, price.estimate),
      high: pairs(rate, price, isGood: false).map(value).max() ?? .nan)
  }
}

// MARK: Fleets for a demand

/// Requests that arrive over time.
public struct DemandCurve: Hashable, Sendable {
  /// Demand in one window of time.
  public struct Window: Hashable, Sendable {
    /// Seconds from the beginning.
    public var start: Double
    /// Each per second, on average over the window.
    public var requests: Double
    /// Input tokens per second, on average over the window.
    public var inputTokens: Double
    /// Output tokens per second, on average over the window.
    public var outputTokens: Double

    public init(start: Double, requests: Double, inputTokens: Double, outputTokens: Double) {
      self.start = start
      self.requests = requests
      self.inputTokens = inputTokens
      self.outputTokens = outputTokens
    }
  }

  /// In order, each `seconds` long.
  public var windows: [Window]
  /// The length of each window.
  public var seconds: Double

  public init(windows: [Window], seconds: Double) {
    self.windows = windows
    self.seconds = seconds
  }

  /// The mean request.
  public var shape: RequestShape {
    let requests = windows.reduce(0) { $0 + $1.requests }
    guard requests > 0 else { return RequestShape(input: 0, output: 1) }
    return RequestShape(
      input: windows.reduce(0) { $0 + $1.inputTokens } / requests,
      output: max(1, windows.reduce(0) { $0 + $1.outputTokens } / requests))
  }

  /// Seconds from the first window's start to the last one's end.
  public var duration: Double { seconds * Double(windows.count) }
}

/// How many replicas, when.
public struct FleetPlan: Hashable, Sendable {
  /// How a fleet follows demand.
  public struct Terms: Hashable, Sendable {
    /// Room above the demand: 0.2 for a fifth.
    public var headroom: Double
    /// Replicas that run even when nobody asks.
    public var minimum: Int
    /// Replicas follow the demand; else there are always as many as at the peak.
    public var isAutoscaled: Bool

    public init(headroom: Double = 0.2, minimum: Int = 1, isAutoscaled: Bool = true) {
      self.headroom = headroom
      self.minimum = minimum
      self.isAutoscaled = isAutoscaled
    }
  }

  /// The terms that the plan keeps.
  public var terms: Terms
  /// GPUs that one replica occupies.
  public var gpusPerReplica: Int
  /// Replicas in each window.
  public var replicas: [Int]
  /// Replicas that the demand would keep busy, without headroom, in each window.
  public var busy: [Double]
  /// The length of each window.
  public var seconds: Double

  /// `replicas(h) = max(minimum, ceil(load(h) x (1 + headroom)))`, where the load is the time that the
  /// window's prompts and answers take on one replica.
  /// - Parameter rate: output tokens per second of one replica.
  public init(
    _ demand: DemandCurve, _ performance: Performance, rate: Double, gpusPerReplica: Int,
    _ terms: Terms
  ) {
    self.terms = terms
    self.gpusPerReplica = gpusPerReplica
    seconds = demand.seconds
    let outputs = (1 - performance.prefillShare) / rate
    let inputRate = rate / performance.shape.output * performance.shape.input
    let inputs = inputRate > 0 ? performance.prefillShare / inputRate : 0
    busy = demand.windows.map { $0.inputTokens * inputs + $0.outputTokens * outputs }
    let needed = busy.map { max(terms.minimum, Int(needed: min(1e9, $0 * (1 + terms.headroom)))) }
    replicas =
      terms.isAutoscaled
      ? needed : Array(repeating: needed.max() ?? terms.minimum, count: needed.count)
  }

  /// The most replicas in any window.
  public var peak: Int { replicas.max() ?? 0 }
  /// GPU-hours that are paid for.
  public var gpuHours: Double {
    Double(replicas.reduce(0, +) * gpusPerReplica) * seconds / 3_600
  }
  /// GPU-hours in which work is done; the rest is idle.
  public var busyGPUHours: Double {
    busy.reduce(0, +) * Double(gpusPerReplica) * seconds / 3_600
  }
  /// Busy over paid GPU-hours, from 0 to 1.
  public var utilization: Double { gpuHours > 0 ? busyGPUHours / gpuHours : 0 }
  /// The length of the plan in days.
  public var days: Double { Double(replicas.count) * seconds / 86_400 }
}
