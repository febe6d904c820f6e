// SPDX-License-Identifier: Apache-2.0

import CBOR

/// What a Codable type can hold.
private struct Everything: Codable, Equatable {
  var number: Int64?
  var wide: Int128?
  var ratio: Double?
  var text: String?
  var bytes: [UInt8]?
  var column: [UInt64]?
  var deltas: [Int64]?
  var flag: Bool?
  var many: [Everything]?
  var named: [String: Int]?

  enum CodingKeys: Int, CodingKey {
    case number = 1
    case wide, ratio, text, bytes, column, deltas, flag, many, named
  }
}

extension Fuzz {
  /// The decoder must not accept what the encoder would not have written.
  static let cbor = Target(name: "cbor", isCBOR: true) {
    let small = Everything(number: -7, ratio: 0.1, text: "text", flag: true)
    let large = Everything(
      wide: 1 << 80, bytes: [1, 2, 3], column: [1, 1 << 40], deltas: [-1, 300],
      many: [small, Everything()], named: ["a": 1, "bb": -2])
    return try [small, large].map { try CBOREncoder().encode($0) }
  } take: { bytes in
    let decoder = CBORDecoder()
    // Accepted means: it is exactly what encoding the value gives, unknown keys aside.
    if let value = try? decoder.decode(Everything.self, from: bytes) {
      guard let again = try? CBOREncoder().encode(value) else { finding("cannot be encoded") }
      guard let decoded = try? decoder.decode(Everything.self, from: again) else {
        finding("what was encoded is refused")
      }
      // NaN is not equal to itself; its bytes are.
      guard decoded == value || (try? CBOREncoder().encode(decoded)) == again else {
        finding("another value came back")
      }
    }
    if let column = try? decoder.decode([UInt64].self, from: bytes) {
      guard (try? CBOREncoder().encode(column)) == bytes else { finding("a loose column") }
    }
    if let text = try? decoder.decode(String.self, from: bytes) {
      guard (try? CBOREncoder().encode(text)) == bytes else { finding("a loose text") }
    }
    try? decoder.validate(bytes)
  }

  /// Decodes a message; what is taken must encode to bytes that are taken and encode to the same.
  static func decode<Message: Codable>(_ type: Message.Type, _ bytes: [UInt8]) -> Message? {
    guard let message = try? CBORDecoder().decode(type, from: bytes) else { return nil }
    guard let again = try? CBOREncoder().encode(message) else { finding("cannot be encoded") }
    guard let second = try? CBORDecoder().decode(type, from: again) else {
      finding("what was encoded is refused")
    }
    guard (try? CBOREncoder().encode(second)) == again else { finding("another came back") }
    return message
  }
}
