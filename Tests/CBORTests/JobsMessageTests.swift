// SPDX-License-Identifier: Apache-2.0

import CBOR
import ClusterAPI
import Testing

@Suite("Requests about batches that could not be booked")
struct JobsMessageTests {
  @Test(
    "A request is what its key says",
    arguments: [
      (.list, "a101f5"), (.show(7), "a10207"), (.replay([7, 8]), "a103d840420708"),
      (.replay([]), "a103d84040"), (.discard([7]), "a104d8404107"),
    ] as [(JobsRequest, String)])
  func requests(_ request: JobsRequest, _ hex: String) throws {
    #expect(CBORTests.hex(try CBOREncoder().encode(request)) == hex)
    #expect(try CBORDecoder().decode(JobsRequest.self, from: CBORTests.bytes(hex)) == request)
  }

  /// To replay none is to replay all; what is discarded is gone from every sum.
  @Test func aDiscardNamesItsBatches() {
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decode(JobsRequest.self, from: CBORTests.bytes("a104d84040"))
    }
  }
}
