// SPDX-License-Identifier: Apache-2.0

/// What a demand over time takes of one deployment: as many GPUs as the peak needs all the time, or as
/// many as each window needs.
public struct FleetSizing: Sendable {
  /// A plan with what it costs per day.
  public struct Case: Sendable {
    /// `fixed` or `autoscaled`, as printed.
    public var name: String
    /// The replicas of each window.
    public var plan: FleetPlan
    /// Dollars per day, at the estimate and at both ends of the range of throughput.
    public var cost: Interval
    /// Dollars per day of the cost that pay for idle GPUs.
    public var idle: Double
    /// Electricity per day, cooling included.
    public var kilowattHoursPerDay: Double
  }

  /// What one replica delivers and costs.
  public let estimate: FleetEstimate
  /// The demand to serve.
  public let demand: DemandCurve
  /// Room above the demand, as a part of it.
  public let headroom: Double
  /// Replicas at least.
  public let minimum: Int

  public init(estimate: FleetEstimate, demand: DemandCurve, headroom: Double, minimum: Int) {
    self.estimate = estimate
    self.demand = demand
    self.headroom = headroom
    self.minimum = minimum
  }

  private func plan(_ isAutoscaled: Bool, _ rate: Double) -> FleetPlan {
    FleetPlan(
      demand, estimate.performance, rate: rate / estimate.performance.replicas,
      gpusPerReplica: estimate.deployment.gpusPerReplica,
      .init(headroom: headroom, minimum: minimum, isAutoscaled: isAutoscaled))
  }

  /// The fixed plan, and the one that follows demand.
  public var cases: [Case] {
    [("fixed", false), ("autoscaled", true)].map { name, isAutoscaled in
      let plan = plan(isAutoscaled, estimate.rate.estimate)
      let hour = estimate.priced.hour.total
      let cost = CostRange.of(estimate.rate, hour) { rate, price in
        let plan = self.plan(isAutoscaled, rate)
        return plan.gpuHours / plan.days * price
      }
      let daily = plan.gpuHours / plan.days
      let wattHours = Energy.wattHours(
        gpuSeconds: daily * 3_600, estimate.deployment.accelerator, busy: plan.utilization,
        pue: estimate.priced.site.pue)
      return Case(
        name: name, plan: plan, cost: cost,
        idle: (plan.gpuHours - plan.busyGPUHours) / plan.days * hour.estimate,
        kilowattHoursPerDay: wattHours / 1_000)
    }
  }

  /// The mean demand in requests per day.
  public var requestsPerDay: Double {
    demand.windows.reduce(0) { $0 + $1.requests } * demand.seconds / demand.duration * 86_400
  }

  /// Requests per second: the mean of the windows, and the greatest.
  public var rates: (mean: Double, peak: Double) {
    let rates = demand.windows.map(\.requests)
    return (rates.reduce(0, +) / Double(max(1, rates.count)), rates.max() ?? 0)
  }
}
