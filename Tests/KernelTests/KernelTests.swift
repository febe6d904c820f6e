// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

#if HAS_X86_64_V3
  @testable import SimulationKernelV3
#else
  @testable import SimulationKernel
#endif

#if HAS_X86_64_V3
  private let runsHere =
    (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.contains("avx2") ?? false
#else
  private let runsHere = true
#endif

@Suite("Kernel", .enabled(if: runsHere, "this processor has no AVX2"))
struct KernelTests {
  @Test(
    "Philox4x32-10",
    arguments: [
      // Random123's kat_vectors: counter, key, words
      ([0, 0, 0, 0], [0, 0], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
      (
        [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0],
        [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
      ),
    ] as [([UInt64], [UInt64], [UInt32])])
  func philox(_ counter: [UInt64], _ key: [UInt64], _ words: [UInt32]) {
    let made = Philox.words(
      key[0] | key[1] << 32, counter[0] | counter[1] << 32, UInt32(counter[2]), UInt32(counter[3]))
    #expect([made.0[0], made.1[0], made.2[0], made.3[0]] == words)
  }

  @Test func elementaryFunctionsAreAccurate() {
    // Against the system's, in units of float's last place.
    func worst(
      _ range: ClosedRange<Float>, _ ours: (Vector) -> Vector, _ theirs: (Double) -> Double
    )
      -> Double
    {
      var worst = 0.0
      for step in 0..<20_000 {
        let x = range.lowerBound + (range.upperBound - range.lowerBound) * Float(step) / 20_000
        let (a, b) = (Double(ours(Vector(repeating: x))[3]), theirs(Double(x)))
        worst = max(worst, abs(a - b) / Double(Float(b).ulp))
      }
      return worst
    }
    #expect(worst(-40...40, VectorMath.exp, Foundation.exp) < 3)
    #expect(worst(1e-6...1, VectorMath.log, Foundation.log) < 3)
    #expect(worst(1e-3...80, VectorMath.squareRoot, { $0.squareRoot() }) < 3)
    for step in 0..<4_096 as Range<UInt32> {
      let word = step &* 1_048_583
      let turn = VectorMath.sineCosine(turn: Words(repeating: word))
      let angle = Double(word) / 4_294_967_296 * 2 * .pi
      #expect(abs(Double(turn.sine[0]) - sin(angle)) < 3e-7)
      #expect(abs(Double(turn.cosine[5]) - cos(angle)) < 3e-7)
    }
  }

  /// Steps of normal numbers add up to Brownian motion with drift, whose first passage is known.
  ///
  /// P(passage by T) = N((-x - m T) / (s sqrt T)) + exp(-2 m x / s^2) N((-x + m T) / (s sqrt T)),
  /// with x moved out by 0.5826 s sqrt(dt) because it is watched at steps only (M. Broadie,
  /// P. Glasserman and S. Kou, Mathematical Finance 7 (4), 1997).
  @Test func firstPassageOfBrownianMotion() {
    let (start, drift, deviation, steps) = (8.0, -0.02, 1.0, 64)
    var passed = 0
    let paths = 40_000
    for path in stride(from: 0, to: paths, by: 8) {
      var level = Vector(repeating: Float(start))
      var hasPassed = Mask(repeating: false)
      for step in 1...steps {
        let words = Philox.words(11, UInt64(path), UInt32(step), 0)
        let (normal, _) = VectorMath.normals(words.0, words.1)
        let move = normal * Float(deviation) + Float(drift)
        level = level + move
        hasPassed = VectorMath.either(hasPassed, level .< Vector(repeating: 0))
      }
      for lane in 0..<8 where hasPassed[lane] { passed += 1 }
    }
    func normalCDF(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
    let (x, time) = (start + 0.5826 * deviation, Double(steps))
    let root = deviation * time.squareRoot()
    let expected =
      normalCDF((-x - drift * time) / root)
      + exp(-2 * drift * x / (deviation * deviation)) * normalCDF((-x + drift * time) / root)
    let share = Double(passed) / Double(paths)
    let error = (expected * (1 - expected) / Double(paths)).squareRoot()
    #expect(abs(share - expected) < 4 * error, "\(share) \(expected) ± \(error)")
  }
}
