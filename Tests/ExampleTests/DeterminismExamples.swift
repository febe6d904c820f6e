// SPDX-License-Identifier: Apache-2.0

import Determinism
import Testing

/// The examples in the doc comments of Determinism, compiled and run.
@Suite("Determinism examples")
struct DeterminismExamples {
  @Test func numbersAreTheSameEverywhere() {
    var random = SplitMix64(seed: 1)
    let die = 1 + random.below(6)
    let root = PortableMath.power(2, 0.5)  // the same bits everywhere
    #expect(die == 4 && abs(root * root - 2) < 1e-15)
  }
}
