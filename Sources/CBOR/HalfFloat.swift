// SPDX-License-Identifier: Apache-2.0

/// IEEE 754 binary16 by its bits: `Float16` does not exist on every platform that Swift supports.
///
///     sign 1 bit | exponent 5 bits, bias 15 | fraction 10 bits
enum HalfFloat {
  /// The bits of `value` if binary16 holds it exactly. `value` is not NaN.
  static func bits(exactly value: Float) -> UInt16? {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    if value.isInfinite { return sign | 0x7C00 }
    if value == 0 { return sign }
    let exponent = Int(value.exponent)
    let significand = value.significandBitPattern  // 23 bits
    if exponent >= -14 && exponent <= 15 {
      guard significand & 0x1FFF == 0 else { return nil }
      return sign | UInt16(exponent + 15) << 10 | UInt16(significand >> 13)
    }
    // Subnormal: the value is fraction * 2^-24.
    guard exponent >= -24 && exponent < -14 && value.isNormal else { return nil }
    let full = significand | 0x80_0000
    let shift = UInt32(-14 - exponent + 13)
    guard full & ((1 << shift) - 1) == 0 else { return nil }
    return sign | UInt16(full >> shift)
  }

  /// The number that `bits` stands for.
  static func double(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10) & 0x1F
    let fraction = Double(bits & 0x3FF)
    let magnitude: Double
    switch exponent {
    case 0: magnitude = fraction * 0x1p-24
    case 31: magnitude = fraction == 0 ? .infinity : .nan
    default:
      magnitude =
        (1 + fraction * 0x1p-10) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}
