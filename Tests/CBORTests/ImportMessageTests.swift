// SPDX-License-Identifier: Apache-2.0

import CBOR
import Testing

@testable import Usage

@Suite("Requests of imports")
struct ImportMessageTests {
  static func change(_ change: (inout ReadingOptions) -> Void) -> ReadingOptions {
    var options = ReadingOptions()
    change(&options)
    return options
  }

  static let long = String(repeating: "x", count: 1_025)

  /// A batch of no rows would have stopped the service.
  @Test(
    "Options that a reader cannot work with are refused",
    arguments: [
      // options, are valid
      (change { _ in }, true), (change { $0.batchRows = 1 }, true),
      (change { $0.batchRows = 65_536 }, true), (change { $0.batchRows = 0 }, false),
      (change { $0.batchRows = -1 }, false), (change { $0.batchRows = 65_537 }, false),
      (change { $0.batchRows = .max }, false),
      (change { $0.source = String(long.dropLast()) }, true), (change { $0.source = long }, false),
      (change { $0.mappingName = long }, false), (change { $0.mappingFile = long }, true),
      (change { $0.constants = ["product": "chat"] }, true),
      (change { $0.constants = ["product": long] }, false),
      (change { $0.constants = [long: "chat"] }, false),
      (
        change {
          $0.constants = Dictionary(uniqueKeysWithValues: (0..<65).map { ("\($0)", "") })
        }, false
      ),
      (
        change { $0.pricesText = String(repeating: "x", count: ReadingOptions.textBytesMax + 1) },
        false
      ),
    ])
  func options(_ options: ReadingOptions, _ isValid: Bool) throws {
    let bytes = try CBOREncoder().encode(options)
    if isValid {
      #expect(try CBORDecoder().decode(ReadingOptions.self, from: bytes) == options)
    } else {
      #expect(throws: DecodingError.self) {
        try CBORDecoder().decode(ReadingOptions.self, from: bytes)
      }
    }
  }
}
