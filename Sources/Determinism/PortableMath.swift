// SPDX-License-Identifier: Apache-2.0

/// Elementary functions of doubles made of additions, multiplications and divisions only: what a
/// scenario compiles to must be the same bits on every machine, and system libraries differ.
public enum PortableMath {
  /// The 95% quantile of the standard normal distribution.
  public static let z95 = 1.644_853_626_951_472_6

  private static let ln2 = 0.693_147_180_559_945_309_417

  /// e^x, to a few units in the last place: the Taylor series after halving the range.
  public static func exp(_ x: Double) -> Double {
    guard x > -700 else { return 0 }
    guard x < 700 else { return .infinity }
    let power = (x / ln2).rounded()
    let rest = x - power * ln2
    var sum = 1.0
    // |rest| < 0.35: the 17th term is below 10^-22.
    for term in stride(from: 17.0, to: 0, by: -1) { sum = 1 + rest / term * sum }
    return sum * scale(Int(power))
  }

  /// ln x for positive x: 2 artanh((m - 1)/(m + 1)) of the mantissa m from sqrt(1/2) to sqrt(2).
  public static func log(_ x: Double) -> Double {
    precondition(x > 0 && x.isFinite, "the logarithm of \(x)")
    var exponent = Int(x.exponent)
    var mantissa = x.significand
    if mantissa > 1.414_213_562_373_095_1 {
      mantissa /= 2
      exponent += 1
    }
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var sum = 0.0
    for term in stride(from: 27.0, through: 1, by: -2) { sum = sum * square + 1 / term }
    return Double(exponent) * ln2 + 2 * ratio * sum
  }

  private static func scale(_ power: Int) -> Double {
    Double(sign: .plus, exponent: power, significand: 1)
  }

  /// `base` to the power of `exponent`, for a positive base: the same bits on every machine.
  public static func power(_ base: Double, _ exponent: Double) -> Double {
    base == 0 ? 0 : exp(exponent * log(base))
  }

  /// The normal distribution function for |z| <= 7: G. Marsaglia, "Evaluating the Normal
  /// Distribution", Journal of Statistical Software 11 (4), 2004.
  public static func normalCDF(_ z: Double) -> Double {
    var term = z
    var sum = z
    var odd = 3.0
    while sum + term != sum || odd < 9 {
      term *= z * z / odd
      sum += term
      odd += 2
    }
    let density = exp(-z * z / 2) / 2.506_628_274_631_000_5
    return min(1, max(0, 0.5 + sum * density))
  }

  /// Its inverse, by halving.
  public static func normalQuantile(_ probability: Double) -> Double {
    var (low, high) = (-7.0, 7.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if normalCDF(middle) < probability { low = middle } else { high = middle }
    }
    return low
  }
}
