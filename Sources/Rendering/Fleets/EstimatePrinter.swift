// SPDX-License-Identifier: Apache-2.0

import Economics
public import Fleet
import Foundation

extension FleetEstimate {
  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.fleet.estimate/v1", EstimateJSON(self))
    case .csv:
      page.csv(["figure", "low", "estimate", "high", "unit"])
      for (name, range, unit) in figures {
        page.csv([name, "\(range.low)", "\(range.estimate)", "\(range.high)", unit])
      }
    case .table, .md: lines.print(on: page)
    }
  }

  var figures: [(String, Interval, String)] {
    [
      ("output_tokens_per_second", rate, "1/s"),
      ("requests_per_second", rate.times(1 / performance.shape.output), "1/s"),
      ("time_between_tokens", rate.inverse(performance.timePerTokenMean * rate.estimate), "s"),
      ("time_to_first_token", rate.inverse(performance.timeToFirstToken * rate.estimate), "s"),
      ("cost_per_gpu_hour", priced.hour.total, Self.currency),
      ("cost_per_million_input_tokens", cost.perMillionInput, Self.currency),
      ("cost_per_million_output_tokens", cost.perMillionOutput, Self.currency),
      ("cost_per_request", cost.perRequest, Self.currency),
    ]
  }

  private var lines: Table {
    var table = Table(columns: [.init(title: deployment.title), .init(title: "")])
    func add(_ label: String, _ text: String) { table.rows.append([label, text]) }
    let shape = performance.shape
    add(
      "request",
      "\(Text.grouped(Int(shape.input.rounded()))) tokens in, "
        + "\(Text.grouped(Int(shape.output.rounded()))) out")
    add(
      "throughput",
      "\(Rate.text(rate.estimate)) output tokens/s, 90% \(Rate.text(rate.low)) to "
        + "\(Rate.text(rate.high)) · \(Rate.text(performance.requestRate)) requests/s")
    add(
      "latency",
      "\(milliseconds(performance.timePerTokenMean)) between tokens · "
        + "\(milliseconds(performance.timeToFirstToken)) to the first, without queueing")
    add("batch", batchText)
    add("bottleneck", "\(performance.regime.name): \(performance.regime.explanation)")
    add("time", timeText)
    if let nearest { add("nearest measured", Self.text(nearest)) }
    if let nearestPoint { add("nearest point", Self.text(nearestPoint)) }
    add("per GPU-hour", hourText)
    let perMillion = cost.perMillionInput
    add(
      "per million tokens",
      "\(Self.dollars(perMillion)) in · \(Self.dollars(cost.perMillionOutput)) out")
    add("per request", Self.dollars(cost.perRequest))
    add(
      "energy",
      String(format: "%.3g Wh per request, including cooling: ", cost.wattHoursPerRequest)
        + "\(Self.dollar(energyCostPerRequest)) at "
        + "\(Self.dollar(priced.site.electricity)) per kWh"
        + (priced.hour.isRented ? ", included in the rent" : ", included in the GPU-hour"))
    add(
      "evidence",
      evidence + (isPinned ? ", adjusted to your measurement" : "")
        + (guesses.isEmpty ? "" : "; guesses: \(guesses.joined(separator: ", "))")
        + " · coefficients of \(model.version)")
    return table
  }

  private func milliseconds(_ seconds: Double) -> String {
    seconds >= 1
      ? String(format: "%.2f s", seconds)
      : String(format: seconds < 0.1 ? "%.1f ms" : "%.0f ms", seconds * 1_000)
  }

  private var batchText: String {
    let reason =
      switch performance.batchLimit {
      case .memory: "as many as memory holds"
      case .demand: "as many as the demand sends"
      case .latency: "as many as the latency limit allows"
      case .engine: "as many as engines allow"
      }
    return "\(Text.grouped(Int(performance.batch))) at once per replica, \(reason)"
  }

  private var timeText: String {
    timeShares.filter { $0.share >= 0.005 }
      .map { String(format: "%@ %.0f%%", $0.label, $0.share * 100) }.joined(separator: " · ")
      + String(format: "; prompts take %.0f%%", performance.prefillShare * 100)
  }

  private var hourText: String {
    let hour = priced.hour
    if hour.isRented { return "\(Self.dollars(hour.total)) rented: \(priced.origin)" }
    return "\(Self.dollars(hour.total)) owned: hardware \(Self.dollar(hour.hardware.estimate)), "
      + "electricity \(Self.dollar(hour.electricity)), site \(Self.dollar(hour.site)), "
      + "operations \(Self.dollar(hour.operations)) · \(priced.origin)"
  }

  static func text(_ record: PredictionErrors.Record) -> String {
    let points = record.points == 1 ? "1 point" : "\(record.points) points"
    return "\(points) of \(record.architecture) \(record.precision.name) on \(record.gpus) x "
      + "\(record.accelerator), \(record.stack) (\(record.month)): error \(Percent.text(record.medianError)), "
      + "at most \(Percent.text(record.greatestError))"
  }

  static func text(_ result: PointPrediction) -> String {
    let point = result.point
    let unit = point.kind == .firstToken ? "ms to the first token" : "tokens/s"
    return "\(point.id): \(point.deployment.title), \(Rate.text(point.shape.input)) in, "
      + "\(Rate.text(point.shape.output)) out, \(point.kind.name): "
      + "\(Rate.text(point.measured)) \(unit) measured, "
      + "\(Rate.text(result.predicted.estimate)) predicted "
      + String(format: "(%+.1f%%)", result.error * 100)
  }

  /// Three digits.
  public static func dollar(_ value: Double) -> String {
    guard value > 0 else { return "$0" }
    if value >= 100 { return "$" + Rate.text(value) }
    var decimals = 2
    var size = value
    while size < 0.1 && decimals < 9 {
      size *= 10
      decimals += 1
    }
    return String(format: "$%.\(decimals)f", value)
  }

  public static func dollars(_ range: Interval) -> String {
    range.low == range.high
      ? dollar(range.estimate)
      : "\(dollar(range.estimate)) (\(dollar(range.low)) to \(dollar(range.high)))"
  }
}
