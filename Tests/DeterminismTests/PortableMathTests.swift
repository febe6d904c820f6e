// SPDX-License-Identifier: Apache-2.0

import Determinism
import Foundation
import Testing

/// The portable functions beside those of the system, by seed.
@Suite("Portable mathematics")
struct PortableMathTests {
  static func isNear(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
    a == b || abs(a - b) <= tolerance * max(abs(a), abs(b))
  }

  static func uniform(_ random: inout SplitMix64, _ low: Double, _ high: Double) -> Double {
    low + (high - low) * Double(random.next() >> 11) * 0x1p-53
  }

  @Test("Exponentials", arguments: 0..<20 as Range<UInt64>)
  func exponentials(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for width in [1e-9, 1e-3, 1, 20, 699] {
      for _ in 0..<50 {
        let x = Self.uniform(&random, -width, width)
        #expect(Self.isNear(PortableMath.exp(x), Foundation.exp(x)), "seed \(seed): e^\(x)")
      }
    }
  }

  @Test("Logarithms", arguments: 0..<20 as Range<UInt64>)
  func logarithms(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for width in [1e-9, 1e-3, 1, 40, 700] {
      for _ in 0..<50 {
        let x = Foundation.exp(Self.uniform(&random, -width, width))
        #expect(Self.isNear(PortableMath.log(x), Foundation.log(x)), "seed \(seed): ln \(x)")
      }
    }
  }

  @Test("Powers", arguments: 0..<20 as Range<UInt64>)
  func powers(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let base = Foundation.exp(Self.uniform(&random, -20, 20))
      let exponent = Self.uniform(&random, -20, 20)
      #expect(
        Self.isNear(PortableMath.power(base, exponent), Foundation.pow(base, exponent)),
        "seed \(seed): \(base)^\(exponent)")
    }
  }

  @Test(
    "Borders",
    arguments: [
      // computed, exact
      (PortableMath.exp(0), 1), (PortableMath.exp(-.infinity), 0), (PortableMath.exp(-700), 0),
      (PortableMath.exp(-1e300), 0), (PortableMath.exp(700), .infinity),
      (PortableMath.exp(.infinity), .infinity), (PortableMath.exp(1), 2.718_281_828_459_045),
      (PortableMath.log(1), 0), (PortableMath.log(2), 0.693_147_180_559_945_3),
      (PortableMath.log(0.5), -0.693_147_180_559_945_3),
      (PortableMath.log(.leastNonzeroMagnitude), -744.440_071_921_381_2),
      (PortableMath.log(.greatestFiniteMagnitude), 709.782_712_893_384),
      (PortableMath.log(2.0.squareRoot()), 0.346_573_590_279_972_65),
      (PortableMath.power(0, 2.5), 0), (PortableMath.power(7, 0), 1),
      (PortableMath.power(2, 10), 1_024), (PortableMath.power(2, -1), 0.5),
      (PortableMath.power(1, 1e300), 1),
    ] as [(Double, Double)])
  func borders(_ computed: Double, _ exact: Double) {
    #expect(Self.isNear(computed, exact))
  }

  @Test("They rise where the functions do", arguments: 0..<10 as Range<UInt64>)
  func monotony(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let x = Self.uniform(&random, -30, 30)
      let step = 1e-9 * max(1, abs(x))
      #expect(PortableMath.exp(x) < PortableMath.exp(x + step), "seed \(seed): \(x)")
      let y = Foundation.exp(x)
      #expect(PortableMath.log(y) < PortableMath.log(y * (1 + 1e-9)), "seed \(seed): \(y)")
    }
  }

  @Test("The logarithm is the inverse of the exponential", arguments: 0..<10 as Range<UInt64>)
  func inverse(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      let x = Self.uniform(&random, -600, 600)
      let back = PortableMath.log(PortableMath.exp(x))
      #expect(abs(back - x) <= 1e-12 * max(1, abs(x)), "seed \(seed): \(x)")
    }
  }

  @Test("The normal distribution", arguments: 0..<20 as Range<UInt64>)
  func normal(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<100 {
      let z = Self.uniform(&random, -7, 7)
      let exact = 0.5 * erfc(-z / 2.0.squareRoot())
      #expect(abs(PortableMath.normalCDF(z) - exact) <= 1e-14, "seed \(seed): \(z)")
      let mirrored = PortableMath.normalCDF(z) + PortableMath.normalCDF(-z)
      #expect(abs(mirrored - 1) <= 1e-14, "seed \(seed): \(z)")
    }
  }

  @Test(
    "Quantiles (Abramowitz and Stegun, table 26.5 and beyond)",
    arguments: [
      // probability, z
      (0.5, 0), (0.95, PortableMath.z95), (0.05, -PortableMath.z95),
      (0.975, 1.959_963_984_540_054), (0.995, 2.575_829_303_548_900_4),
      (0.999, 3.090_232_306_167_813_5), (0.841_344_746_068_542_9, 1),
      (0.1, -1.281_551_565_544_600_4), (0.25, -0.674_489_750_196_081_7),
    ] as [(Double, Double)])
  func quantiles(_ probability: Double, _ z: Double) {
    #expect(abs(PortableMath.normalQuantile(probability) - z) <= 1e-12)
  }

  @Test func quantilesStayWithinSevenDeviations() {
    #expect(PortableMath.normalQuantile(0) == -7)
    #expect(abs(PortableMath.normalQuantile(1) - 7) < 1e-9)
    let steps = (1..<1_000).map { PortableMath.normalQuantile(Double($0) / 1_000) }
    #expect(steps == steps.sorted() && Set(steps).count == steps.count)
  }
}
