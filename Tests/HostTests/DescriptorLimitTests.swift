// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Host

@Suite("Limits of descriptors")
struct DescriptorLimitTests {
  @Test(
    "The soft limit is raised as far as it may be, to 65,536 at most, and never lowered",
    arguments: [
      // soft, hard, soft then
      (1_024, 1_048_576, 65_536), (1_024, 4_096, 4_096), (64, 64, 64), (256, 256, 256),
      (100_000, 1_048_576, 100_000), (1_024, Int.max, 65_536),
    ])
  func raised(_ soft: Int, _ hard: Int, _ then: Int) {
    #expect(
      DescriptorLimit(soft: soft, hard: hard).raised == DescriptorLimit(soft: then, hard: hard))
  }

  @Test func thisProcessHasTwoLimits() {
    let limit = DescriptorLimit()
    #expect(limit.soft > 0 && limit.hard >= limit.soft)
  }
}
