// SPDX-License-Identifier: Apache-2.0

import Determinism

/// What monthly figures say about growth, put together with what was believed before.
///
/// Log changes of successive months are taken as draws of a normal distribution; their mean m has the
/// standard error s / sqrt(n). With a normal belief (mean b, deviation d) the result is normal again, each
/// side weighted by its precision (A. Gelman et al., "Bayesian Data Analysis", 3rd ed., 2013, section
/// 2.5):
///
///     mean = (b / d^2 + m n / s^2) / (1 / d^2 + n / s^2)      deviation = 1 / sqrt(1 / d^2 + n / s^2)
public struct DriftForecast: Hashable, Sendable {
  /// Nothing is believed of the direction: 90% between shrinking and growing by 8% per month.
  public static let noDirection = Distribution.normal(p5: -0.08, p95: 0.08)
  /// Fewer changes than that say nothing about their own spread.
  public static let changesMin = 5

  /// Log change per month, and how far it may be off.
  public let mean: Double
  /// The standard deviation of ``mean``.
  public let deviation: Double
  /// Standard deviation of the log changes themselves.
  public let spread: Double
  /// The number of changes that the figures gave.
  public let changes: Int

  /// - Parameters:
  ///   - figures: a value for some months, numbered; a gap of k months counts as k equal changes observed
  ///     once.
  ///   - belief: what was believed before: a normal distribution.
  /// - Returns: `nil` for too few figures, or another kind of belief.
  public init?(figures: [(month: Int, value: Double)], belief: Distribution) {
    guard case .normal(let p5, let p95) = belief else { return nil }
    let sorted = figures.filter { $0.value > 0 }.sorted { $0.month < $1.month }
    let steps = zip(sorted, sorted.dropFirst()).compactMap { a, b -> Double? in
      guard b.month > a.month else { return nil }
      return PortableMath.log(b.value / a.value) / Double(b.month - a.month)
    }
    guard steps.count >= Self.changesMin else { return nil }
    let n = Double(steps.count)
    let average = steps.reduce(0, +) / n
    let variance = steps.reduce(0) { $0 + ($1 - average) * ($1 - average) } / (n - 1)
    let prior = (p95 - p5) / (2 * PortableMath.z95)
    let priorPrecision = 1 / (prior * prior)
    let dataPrecision = n / max(variance, 1e-8)
    mean =
      ((p5 + p95) / 2 * priorPrecision + average * dataPrecision)
      / (priorPrecision + dataPrecision)
    deviation = 1 / (priorPrecision + dataPrecision).squareRoot()
    spread = variance.squareRoot()
    changes = steps.count
  }

  /// As a scenario takes it.
  public var distribution: Distribution {
    .normal(p5: mean - PortableMath.z95 * deviation, p95: mean + PortableMath.z95 * deviation)
  }
}
