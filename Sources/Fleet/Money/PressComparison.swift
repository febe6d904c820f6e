// SPDX-License-Identifier: Apache-2.0

/// The published estimate beside the equations' under the same assumptions.
public struct PressComparison: Sendable {
  /// One way to compute the figure.
  public struct Case: Sendable {
    /// The scenario's name in tables.
    public var name: String
    /// The method, in words.
    public var what: String
    /// The result.
    public var estimate: PressEstimate
    /// 90% of dollars per day; `nil` where the method knows no range.
    public var range: Interval?
    /// Requests at once per server; `nil` where the method ignores memory.
    public var batch: Double?
    /// The bottleneck; `nil` where the method knows only arithmetic.
    public var regime: Performance.Regime?
  }

  /// The assumptions of all cases.
  public let assumptions: PressEstimate.Assumptions
  /// As published, then by the equations with the cache at 16 and at 8 bits.
  public let cases: [Case]

  /// - Throws: ``FleetError`` where the catalogue lacks the model or the GPU of the article.
  public init(
    _ assumptions: PressEstimate.Assumptions = .init(), model: PerformanceModel,
    catalogue: FleetCatalogue
  ) throws(FleetError) {
    self.assumptions = assumptions
    guard let architecture = catalogue.architectures["gpt3-175b"]?.value,
      let accelerator = catalogue.accelerators["A100-80-SXM"]?.value
    else {
      throw FleetError("the catalogue no longer has gpt3-175b and A100-80-SXM")
    }
    var cases = [
      Case(
        name: "press-2023", what: "arithmetic only, as published",
        estimate: .press2023(assumptions), range: nil, batch: nil, regime: nil)
    ]
    for bits in [16, 8] {
      let deployment = PressEstimate.deployment(architecture, accelerator, cacheBits: bits)
      let (estimate, range, performance) = try PressEstimate.roofline(
        model, deployment, assumptions)
      cases.append(
        Case(
          name: bits == 16 ? "press-2023-roofline" : "press-2023-roofline, KV at 8 bits",
          what: "with memory, bandwidth and network, KV at \(bits) bits", estimate: estimate,
          range: range, batch: performance.batch, regime: performance.regime))
    }
    self.cases = cases
  }
}
