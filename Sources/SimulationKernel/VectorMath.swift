// SPDX-License-Identifier: Apache-2.0

typealias Vector = SIMD8<Float>
typealias Integers = SIMD8<Int32>
typealias Mask = SIMDMask<SIMD8<Int32>>

/// Elementary functions of eight floats, made of IEEE additions, multiplications, fused
/// multiply-adds and integer operations only: equal bits on every machine, which no system library
/// promises. The polynomials are those of S. L. Moshier's Cephes library, single precision
/// (netlib.org/cephes, 1992).
enum VectorMath {
  @inline(__always)
  static func splat(_ value: Float) -> Vector { Vector(repeating: value) }

  /// `a b + c`, rounded once.
  @inline(__always)
  static func fused(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { c.addingProduct(a, b) }

  @inline(__always)
  static func select(_ mask: Mask, _ yes: Vector, _ no: Vector) -> Vector {
    no.replacing(with: yes, where: mask)
  }

  @inline(__always)
  static func either(_ a: Mask, _ b: Mask) -> Mask { a .| b }

  @inline(__always)
  static func both(_ a: Mask, _ b: Mask) -> Mask { a .& b }

  @inline(__always)
  static func atLeast(_ value: Vector, _ bound: Vector) -> Vector {
    select(value .< bound, bound, value)
  }

  @inline(__always)
  static func atMost(_ value: Vector, _ bound: Vector) -> Vector {
    select(value .> bound, bound, value)
  }

  /// Adding and subtracting it rounds to an integer, which then stands in the lowest bits.
  private static let rounder: Float = 12_582_912

  /// e^x; beyond ±87, where floats end, that of ±87.
  @inline(__always)
  static func exp(_ argument: Vector) -> Vector {
    let x = atMost(atLeast(argument, splat(-87)), splat(87))
    let shifted = fused(x, splat(1.442_695_04), splat(rounder))
    let power = shifted - splat(rounder)
    var rest = fused(power, splat(-0.693_359_375), x)
    rest = fused(power, splat(2.121_944_40e-4), rest)
    var sum = splat(1.987_569_150_0e-4)
    sum = fused(sum, rest, splat(1.398_199_950_7e-3))
    sum = fused(sum, rest, splat(8.333_451_907_3e-3))
    sum = fused(sum, rest, splat(4.166_579_589_4e-2))
    sum = fused(sum, rest, splat(1.666_666_545_9e-1))
    sum = fused(sum, rest, splat(5.000_000_120_1e-1))
    let value = fused(sum, rest * rest, rest) + splat(1)
    // The power of two goes into the exponent.
    let exponent = unsafeBitCast(shifted, to: Words.self) &<< Words(repeating: 23)
    return unsafeBitCast(unsafeBitCast(value, to: Words.self) &+ exponent, to: Vector.self)
  }

  /// ln x for positive normal x.
  @inline(__always)
  static func log(_ x: Vector) -> Vector {
    let bits = unsafeBitCast(x, to: Integers.self)
    // Mantissas from sqrt(1/2) to sqrt(2).
    let power = (bits &- Integers(repeating: 0x3F35_04F3)) &>> Integers(repeating: 23)
    let mantissa = unsafeBitCast(bits &- (power &<< Integers(repeating: 23)), to: Vector.self)
    let rest = mantissa - splat(1)
    let square = rest * rest
    let scale = Vector(power)
    var sum = splat(7.037_683_629_2e-2)
    sum = fused(sum, rest, splat(-1.151_461_031_0e-1))
    sum = fused(sum, rest, splat(1.167_699_874_0e-1))
    sum = fused(sum, rest, splat(-1.242_014_084_6e-1))
    sum = fused(sum, rest, splat(1.424_932_278_7e-1))
    sum = fused(sum, rest, splat(-1.666_805_766_5e-1))
    sum = fused(sum, rest, splat(2.000_071_476_5e-1))
    sum = fused(sum, rest, splat(-2.499_999_399_3e-1))
    sum = fused(sum, rest, splat(3.333_333_117_4e-1))
    var value = sum * rest * square
    value = fused(scale, splat(-2.121_944_40e-4), value)
    value = fused(square, splat(-0.5), value)
    return fused(scale, splat(0.693_359_375), rest + value)
  }

  /// The square root of a positive x: three Newton steps on 1/sqrt(x) from its halved exponent.
  /// `SIMD8.squareRoot()` is eight calls (Swift 6.3).
  @inline(__always)
  static func squareRoot(_ x: Vector) -> Vector {
    let half = x * splat(0.5)
    let guess =
      Words(repeating: 0x5F37_5A86)
      &- (unsafeBitCast(x, to: Words.self) &>> Words(repeating: 1))
    var inverse = unsafeBitCast(guess, to: Vector.self)
    inverse = inverse * fused(-(half * inverse), inverse, splat(1.5))
    inverse = inverse * fused(-(half * inverse), inverse, splat(1.5))
    inverse = inverse * fused(-(half * inverse), inverse, splat(1.5))
    return x * inverse
  }

  /// Sine and cosine of 2 pi w / 2^32: the turn is an integer, so nothing is lost in reducing it.
  @inline(__always)
  static func sineCosine(turn word: Words) -> (sine: Vector, cosine: Vector) {
    let quarter = (word &+ Words(repeating: 0x2000_0000)) &>> Words(repeating: 30)
    let within = unsafeBitCast(word &- (quarter &<< Words(repeating: 30)), to: Integers.self)
    let angle = Vector(within) * splat(1.462_918_079_267_159_6e-9)  // 2 pi / 2^32
    let square = angle * angle
    var sine = fused(square, splat(-1.951_529_589_1e-4), splat(8.332_160_873_6e-3))
    sine = fused(sine, square, splat(-1.666_665_461_1e-1))
    sine = fused(sine * square, angle, angle)
    var cosine = fused(
      square, splat(2.443_315_711_809_948e-5), splat(-1.388_731_625_493_765e-3))
    cosine = fused(cosine, square, splat(4.166_664_568_298_827e-2))
    cosine = fused(cosine * square, square, fused(square, splat(-0.5), splat(1)))
    // Odd quarters swap the two; the sign bit comes from the quarter.
    let one = Words(repeating: 1)
    let two = Words(repeating: 2)
    let isOdd = unsafeBitCast(Words(repeating: 0) &- (quarter & one), to: Mask.self)
    let sineSign = (quarter & two) &<< Words(repeating: 30)
    let cosineSign = ((quarter &+ one) & two) &<< Words(repeating: 30)
    return (
      signed(select(isOdd, cosine, sine), sineSign), signed(select(isOdd, sine, cosine), cosineSign)
    )
  }

  @inline(__always)
  private static func signed(_ value: Vector, _ sign: Words) -> Vector {
    unsafeBitCast(unsafeBitCast(value, to: Words.self) ^ sign, to: Vector.self)
  }

  /// The upper 24 bits of a word, which a float holds exactly, times 256.
  @inline(__always)
  static func float(_ word: Words) -> Vector {
    Vector(unsafeBitCast(word &>> Words(repeating: 8), to: Integers.self)) * splat(256)
  }

  /// A number from 0 to 1, 1 excluded.
  @inline(__always)
  static func uniform(_ word: Words) -> Vector { float(word) * splat(2.328_306_436_538_696_3e-10) }

  /// Two independent normal numbers: G. E. P. Box and M. E. Muller, Ann. Math. Statist. 29 (1958).
  @inline(__always)
  static func normals(_ first: Words, _ second: Words) -> (Vector, Vector) {
    // Half a step from 0, so that the logarithm exists.
    let uniform = (float(first) + splat(128)) * splat(2.328_306_436_538_696_3e-10)
    let radius = squareRoot(splat(-2) * log(uniform))
    let (sine, cosine) = sineCosine(turn: second)
    return (radius * cosine, radius * sine)
  }
}
