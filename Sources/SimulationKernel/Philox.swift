// SPDX-License-Identifier: Apache-2.0

typealias Words = SIMD8<UInt32>
typealias Wide = SIMD4<UInt64>

/// Philox4x32-10, a counter-based generator: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw,
/// "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 3.3.
///
/// A number depends on seed, path, step and block only, so any worker draws any path's numbers. Eight
/// paths are computed at once, the even and the odd ones in 64-bit lanes of their own: the products
/// need 64 bits, and never shuffling lanes between rounds is what makes it fast.
struct Philox {
  private var even: (Wide, Wide, Wide, Wide)
  private var odd: (Wide, Wide, Wide, Wide)
  private var key: (UInt32, UInt32)

  /// The four words of `block` for the paths from `path`, a multiple of 8.
  @inline(__always)
  static func words(
    _ seed: UInt64, _ path: UInt64, _ step: UInt32, _ block: UInt32
  ) -> (Words, Words, Words, Words) {
    var generator = Philox(seed, path, step, block)
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    generator.round()
    let (a, b) = (generator.even, generator.odd)
    return (
      joined(a.0, b.0), joined(a.1, b.1), joined(a.2, b.2), joined(a.3, b.3)
    )
  }

  @inline(__always)
  private init(_ seed: UInt64, _ path: UInt64, _ step: UInt32, _ block: UInt32) {
    let low = Wide(repeating: path & 0xFFFF_FFFF)
    let rest = (
      Wide(repeating: path &>> 32), Wide(repeating: UInt64(step)), Wide(repeating: UInt64(block))
    )
    even = (low &+ Wide(0, 2, 4, 6), rest.0, rest.1, rest.2)
    odd = (low &+ Wide(1, 3, 5, 7), rest.0, rest.1, rest.2)
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed &>> 32))
  }

  @inline(__always)
  private mutating func round() {
    let keys = (Wide(repeating: UInt64(key.0)), Wide(repeating: UInt64(key.1)))
    Self.round(&even, keys)
    Self.round(&odd, keys)
    // The Weyl sequence of the paper: the golden ratio, and the root of 3 less 1.
    key.0 &+= 0x9E37_79B9
    key.1 &+= 0xBB67_AE85
  }

  @inline(__always)
  private static func round(_ state: inout (Wide, Wide, Wide, Wide), _ key: (Wide, Wide)) {
    let first = product(state.0, 0xD251_1F53)
    let second = product(state.2, 0xCD9E_8D57)
    let half = Wide(repeating: 32)
    state = ((second &>> half) ^ state.1 ^ key.0, second, (first &>> half) ^ state.3 ^ key.1, first)
  }

  /// The 64-bit product of the low halves; the high halves may hold anything.
  @inline(__always)
  private static func product(_ value: Wide, _ factor: UInt64) -> Wide {
    (value & Wide(repeating: 0xFFFF_FFFF)) &* Wide(repeating: factor)
  }

  @inline(__always)
  private static func joined(_ even: Wide, _ odd: Wide) -> Words {
    unsafeBitCast(
      (even & Wide(repeating: 0xFFFF_FFFF)) | (odd &<< Wide(repeating: 32)), to: Words.self)
  }
}
