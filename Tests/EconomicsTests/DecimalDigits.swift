// SPDX-License-Identifier: Apache-2.0

import Economics

/// A whole number of any size as decimal digits, the least significant first: slow, and made of
/// nothing that the code under test uses.
struct DecimalDigits: Equatable, Comparable {
  private(set) var isNegative: Bool
  /// Without leading zeros: zero is no digit at all.
  private(set) var digits: [Int]

  private init(_ isNegative: Bool, _ digits: [Int]) {
    self.digits = digits
    while self.digits.last == 0 { self.digits.removeLast() }
    self.isNegative = isNegative && !self.digits.isEmpty
  }

  /// Reads `-123`.
  init(_ text: String) {
    let isNegative = text.hasPrefix("-")
    self.init(
      isNegative, text.drop { $0 == "-" }.reversed().map { $0.wholeNumberValue ?? 0 })
  }

  init(_ number: some BinaryInteger) { self.init(String(number)) }

  var text: String {
    digits.isEmpty ? "0" : (isNegative ? "-" : "") + digits.reversed().map(String.init).joined()
  }

  /// Whether a 128-bit integer holds it.
  var fits: Bool {
    DecimalDigits("-170141183460469231731687303715884105728") <= self
      && self <= DecimalDigits("170141183460469231731687303715884105727")
  }

  private static func isLess(_ a: [Int], _ b: [Int]) -> Bool {
    if a.count != b.count { return a.count < b.count }
    for (x, y) in zip(a.reversed(), b.reversed()) where x != y { return x < y }
    return false
  }

  static func < (a: DecimalDigits, b: DecimalDigits) -> Bool {
    if a.isNegative != b.isNegative { return a.isNegative }
    return a.isNegative ? isLess(b.digits, a.digits) : isLess(a.digits, b.digits)
  }

  static prefix func - (a: DecimalDigits) -> DecimalDigits { .init(!a.isNegative, a.digits) }

  static func + (a: DecimalDigits, b: DecimalDigits) -> DecimalDigits {
    guard a.isNegative == b.isNegative else {
      // The smaller magnitude from the greater; the greater one gives the sign.
      let (large, small) = isLess(a.digits, b.digits) ? (b, a) : (a, b)
      var result = large.digits
      var borrow = 0
      for place in result.indices {
        let digit = result[place] - borrow - (place < small.digits.count ? small.digits[place] : 0)
        borrow = digit < 0 ? 1 : 0
        result[place] = digit < 0 ? digit + 10 : digit
      }
      return .init(large.isNegative, result)
    }
    var result: [Int] = []
    var carry = 0
    for place in 0...max(a.digits.count, b.digits.count) {
      let sum =
        carry + (place < a.digits.count ? a.digits[place] : 0)
        + (place < b.digits.count ? b.digits[place] : 0)
      result.append(sum % 10)
      carry = sum / 10
    }
    return .init(a.isNegative, result)
  }

  static func * (a: DecimalDigits, b: DecimalDigits) -> DecimalDigits {
    var result = [Int](repeating: 0, count: a.digits.count + b.digits.count + 1)
    for (i, x) in a.digits.enumerated() {
      for (j, y) in b.digits.enumerated() { result[i + j] += x * y }
    }
    for place in result.indices.dropLast() {
      result[place + 1] += result[place] / 10
      result[place] %= 10
    }
    return .init(a.isNegative != b.isNegative, result)
  }

  /// With a point before the last `places` digits, zeros at the end of the fraction left out.
  func pointed(_ places: Int) -> String {
    var all = digits + [Int](repeating: 0, count: max(0, places + 1 - digits.count))
    var dropped = 0
    while dropped < places && all.first == 0 {
      all.removeFirst()
      dropped += 1
    }
    let fraction = all.prefix(places - dropped).reversed().map(String.init).joined()
    let whole = all.dropFirst(places - dropped).reversed().map(String.init).joined()
    return (isNegative ? "-" : "") + whole + (fraction.isEmpty ? "" : ".\(fraction)")
  }

  /// Of a number with 24 decimals, so many of them, rounded half to even.
  func rounded(_ decimals: Int) -> String {
    let cut = 24 - decimals
    let padded = digits + [Int](repeating: 0, count: max(0, 26 - digits.count))
    let dropped = padded.prefix(cut)
    var kept = DecimalDigits(false, Array(padded.dropFirst(cut)))
    if let first = dropped.last {
      let isHalf = first == 5 && dropped.dropLast().allSatisfy { $0 == 0 }
      let isOdd = (kept.digits.first ?? 0) % 2 == 1
      if isHalf ? isOdd : first >= 5 { kept = kept + DecimalDigits(1) }
    }
    var text = kept.text
    while text.count < decimals + 1 { text = "0" + text }
    let sign = isNegative && !kept.digits.isEmpty ? "-" : ""
    return sign + text.dropLast(decimals) + (decimals > 0 ? "." + text.suffix(decimals) : "")
  }
}
