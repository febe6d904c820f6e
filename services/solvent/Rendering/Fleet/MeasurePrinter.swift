// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Fleet
import Foundation

struct MeasurePrinter {
  let fleet: MeasuredFleet
  let counted: EngineCounters
  let estimate: FleetEstimate
  let gpuHours: Double
  let hasCapacity: Bool
  let hasPrice: Bool
  /// Of the rates.
  let evidence: String

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.measure/v1")), ("evidence", .string(evidence)),
          ("input_tokens", .number("\(counted.promptTokens)")),
          ("output_tokens", .number("\(counted.outputTokens)")),
          ("gpu_hours", .number("\(gpuHours)")), ("usd", .number("\(fleet.cost)")),
          ("allocated_usd", .number("\(fleet.allocated)")), ("idle_usd", .number("\(fleet.idle)")),
          ("output_tokens_per_second", .number("\(fleet.outputRate)")),
          ("utilization", .number("\(fleet.utilization)")),
          ("per_million_input_tokens", .number("\(fleet.perMillionInput)")),
          ("per_million_output_tokens", .number("\(fleet.perMillionOutput)")),
          ("per_million_input_tokens_with_idle", .number("\(fleet.perMillionInputWithIdle)")),
          ("per_million_output_tokens_with_idle", .number("\(fleet.perMillionOutputWithIdle)")),
        ]).text)
    case .csv, .table, .md:
      var table = Table(columns: [
        .init(title: estimate.deployment.title), .init(title: "", isNumber: true),
        .init(title: "KNOWN"),
      ])
      func add(_ label: String, _ value: String, _ known: String) {
        table.rows.append([label, value, known])
      }
      add("tokens in", Rate.text(counted.promptTokens), "measured")
      add("tokens out", Rate.text(counted.outputTokens), "measured")
      add("output tokens a second", Rate.text(fleet.outputRate), "measured")
      add("GPU-hours", Rate.text(gpuHours), "measured")
      add(
        "paid", FleetEstimate.dollar(fleet.cost),
        (hasPrice ? "measured" : "estimated: a catalogue's price; tell yours: --rent, --capital")
          + ", "
          + FleetEstimate.dollar(estimate.priced.hour.total.estimate) + " an hour")
      add(
        "busy", Percent.text(fleet.utilization),
        hasCapacity ? "measured" : "estimated: of the throughput at full load")
      add("for work", FleetEstimate.dollar(fleet.allocated), "")
      add("idle", FleetEstimate.dollar(fleet.idle), "")
      add(
        "a million tokens in", FleetEstimate.dollar(fleet.perMillionInput),
        "with idle \(FleetEstimate.dollar(fleet.perMillionInputWithIdle))")
      add(
        "a million tokens out", FleetEstimate.dollar(fleet.perMillionOutput),
        "with idle \(FleetEstimate.dollar(fleet.perMillionOutputWithIdle))")
      add(
        "time of prompts", Percent.text(estimate.performance.prefillShare),
        "estimated: engines do not count it")
      add("rates", "", evidence)
      if format == .csv {
        Terminal.print("figure,value")
        for (name, value) in [
          ("input_tokens", counted.promptTokens), ("output_tokens", counted.outputTokens),
          ("gpu_hours", gpuHours), ("usd", fleet.cost), ("allocated_usd", fleet.allocated),
          ("idle_usd", fleet.idle), ("output_tokens_per_second", fleet.outputRate),
          ("utilization", fleet.utilization), ("per_million_input_tokens", fleet.perMillionInput),
          ("per_million_output_tokens", fleet.perMillionOutput),
          ("per_million_input_tokens_with_idle", fleet.perMillionInputWithIdle),
          ("per_million_output_tokens_with_idle", fleet.perMillionOutputWithIdle),
        ] { Terminal.print("\(name),\(value)") }
      } else {
        table.print(as: format)
      }
    }
  }
}
