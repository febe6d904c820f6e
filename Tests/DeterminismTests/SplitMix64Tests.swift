// SPDX-License-Identifier: Apache-2.0

import Determinism
import Testing

@Suite("Numbers from a seed")
struct SplitMix64Tests {
  @Test(
    "The reference's numbers",
    arguments: [
      // seed, first numbers (S. Vigna's splitmix64.c)
      (
        1_234_567,
        [
          6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
          4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
      ),
      (0, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]),
    ] as [(UInt64, [UInt64])])
  func vectors(_ seed: UInt64, _ numbers: [UInt64]) {
    var random = SplitMix64(seed: seed)
    #expect(numbers.map { _ in random.next() } == numbers)
  }

  @Test("A bound is kept, and reached", arguments: [1, 2, 3, 10, 1_000, 1 << 40, .max] as [UInt64])
  func bounds(_ bound: UInt64) {
    var random = SplitMix64(seed: 3)
    var greatest: UInt64 = 0
    var least = UInt64.max
    for _ in 0..<20_000 {
      let number = random.below(bound)
      #expect(number < bound)
      greatest = max(greatest, number)
      least = min(least, number)
    }
    // Of 20,000 numbers some lie in the first and in the last thousandth.
    #expect(Double(least) <= Double(bound) / 1_000)
    #expect(Double(greatest) >= Double(bound - 1) * 0.999)
  }

  @Test func nothingIsBelowNothing() {
    var random = SplitMix64(seed: 3)
    #expect(random.below(0) == 0)
  }

  @Test("Every number comes as often as the others", arguments: [2, 6, 10] as [UInt64])
  func evenness(_ bound: UInt64) {
    var random = SplitMix64(seed: 11)
    var counts = [Int](repeating: 0, count: Int(bound))
    let draws = 60_000
    for _ in 0..<draws { counts[Int(random.below(bound))] += 1 }
    let expected = Double(draws) / Double(bound)
    let chiSquare = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) }
    // 9 degrees of freedom exceed 27.9 once in a thousand; the seed is fixed.
    #expect(chiSquare / expected < 27.9)
  }

  @Test func seedsThatAreNearGiveNumbersThatAreNot() {
    var bits = 0
    for seed in 0..<200 as Range<UInt64> {
      var (a, b) = (SplitMix64(seed: seed), SplitMix64(seed: seed + 1))
      bits += (a.next() ^ b.next()).nonzeroBitCount
    }
    #expect((31.0...33.0).contains(Double(bits) / 200))
  }
}
