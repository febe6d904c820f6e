// SPDX-License-Identifier: Apache-2.0

/// Puts another number in the place of one of a CBOR item: one at which arithmetic breaks. Bits that change
/// at random hardly ever make a shortest form of 2^63 - 1.
struct NumberMutator {
  private var state: UInt64

  init(_ seed: UInt32) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  private static let integers: [UInt64] = [
    0, 1, 2, 3, 23, 24, 255, 256, 899_999, 900_000, 65_535, 65_536, 1 << 31, 1 << 32,
    UInt64(UInt32.max), 1 << 40, 1 << 48, 1 << 53, 1 << 56, 1 << 61, 1 << 62, (1 << 62) - 1,
    (1 << 63) - 1, 1 << 63, .max, 8_063_999, 8_064_000, 7_258_118_400_000, 2_208_988_800_000,
    1_000_000_000_000, 1_000_000_000_000_000,
  ]
  private static let floats: [Double] = [
    0, -0.0, 1, -1, 0.5, 1e-300, 1e15, 1e16, 1e300, -1e300, .infinity, -.infinity, .nan,
    .leastNonzeroMagnitude,
    9.3e18, 1e9, 1e-9, 16, 8, 4, 2_048,
  ]

  private mutating func random(below limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(truncatingIfNeeded: state % UInt64(limit))
  }

  /// `nil` for bytes without numbers, or that are no items.
  func changed(_ bytes: [UInt8]) -> [UInt8]? {
    var copy = self
    return copy.change(bytes)
  }

  private mutating func change(_ bytes: [UInt8]) -> [UInt8]? {
    let places = Self.numbers(bytes)
    guard !places.isEmpty else { return nil }
    var result = bytes
    for _ in 0...random(below: 2) {
      // One after the other would have moved: only the last of several changes its length.
      let place = places[random(below: places.count)]
      guard result.count == bytes.count else { break }
      result.replaceSubrange(place, with: number(like: bytes[place.lowerBound]))
    }
    return result
  }

  private mutating func number(like first: UInt8) -> [UInt8] {
    if first >> 5 == 7 {
      let value = Self.floats[random(below: Self.floats.count)]
      return Self.shortest(value)
    }
    let major = random(below: 3) == 0 ? (first ^ 0x20) & 0xE0 : first & 0xE0
    return Self.head(major, Self.integers[random(below: Self.integers.count)])
  }

  static func head(_ major: UInt8, _ value: UInt64) -> [UInt8] {
    let width = value < 24 ? 0 : value < 256 ? 1 : value < 65_536 ? 2 : value < 1 << 32 ? 4 : 8
    guard width > 0 else { return [major | UInt8(value)] }
    let information: UInt8 = width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27
    return [major | information]
      + (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  private static func shortest(_ value: Double) -> [UInt8] {
    if value.isNaN { return [0xF9, 0x7E, 0] }
    let half = Float16(value)
    func bytes(_ first: UInt8, _ pattern: UInt64, _ width: Int) -> [UInt8] {
      [first]
        + (0..<width).reversed().map { UInt8(truncatingIfNeeded: pattern >> UInt64(8 * $0)) }
    }
    if Double(half) == value { return bytes(0xF9, UInt64(half.bitPattern), 2) }
    let single = Float(value)
    if Double(single) == value { return bytes(0xFA, UInt64(single.bitPattern), 4) }
    return bytes(0xFB, value.bitPattern, 8)
  }

  /// Where integers and floats stand, keys of maps included.
  private static func numbers(_ bytes: [UInt8]) -> [Range<Int>] {
    var places: [Range<Int>] = []
    var at = 0
    while at < bytes.count {
      let (major, information) = (bytes[at] >> 5, bytes[at] & 0x1F)
      guard information < 28 else { break }
      let width = information < 24 ? 0 : 1 << Int(information - 24)
      guard at + width < bytes.count else { break }
      let value = bytes[(at + 1)..<(at + 1 + width)].reduce(
        information < 24 ? UInt64(information) : 0
      ) { $0 << 8 | UInt64($1) }
      let end = at + 1 + width
      if major < 2 || (major == 7 && information >= 25) { places.append(at..<end) }
      at = end
      if major == 2 || major == 3 {
        guard value <= UInt64(bytes.count - end) else { break }
        at += Int(value)
      }
    }
    return places
  }
}
