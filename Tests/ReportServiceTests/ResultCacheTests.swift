// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ReportService

@Suite("Known results")
struct ResultCacheTests {
  @Test func whatWasAskedForLeastLatelyGoesFirst() {
    var cache = ResultCache<String>(bytesMax: 100)
    for (key, name) in [([1], "a"), ([2], "b"), ([3], "c"), ([4], "d")] as [([UInt8], String)] {
      cache.keep(name, bytes: 25, for: key)
    }
    #expect(cache.bytes == 100 && cache.count == 4)
    #expect(cache.answer([1]) == "a")
    cache.keep("e", bytes: 25, for: [5])
    // The second was asked for least lately.
    #expect(cache.answer([2]) == nil && cache.answer([1]) == "a" && cache.answer([5]) == "e")
    #expect(cache.bytes == 100)
  }

  @Test func whatIsTooLargeIsNotKept() {
    var cache = ResultCache<String>(bytesMax: 100)
    cache.keep("large", bytes: 26, for: [1])
    #expect(cache.answer([1]) == nil && cache.bytes == 0)
  }

  @Test func theSameAnswerIsKeptOnce() {
    var cache = ResultCache<String>(bytesMax: 100)
    cache.keep("a", bytes: 20, for: [1])
    cache.keep("a", bytes: 20, for: [1])
    #expect(cache.bytes == 20)
  }
}
