// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Host

/// One deployment with everything that is to be told of it.
struct FleetEstimate {
  let deployment: Deployment
  let model: PerformanceModel
  let performance: Performance
  let rate: Interval
  let priced: PriceOptions.Priced
  let cost: TokenCost
  let nearest: PredictionErrors.Record?
  /// Of points that the user gave, with what is predicted there.
  let nearestPoint: PointResult?
  let guesses: [String]
  let isPinned: Bool

  init(
    _ options: DeploymentOptions, _ prices: PriceOptions, load: ServingLoad,
    ttft: Double? = nil, model base: PerformanceModel,
    catalogue: FleetCatalogue, points: [MeasuredPoint] = []
  ) throws {
    let (deployment, model) = try options.resolve(catalogue, base, load)
    self.deployment = deployment
    self.model = model
    do throws(FleetError) {
      performance = try model.performance(of: deployment, options.shapes.shape, load)
    } catch {
      throw Failure(EX_USAGE, error.description)
    }
    if let ttft, performance.timeToFirstToken * 1_000 > ttft {
      throw Failure(
        EX_USAGE,
        String(
          format: "the first token takes %.0f ms even in an empty engine, not %.0f",
          performance.timeToFirstToken * 1_000, ttft))
    }
    rate = model.interval(performance.outputRate, model.band(deployment))
    priced = try prices.price(deployment.accelerator, catalogue)
    cost = TokenCost(
      performance, rate: rate, gpus: deployment.gpus, hour: priced.hour,
      accelerator: deployment.accelerator, utilization: prices.utilization, pue: priced.place.pue)
    nearest = base.errors.nearest(to: deployment, catalogue)
    nearestPoint = PredictionErrors.nearest(
      of: points, to: deployment, options.shapes.shape, catalogue
    ).map { PointResult($0, base) }
    var guesses = catalogue.accelerators[deployment.accelerator.name]?.guesses ?? []
    if catalogue.architectures[deployment.architecture.name]?.guesses.isEmpty == false {
      guesses.append("architecture")
    }
    self.guesses = guesses
    isPinned = options.observed != nil
  }

