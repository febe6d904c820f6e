// SPDX-License-Identifier: Apache-2.0

import Runway
import Testing

@Suite("Forecast of growth")
struct DriftForecastTests {
  static let belief = Distribution.normal(p5: 0.005, p95: 0.08)

  @Test func beliefAndFiguresAreWeighedByTheirPrecision() throws {
    // Growth of exactly 2% a month, but for noise that is known.
    var value = 1_000.0
    let noise = [0.01, -0.01, 0.02, -0.02, 0.01, -0.01, 0.02, -0.02]
    var figures = [(month: 0, value: value)]
    for (month, deviation) in noise.enumerated() {
      value *= 1.0202013400267558 * (1 + deviation)
      figures.append((month + 1, value))
    }
    let forecast = try #require(DriftForecast(figures: figures, belief: Self.belief))
    // By hand: m = 0.019875, s^2 = 2.857e-4 over 8 changes; belief 0.0425 with 0.022798.
    #expect(forecast.changes == 8)
    #expect(abs(forecast.mean - 0.02133) < 1e-5, "\(forecast)")
    #expect(abs(forecast.deviation - 0.005782) < 1e-5, "\(forecast)")
    #expect(abs(forecast.spread - 0.016903) < 1e-5, "\(forecast)")
  }

  @Test func fewFiguresSayNothing() {
    let figures = (0..<5).map { (month: $0, value: 100.0) }
    #expect(DriftForecast(figures: figures, belief: Self.belief) == nil)
    #expect(DriftForecast(figures: [], belief: .fixed(0)) == nil)
  }

  @Test func gapsCountOnce() throws {
    let figures = [0, 1, 2, 6, 7, 8].map { (month: $0, value: 100 * (1.0 + 0.01 * Double($0))) }
    #expect(try #require(DriftForecast(figures: figures, belief: Self.belief)).changes == 5)
  }
}
