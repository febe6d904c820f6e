// SPDX-License-Identifier: Apache-2.0

public import Documents
public import Fleet
import Foundation

/// Rates from what was measured.
public struct MeasurePrinter {
  private let fleet: MeasuredFleet
  private let counted: EngineCounters
  private let estimate: FleetEstimate
  private let hasCapacity: Bool
  private let hasPrice: Bool
  private let evidence: String

  /// - Parameters:
  ///   - hasCapacity: the throughput at full load was measured.
  ///   - hasPrice: the price is the user's own.
  ///   - evidence: of the rates.
  public init(
    fleet: MeasuredFleet, counted: EngineCounters, estimate: FleetEstimate,
    hasCapacity: Bool, hasPrice: Bool, evidence: String
  ) {
    self.fleet = fleet
    self.counted = counted
    self.estimate = estimate
    self.hasCapacity = hasCapacity
    self.hasPrice = hasPrice
    self.evidence = evidence
  }

  /// The figures of CSV and JSON.
  private var figures: [(name: String, value: Double)] {
    [
      ("input_tokens", counted.promptTokens), ("output_tokens", counted.outputTokens),
      ("gpu_hours", fleet.gpuHours), ("paid", fleet.cost), ("allocated_cost", fleet.allocated),
      ("idle_cost", fleet.idle), ("output_tokens_per_second", fleet.outputRate),
      ("utilization", fleet.utilization),
      ("cost_per_million_input_tokens", fleet.perMillionInput),
      ("cost_per_million_output_tokens", fleet.perMillionOutput),
      ("cost_per_million_input_tokens_with_idle", fleet.perMillionInputWithIdle),
      ("cost_per_million_output_tokens_with_idle", fleet.perMillionOutputWithIdle),
    ]
  }

  public func print(on page: Page) {
    switch page.format {
    case .json:
      var fields = Dictionary(
        figures.map { ($0.name, JSON.Value.number($0.value)) }, uniquingKeysWith: { $1 })
      fields["evidence"] = .text(evidence)
      fields["currency"] = .text(FleetEstimate.currency)
      page.json("solvent.fleet.measure/v1", fields)
    case .csv:
      page.csv(["figure", "value"])
      for (name, value) in figures { page.csv([name, "\(value)"]) }
    case .table, .md:
      var table = Table(columns: [
        .init(title: estimate.deployment.title), .init(title: "", isNumber: true),
        .init(title: "EVIDENCE"),
      ])
      func add(_ label: String, _ value: String, _ known: String) {
        table.rows.append([label, value, known])
      }
      add("tokens in", Rate.text(counted.promptTokens), "measured")
      add("tokens out", Rate.text(counted.outputTokens), "measured")
      add("output tokens per second", Rate.text(fleet.outputRate), "measured")
      add("GPU-hours", Rate.text(fleet.gpuHours), "measured")
      add(
        "paid", FleetEstimate.dollar(fleet.cost),
        (hasPrice ? "measured" : "estimated: a catalogue price; give yours: --rent, --capital")
          + ", "
          + FleetEstimate.dollar(estimate.priced.hour.total.estimate) + " per hour")
      add(
        "busy", Percent.text(fleet.utilization),
        hasCapacity ? "measured" : "estimated from the throughput at full load")
      add("for work done", FleetEstimate.dollar(fleet.allocated), "")
      add("idle cost", FleetEstimate.dollar(fleet.idle), "")
      add(
        "per million tokens in", FleetEstimate.dollar(fleet.perMillionInput),
        "with idle \(FleetEstimate.dollar(fleet.perMillionInputWithIdle))")
      add(
        "per million tokens out", FleetEstimate.dollar(fleet.perMillionOutput),
        "with idle \(FleetEstimate.dollar(fleet.perMillionOutputWithIdle))")
      add(
        "share of time for prompts", Percent.text(estimate.performance.prefillShare),
        "estimated: engines do not measure it")
      add("rates", "", evidence)
      table.print(on: page)
    }
  }
}
