// SPDX-License-Identifier: Apache-2.0

/// An exact amount of money: a count of 10^-24 of a currency unit.
///
/// Public price lists go down to the 24th digit, and adding integers is associative, so any number of
/// workers in any order comes to the same bytes. The range is ±1.7 x 10^14 units; going beyond is an
/// error, never a wrap. Which currency is known from where the amount stands (a ledger and a price
/// book are in one).
///
/// ```swift
/// let price = try Money(perMillion: "2.50")
/// let cost = try price.times(1_200).adding(Money(decimal: "0.01"))
/// let text = cost.decimal  // "0.013", exactly
/// ```
/// The example is compiled in `Tests/ExampleTests/EconomicsExamples.swift`.
public struct Money: Hashable, Comparable, Sendable {
  /// Quanta in one currency unit: 10^24.
  public static let quantaPerUnit: Int128 = 1_000_000_000_000_000_000_000_000

  /// The count of 10^-24 units.
  public let quanta: Int128

  /// - Precondition: not the least number of 128 bits, which has no opposite; for numbers from outside
  ///   there is ``init(exactly:)``.
  public init(quanta: Int128) {
    precondition(quanta != .min, "an amount has an opposite")
    self.quanta = quanta
  }

  /// The amount of so many 10^-24 units.
  /// - Throws: ``MoneyError/overflow`` for the least number of 128 bits, which has no opposite.
  public init(exactly quanta: Int128) throws(MoneyError) {
    if quanta == .min { throw .overflow }
    self.quanta = quanta
  }

  /// No money.
  public static let zero = Money(quanta: 0)

  public static func < (a: Money, b: Money) -> Bool { a.quanta < b.quanta }

  /// - Throws: ``MoneyError/overflow``.
  public func adding(_ other: Money) throws(MoneyError) -> Money {
    let (sum, overflow) = quanta.addingReportingOverflow(other.quanta)
    if overflow { throw .overflow }
    return try Money(exactly: sum)
  }

  /// This price for each of `quantity` units.
  /// - Throws: ``MoneyError/overflow``.
  public func times(_ quantity: UInt64) throws(MoneyError) -> Money {
    let (product, overflow) = quanta.multipliedReportingOverflow(by: Int128(quantity))
    if overflow { throw .overflow }
    return try Money(exactly: product)
  }

  /// The amount with the opposite sign.
  public static prefix func - (a: Money) -> Money { Money(quanta: -a.quanta) }

  /// The amount for statistics and plots only; never for sums.
  public var approximate: Double { Double(quanta) / 1e24 }
}

/// Why an amount could not be computed or read.
public enum MoneyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Beyond ±1.7 x 10^14 units.
  case overflow
  /// Not a plain decimal number, or finer than 10^-24.
  case notADecimal(String)

  /// The reason in words for a person.
  public var description: String {
    switch self {
    case .overflow: "the amount exceeds 170 trillion units of the currency"
    case .notADecimal(let text):
      "'\(text)' is not a plain decimal number with at most 24 decimals, such as 0.0015"
    }
  }
}

// MARK: Reading and writing

extension Money {
  /// Reads a plain decimal number exactly: `12`, `-0.0015`. No exponent, sign `+`, separator or
  /// blank; that is left to the reader of a foreign format.
  /// - Throws: ``MoneyError``.
  public init(decimal text: some StringProtocol) throws(MoneyError) {
    self.init(quanta: try Self.quanta(text, decimals: 24))
  }

  /// Reads a price for a million units, giving the price of one.
  /// - Throws: ``MoneyError``; at most 18 decimals fit.
  public init(perMillion text: some StringProtocol) throws(MoneyError) {
    self.init(quanta: try Self.quanta(text, decimals: 18))
  }

  private static func quanta(
    _ text: some StringProtocol, decimals: Int
  ) throws(MoneyError) -> Int128 {
    var digits = text.utf8[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
      parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } })
    else { throw .notADecimal(String(text)) }
    var fraction = parts.count == 2 ? Array(parts[1]) : []
    while fraction.count > decimals && fraction.last == 0x30 { fraction.removeLast() }
    guard fraction.count <= decimals else { throw .notADecimal(String(text)) }
    fraction += [UInt8](repeating: 0x30, count: decimals - fraction.count)
    var value: Int128 = 0
    for digit in Array(parts[0]) + fraction {
      let (tenfold, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowedToo) = tenfold.addingReportingOverflow(Int128(digit - 0x30))
      if overflowed || overflowedToo { throw .overflow }
      value = sum
    }
    return isNegative ? -value : value
  }

  /// The exact amount in units, without trailing zeros: `0.0015`.
  public var decimal: String { Self.text(quanta, decimals: 24) }

  /// The exact amount in nano-units (10^-9), without trailing zeros: `1500000`.
  public var nano: String { Self.text(quanta, decimals: 15) }

  private static func text(_ quanta: Int128, decimals: Int) -> String {
    let digits = String(quanta.magnitude)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let whole = padded.dropLast(decimals)
    var fraction = padded.suffix(decimals)
    while fraction.last == "0" { fraction = fraction.dropLast() }
    let sign = quanta < 0 ? "-" : ""
    return fraction.isEmpty ? sign + whole : "\(sign)\(whole).\(fraction)"
  }

  /// The amount rounded half to even to `decimals` places: for people only.
  public func rounded(decimals: Int) -> String {
    precondition((0...24).contains(decimals), "0 to 24 decimals")
    var step: Int128 = 1
    for _ in decimals..<24 { step *= 10 }
    let magnitude = quanta.magnitude
    var (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: UInt128(step))
    let twice = remainder * 2
    if twice > UInt128(step) || (twice == UInt128(step) && quotient % 2 == 1) { quotient += 1 }
    remainder = quotient
    let digits = String(remainder)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = quanta < 0 && quotient != 0 ? "-" : ""
    guard decimals > 0 else { return sign + padded }
    return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }
}

extension Money: Codable {
  public init(from decoder: any Decoder) throws {
    try self.init(exactly: decoder.singleValueContainer().decode(Int128.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(quanta)
  }
}

extension Money: CustomStringConvertible {
  public var description: String { decimal }
}
