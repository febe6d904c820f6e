// SPDX-License-Identifier: Apache-2.0

import Host
import Testing

@Suite("Release numbers")
struct ReleaseNumberTests {
  @Test(arguments: [
    // older, newer
    ("4.3.4", "4.3.10"), ("4.3.4", "4.4"), ("4.3", "4.3.1"), ("0.9.12", "0.10.0"),
  ])
  func partsAreComparedAsNumbers(older: String, newer: String) {
    #expect(ReleaseNumber(older) < ReleaseNumber(newer))
    #expect(!(ReleaseNumber(newer) < ReleaseNumber(older)))
  }
}
