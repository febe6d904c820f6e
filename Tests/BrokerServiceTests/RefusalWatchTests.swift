// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import BrokerService

@Suite("Refused connections")
struct RefusalWatchTests {
  @Test(
    "One line a second while connections are refused, one when there is room",
    arguments: [
      // refused in all at each look, what is noted at each
      ([0, 0], [nil, nil]),
      ([5, 9, 9, 9, 9, 9], [.refused(5), .refused(4), nil, nil, .room(9), nil]),
      ([5, 5, 5, 7, 7, 7, 7], [.refused(5), nil, nil, .refused(2), nil, nil, .room(7)]),
      (
        [1, 1, 1, 1, 3, 3, 3, 3],
        [.refused(1), nil, nil, .room(1), .refused(2), nil, nil, .room(2)]
      ),
    ] as [([UInt64], [RefusalWatch.Note?])])
  func notes(_ counts: [UInt64], _ notes: [RefusalWatch.Note?]) {
    var watch = RefusalWatch()
    #expect(counts.map { watch.look($0) } == notes)
  }
}
