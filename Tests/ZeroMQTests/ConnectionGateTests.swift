// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ZeroMQ

@Suite("Connections")
struct ConnectionGateTests {
  @Test(
    "Some descriptors are kept",
    arguments: [
      // descriptors of the process, the first number that a connection's may not have
      (64, 48), (255, 192), (256, 192), (1_024, 960), (4_096, 4_032), (65_536, 16_384),
      (Int.max, 16_384), (0, 0),
    ])
  func numbers(_ descriptors: Int, _ number: Int) {
    #expect(ConnectionGate.number(descriptors) == number)
  }

  /// Flooding is tested with real processes; this says that libzmq's calls get there.
  @Test func libzmqPassesThroughTheGate() {
    #expect(ConnectionGate.isInPlace)
  }
}