  /// Estimated where figures and prices have sources; else no better than their guesses.
  var evidence: String { priced.isGuess ? "assumed" : "estimated" }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv:
      Terminal.print("figure,low,estimate,high,unit")
      for (name, range, unit) in figures {
        Terminal.print(
          CSVText.line([name, "\(range.low)", "\(range.estimate)", "\(range.high)", unit]))
      }
    case .table, .md: lines.print(as: format)
    }
  }

  private var figures: [(String, Interval, String)] {
    [
      ("output_tokens_per_second", rate, "1/s"),
      ("requests_per_second", rate.times(1 / performance.shape.output), "1/s"),
      ("time_between_tokens", rate.inverse(performance.timePerTokenMean * rate.estimate), "s"),
      ("time_to_first_token", rate.inverse(performance.timeToFirstToken * rate.estimate), "s"),
      ("gpu_hour", priced.hour.total, "USD"),
      ("per_million_input_tokens", cost.perMillionInput, "USD"),
      ("per_million_output_tokens", cost.perMillionOutput, "USD"),
      ("per_request", cost.perRequest, "USD"),
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
      "\(Rate.text(rate.estimate)) output tokens/s, 90 % \(Rate.text(rate.low)) to "
        + "\(Rate.text(rate.high)) · \(Rate.text(performance.requestRate)) requests/s")
    add(
      "latency",
      "\(milliseconds(performance.timePerTokenMean)) between tokens · "
        + "\(milliseconds(performance.timeToFirstToken)) to the first, without waiting")
    add("batch", batchText)
    add("binds", "\(performance.regime.name): \(performance.regime.explanation)")
    add("time", timeText)
    if let nearest { add("nearest measured", Self.text(nearest)) }
    if let nearestPoint { add("nearest point", Self.text(nearestPoint)) }
    add("a GPU-hour", hourText)
    let perMillion = cost.perMillionInput
    add(
      "a million tokens",
      "\(Self.dollars(perMillion)) in · \(Self.dollars(cost.perMillionOutput)) out")
    add("a request", Self.dollars(cost.perRequest))
    add(
      "energy",
      String(format: "%.3g Wh a request, cooling included: ", cost.wattHoursPerRequest)
        + "\(Self.dollar(cost.wattHoursPerRequest / 1_000 * priced.place.electricity)) at "
        + "\(Self.dollar(priced.place.electricity)) a kWh"
        + (priced.hour.isRented ? ", in the rent" : ", in the hour"))
    add(
      "known",
      evidence + (isPinned ? ", pinned to what you measured" : "")
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
      case .memory: "as many as memory takes"
      case .demand: "as many as are asked for"
      case .latency: "as many as the latency limit takes"
      case .engine: "as many as engines take"
      }
    return "\(Text.grouped(Int(performance.batch))) at once a replica, \(reason)"
  }

  /// Parts of the time, by what it goes into.
  private var timeShares: [(key: String, label: String, share: Double)] {
    let time = performance.time
    return [
      ("weights", "weights", time.weights), ("kv", "KV", time.cache),
      ("compute", "compute", time.compute), ("communication", "communication", time.communication),
      ("host", "host", time.host),
    ].map { ($0.0, $0.1, $0.2 / time.total) }
  }

  private var timeText: String {
    timeShares.filter { $0.share >= 0.005 }
      .map { String(format: "%@ %.0f %%", $0.label, $0.share * 100) }.joined(separator: " · ")
      + String(format: "; prompts take %.0f %%", performance.prefillShare * 100)
  }

  private var hourText: String {
    let hour = priced.hour
    if hour.isRented { return "\(Self.dollars(hour.total)) rented: \(priced.origin)" }
    return "\(Self.dollars(hour.total)) owned: hardware \(Self.dollar(hour.hardware.estimate)), "
      + "electricity \(Self.dollar(hour.electricity)), place \(Self.dollar(hour.place)), "
      + "operations \(Self.dollar(hour.operations)) · \(priced.origin)"
  }

  static func text(_ record: PredictionErrors.Record) -> String {
    let points = record.points == 1 ? "1 point" : "\(record.points) points"
    return "\(points) of \(record.architecture) \(record.precision.name) on \(record.gpus) x "
      + "\(record.accelerator), \(record.stack) (\(record.month)): error \(Percent.text(record.medianError)), "
      + "at most \(Percent.text(record.greatestError))"
  }

  static func text(_ result: PointResult) -> String {
    let point = result.point
    let unit = point.kind == .firstToken ? "ms to the first token" : "tokens/s"
    return "\(point.id): \(point.deployment.title), \(Rate.text(point.shape.input)) in, "
      + "\(Rate.text(point.shape.output)) out, \(point.kind.name): "
      + "\(Rate.text(point.measured)) \(unit) measured, "
      + "\(Rate.text(result.predicted.estimate)) predicted "
      + String(format: "(%+.1f %%)", result.error * 100)
  }

  /// Three digits.
  static func dollar(_ value: Double) -> String {
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

  static func dollars(_ range: Interval) -> String {
    range.low == range.high
      ? dollar(range.estimate)
      : "\(dollar(range.estimate)) (\(dollar(range.low)) to \(dollar(range.high)))"
  }

  var json: JSONText {
    return .object(
      [
        ("schema", JSONText.string("solvent.fleet.estimate/v1")),
        ("model", .string(deployment.architecture.name)),
        ("gpu", .string(deployment.accelerator.name)), ("gpus", .number("\(deployment.gpus)")),
        ("tensor_parallel", .number("\(deployment.tensorParallel)")),
        ("experts_spread", .bool(deployment.spreadsExperts)),
        ("precision", .string(deployment.precision.name)),
        ("engine", .string(deployment.stack.name)),
        ("input_tokens", .number("\(performance.shape.input)")),
        ("output_tokens", .number("\(performance.shape.output)")),
        ("batch", .number("\(performance.batch)")),
        ("regime", .string(performance.regime.name)),
        ("prefill_share", .number("\(performance.prefillShare)")),
        ("time", .object(timeShares.map { ($0.key, .number("\($0.share)")) })),
        ("utilization", .number("\(cost.utilization)")),
        ("wh_per_request", .number("\(cost.wattHoursPerRequest)")),
        (
          "energy_usd_per_request",
          .number("\(cost.wattHoursPerRequest / 1_000 * priced.place.electricity)")
        ),
        ("price_origin", .string(priced.origin)), ("evidence", .string(evidence)),
        ("pinned", .bool(isPinned)), ("coefficients", .string(model.version)),
        ("guesses", .array(guesses.map(JSONText.string))),
      ] + figures.map { ($0.0, Self.json($0.1)) }
        + [
          (
            "nearest_point",
            nearestPoint.map { result in
              .object([
                ("id", .string(result.point.id)), ("measured", .number("\(result.point.measured)")),
                ("predicted", .number("\(result.predicted.estimate)")),
                ("error", .number("\(result.error)")),
              ])
            } ?? .null
          ),
          (
            "nearest_measured",
            nearest.map { record in
              .object([
                ("source", .string(record.source)), ("engine", .string(record.stack)),
                ("month", .string(record.month)), ("gpu", .string(record.accelerator)),
                ("gpus", .number("\(record.gpus)")), ("model", .string(record.architecture)),
                ("precision", .string(record.precision.name)),
                ("kind", .string(record.kind.name)), ("points", .number("\(record.points)")),
                ("median_error", .number("\(record.medianError)")),
                ("greatest_error", .number("\(record.greatestError)")),
              ])
            } ?? .null
          ),
        ])
  }

  static func json(_ range: Interval) -> JSONText {
    .object([
      ("low", .number("\(range.low)")), ("estimate", .number("\(range.estimate)")),
      ("high", .number("\(range.high)")),
    ])
  }
}
