// SPDX-License-Identifier: Apache-2.0

import Documents
import Reporting
import Runway

/// A probability with its standard error of simulation.
struct ShareJSON: Encodable {
  var value: Double
  var standardError: Double
  /// With 95% confidence, where no path or every path is counted.
  var below: Double?
  var above: Double?

  init(_ share: Probability) {
    below = share.below
    above = share.above
    value = share.value
    standardError = share.standardError
  }
}

/// `solvent.scenario/v1`: by month, by parameter, with standard errors and origins.
struct ScenarioJSON: Encodable {
  struct MonthQuantile: Encodable {
    var probability: Double
    /// Absent: beyond the horizon.
    var month: Int?
    var low: Int?
    var high: Int?

    init(_ quantile: Quantile<Int?>) {
      probability = quantile.probability
      month = quantile.value
      low = quantile.low
      high = quantile.high
    }
  }

  struct CashQuantile: Encodable {
    var value: Double
    var low: Double
    var high: Double
  }

  struct Mean: Encodable {
    var value: Double
    var standardError: Double
  }

  struct Month: Encodable {
    var month: Int
    var ruin: ShareJSON
    var breakEven: ShareJSON
    var cash: [String: CashQuantile]
    var meanCash: Mean
  }

  struct Driver: Encodable {
    var parameter: String
    var symbol: String
    var distribution: String
    var source: String
    var date: String
    var evidence: String
    /// Absent where no path or every path is ruined.
    var firstOrder: Double?
    var standardError: Double?
    var ruinLow: ShareJSON
    var ruinHigh: ShareJSON
  }

  var scenario: String
  var currency: String
  var start: String
  var paths: UInt64
  var seed: UInt64
  var horizon: Int
  var stepsPerMonth: Int
  var fingerprint: String
  var runway: [MonthQuantile]
  var breakEven: [MonthQuantile]
  var months: [Month]
  var drivers: [Driver]

  init(_ report: ScenarioReport) {
    let (file, summary) = (report.file, report.summary)
    scenario = file.scenario.name
    currency = file.currency
    start = file.start
    paths = summary.paths
    seed = file.scenario.seed
    horizon = summary.months
    stepsPerMonth = summary.stepsPerMonth
    fingerprint = String(summary.counts.cashFingerprint, radix: 16)
    runway = ScenarioReport.probabilities.map { MonthQuantile(summary.runway($0)) }
    breakEven = ScenarioReport.probabilities.map { MonthQuantile(summary.breakEven($0)) }
    months = (1...summary.months).map { Self.month($0, summary) }
    drivers = summary.drivers.map { driver in
      let origin = file.provenance[driver.parameter.name] ?? Provenance()
      return Driver(
        parameter: driver.parameter.name, symbol: driver.parameter.symbol,
        distribution: "\(file.scenario[driver.parameter])", source: origin.source,
        date: origin.date, evidence: origin.evidence,
        firstOrder: report.isOpen ? driver.index : nil,
        standardError: report.isOpen ? driver.indexError : nil, ruinLow: ShareJSON(driver.low),
        ruinHigh: ShareJSON(driver.high))
    }
  }

  private static func month(_ month: Int, _ summary: RunwaySummary) -> Month {
    let mean = summary.meanCash(at: month)
    let quantiles = ScenarioReport.cashProbabilities.map { probability in
      let cash = summary.cash(at: month, probability)
      return (
        "p\(Int((probability * 100).rounded()))",
        CashQuantile(value: cash.value, low: cash.low, high: cash.high)
      )
    }
    return Month(
      month: month, ruin: ShareJSON(summary.ruin(by: month)),
      breakEven: ShareJSON(summary.breakEven(by: month)),
      cash: Dictionary(quantiles, uniquingKeysWith: { $1 }),
      meanCash: Mean(value: mean.value, standardError: mean.standardError))
  }
}
