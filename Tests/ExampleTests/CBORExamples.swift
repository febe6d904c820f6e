// SPDX-License-Identifier: Apache-2.0

import CBOR
import Testing

/// The examples in the doc comments of CBOR, compiled and run.
@Suite("CBOR examples")
struct CBORExamples {
  @Test func aValueIsEncoded() throws {
    struct Point: Codable {
      var x: Int
      var y: Int
      enum CodingKeys: Int, CodingKey {
        case x = 1
        case y
      }
    }
    let bytes = try CBOREncoder().encode(Point(x: 3, y: -1))  // A2 01 03 02 20
    #expect(bytes == [0xA2, 1, 3, 2, 0x20])
  }

  @Test func aValueIsDecoded() throws {
    let bytes = try CBOREncoder().encode(["gpt-4": 1_000, "gpt-4o": 200])
    let tokens = try CBORDecoder().decode([String: Int].self, from: bytes)
    #expect(tokens == ["gpt-4": 1_000, "gpt-4o": 200])
  }
}
