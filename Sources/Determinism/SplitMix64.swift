// SPDX-License-Identifier: Apache-2.0

/// A small generator of numbers from a seed: the same on every machine.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
///
/// ```swift
/// var random = SplitMix64(seed: 1)
/// let die = 1 + random.below(6)
/// let root = PortableMath.power(2, 0.5)  // the same bits everywhere
/// ```
/// The example is compiled in `Tests/ExampleTests/DeterminismExamples.swift`.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator whose numbers depend only on the seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 up to, not including, `bound`.
  public mutating func below(_ bound: UInt64) -> UInt64 {
    // Multiply and take the high half: no modulo bias worth the name for bounds far below 2^64.
    next().multipliedFullWidth(by: bound).high
  }
}
