// SPDX-License-Identifier: Apache-2.0

/// One run of a program: 128 bits that it draws at its start and tells the broker alone. What belongs to
/// a peer belongs to its instance, so that it finds it again after it lost its connection.
public struct Instance: Hashable, Sendable, Codable {
  private let low: UInt64
  private let high: UInt64

  /// An instance that no other run has.
  public static func random() -> Instance {
    Instance(low: .random(in: .min ... .max), high: .random(in: .min ... .max))
  }

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// - Throws: `DecodingError` for anything but 16 bytes.
  public init(from decoder: any Decoder) throws {
    let bytes = try decoder.singleValueContainer().decode([UInt8].self)
    guard bytes.count == 16 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "an instance is 16 bytes"))
    }
    func word(_ offset: Int) -> UInt64 {
      bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    low = word(0)
    high = word(8)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    let bytes = [low, high].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
    }
    try container.encode(bytes)
  }

  /// The epoch under which workers know the jobs that this instance calls `epoch`.
  ///
  /// Nobody else can name them: this is SipHash-2-4 of the epoch with the instance as key, a
  /// pseudorandom function (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, section 2),
  /// so that workers, who see its values, learn neither the key nor another value.
  func namespaced(_ epoch: UInt64) -> UInt64 {
    var v0 = low ^ 0x736f_6d65_7073_6575
    var v1 = high ^ 0x646f_7261_6e64_6f6d
    var v2 = low ^ 0x6c79_6765_6e65_7261
    var v3 = high ^ 0x7465_6462_7974_6573
    func turned(_ word: UInt64, _ bits: UInt64) -> UInt64 { word << bits | word >> (64 - bits) }
    func round() {
      v0 = v0 &+ v1
      v1 = turned(v1, 13) ^ v0
      v0 = turned(v0, 32)
      v2 = v2 &+ v3
      v3 = turned(v3, 16) ^ v2
      v0 = v0 &+ v3
      v3 = turned(v3, 21) ^ v0
      v2 = v2 &+ v1
      v1 = turned(v1, 17) ^ v2
      v2 = turned(v2, 32)
    }
    // The message is the eight bytes of the epoch; the last block holds its length alone.
    for block in [epoch, 8 << 56] {
      v3 ^= block
      round()
      round()
      v0 ^= block
    }
    v2 ^= 0xff
    for _ in 0..<4 { round() }
    return v0 ^ v1 ^ v2 ^ v3
  }
}
