// SPDX-License-Identifier: Apache-2.0

import Fleet

/// A 90% range around an estimate.
struct RangeJSON: Encodable {
  var low: Double
  var estimate: Double
  var high: Double

  init(_ range: Interval) {
    low = range.low
    estimate = range.estimate
    high = range.high
  }
}

/// `solvent.fleet.estimate/v1`
struct EstimateJSON: Encodable {
  struct NearestPoint: Encodable {
    var id: String
    var measured: Double
    var predicted: Double
    var error: Double
  }

  struct NearestMeasured: Encodable {
    var source: String
    var engine: String
    var month: String
    var gpu: String
    var gpus: Int
    var model: String
    var precision: String
    var kind: String
    var points: Int
    var medianError: Double
    var greatestError: Double
  }

  var model: String
  var gpu: String
  var gpus: Int
  var tensorParallel: Int
  var expertsSpread: Bool
  var precision: String
  var engine: String
  var inputTokens: Double
  var outputTokens: Double
  var batch: Double
  var regime: String
  var prefillShare: Double
  var time: [String: Double]
  var utilization: Double
  var whPerRequest: Double
  var currency: String
  var energyCostPerRequest: Double
  var priceOrigin: String
  var evidence: String
  var pinned: Bool
  var coefficients: String
  var guesses: [String]
  var outputTokensPerSecond: RangeJSON
  var requestsPerSecond: RangeJSON
  var timeBetweenTokens: RangeJSON
  var timeToFirstToken: RangeJSON
  var costPerGpuHour: RangeJSON
  var costPerMillionInputTokens: RangeJSON
  var costPerMillionOutputTokens: RangeJSON
  var costPerRequest: RangeJSON
  var nearestPoint: NearestPoint?
  var nearestMeasured: NearestMeasured?

  init(_ estimate: FleetEstimate) {
    let deployment = estimate.deployment
    let performance = estimate.performance
    let rate = estimate.rate
    model = deployment.architecture.name
    gpu = deployment.accelerator.name
    gpus = deployment.gpus
    tensorParallel = deployment.tensorParallel
    expertsSpread = deployment.spreadsExperts
    precision = deployment.precision.name
    engine = deployment.stack.name
    inputTokens = performance.shape.input
    outputTokens = performance.shape.output
    batch = performance.batch
    regime = performance.regime.name
    prefillShare = performance.prefillShare
    time = Dictionary(
      estimate.timeShares.map { ($0.key, $0.share) }, uniquingKeysWith: { $1 })
    utilization = estimate.cost.utilization
    whPerRequest = estimate.cost.wattHoursPerRequest
    currency = FleetEstimate.currency
    energyCostPerRequest = estimate.energyCostPerRequest
    priceOrigin = estimate.priced.origin
    evidence = estimate.evidence
    pinned = estimate.isPinned
    coefficients = estimate.model.version
    guesses = estimate.guesses
    outputTokensPerSecond = RangeJSON(rate)
    requestsPerSecond = RangeJSON(rate.times(1 / performance.shape.output))
    timeBetweenTokens = RangeJSON(
      rate.inverse(performance.timePerTokenMean * rate.estimate))
    timeToFirstToken = RangeJSON(rate.inverse(performance.timeToFirstToken * rate.estimate))
    costPerGpuHour = RangeJSON(estimate.priced.hour.total)
    costPerMillionInputTokens = RangeJSON(estimate.cost.perMillionInput)
    costPerMillionOutputTokens = RangeJSON(estimate.cost.perMillionOutput)
    costPerRequest = RangeJSON(estimate.cost.perRequest)
    nearestPoint = estimate.nearestPoint.map {
      NearestPoint(
        id: $0.point.id, measured: $0.point.measured, predicted: $0.predicted.estimate,
        error: $0.error)
    }
    nearestMeasured = estimate.nearest.map {
      NearestMeasured(
        source: $0.source, engine: $0.stack, month: $0.month, gpu: $0.accelerator, gpus: $0.gpus,
        model: $0.architecture, precision: $0.precision.name, kind: $0.kind.name,
        points: $0.points, medianError: $0.medianError, greatestError: $0.greatestError)
    }
  }
}
