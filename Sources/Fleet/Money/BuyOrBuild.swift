// SPDX-License-Identifier: Apache-2.0

import Determinism

/// A provider's price of tokens beside a fleet of one's own, over volume.
public struct BuyOrBuild: Sendable {
  /// Both costs at one volume.
  public struct Row: Hashable, Sendable {
    /// Requests per day.
    public var volume: Double
    /// US dollars per day.
    public var api: Double
    /// US dollars per day for the fleet.
    public var fleet: Interval
    /// Replicas at the estimated throughput.
    public var replicas: Int
  }

  /// Requests per day from which the fleet is cheaper; `nil` when it never is.
  public struct BreakEven: Hashable, Sendable {
    /// At the good end of the range of cost.
    public var low: Double?
    /// At the estimates of throughput and cost.
    public var estimate: Double?
    /// At the bad end.
    public var high: Double?
  }

  /// US dollars per request at the provider.
  public let apiPerRequest: Double
  /// Output tokens per second of a replica.
  public let rate: Interval
  /// US dollars per day of a replica.
  public let replicaPerDay: Interval
  /// The mean request.
  public let shape: RequestShape
  /// Demand of the busiest hour over the mean.
  public let peakToMean: Double
  /// How the fleet follows demand.
  public let terms: FleetPlan.Terms

  public init(
    apiPerRequest: Double, rate: Interval, replicaPerDay: Interval, shape: RequestShape,
    peakToMean: Double, terms: FleetPlan.Terms
  ) {
    self.apiPerRequest = apiPerRequest
    self.rate = rate
    self.replicaPerDay = replicaPerDay
    self.shape = shape
    self.peakToMean = peakToMean
    self.terms = terms
  }

  private static let secondsPerDay = 86_400.0

  /// Requests per day that a replica serves: of the busiest hour when the fleet is fixed, of the mean
  /// when it follows the demand.
  private func capacity(_ rate: Double) -> Double {
    let peak = terms.isAutoscaled ? 1 : peakToMean
    return rate / shape.output * Self.secondsPerDay / (peak * (1 + terms.headroom))
  }

  /// Replicas for a volume in requests per day, at a rate in output tokens per second per replica.
  public func replicas(_ volume: Double, rate: Double) -> Int {
    max(terms.minimum, Int(needed: min(1e9, volume / capacity(rate))))
  }

  /// Both costs at a volume in requests per day.
  public func row(_ volume: Double) -> Row {
    Row(
      volume: volume, api: volume * apiPerRequest,
      fleet: CostRange.of(rate, replicaPerDay) { rate, price in
        Double(replicas(volume, rate: rate)) * price
      }, replicas: replicas(volume, rate: rate.estimate))
  }

  /// The least volume at which the fleet costs no more than the provider, for one rate and price: where
  /// the provider's bill reaches the cost of the fewest replicas. `nil` when a replica costs more than it
  /// saves even when it is full.
  func breakEven(rate: Double, price: Double) -> Double? {
    price / apiPerRequest > capacity(rate)
      ? nil : Double(max(1, terms.minimum)) * price / apiPerRequest
  }

  /// The volume from which the fleet stays cheaper, though cost rises by a whole replica at a time: with
  /// k full replicas the next one must already be paid for, (k + 1) price <= k saving; the last crossing
  /// is where k replicas are paid for.
  public var forGood: Double? {
    let saving = capacity(rate.estimate) * apiPerRequest
    guard saving > replicaPerDay.estimate else { return nil }
    let count = (replicaPerDay.estimate / (saving - replicaPerDay.estimate)).rounded(.up)
    return max(Double(max(1, terms.minimum)), count) * replicaPerDay.estimate / apiPerRequest
  }

  /// The volumes from which the fleet is cheaper than the API.
  public var breakEven: BreakEven {
    let range = CostRange.of(rate, replicaPerDay) { rate, price in
      breakEven(rate: rate, price: price) ?? .infinity
    }
    func known(_ volume: Double) -> Double? { volume.isFinite ? volume : nil }
    return BreakEven(
      low: known(range.low), estimate: known(range.estimate), high: known(range.high))
  }

  /// US dollars per request at high volume.
  public var fleetPerRequest: Interval {
    CostRange.of(rate, replicaPerDay) { rate, price in price / capacity(rate) }
  }

  /// Volumes on both sides of the break-even, or up to `most` a day.
  public func rows(from low: Double, to high: Double, count: Int) -> [Row] {
    (0..<count).map { step in
      let part = Double(step) / Double(max(1, count - 1))
      return row(low * PortableMath.exp(PortableMath.log(high / low) * part))
    }
  }
}
