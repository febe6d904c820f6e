// SPDX-License-Identifier: Apache-2.0

/// Money as three integers of 64 bits, which databases add exactly and columns hold narrowly:
///
///     amount = units + pico / 10^12 + yocto / 10^24        0 <= pico, yocto < 10^12
public struct MoneyParts: Hashable, Sendable {
  private static let trillion: Int128 = 1_000_000_000_000

  /// Whole currency units, rounded down.
  public var units: Int64
  /// 10^-12 units.
  public var pico: Int64
  /// 10^-24 units.
  public var yocto: Int64

  public init(units: Int64, pico: Int64, yocto: Int64) {
    self.units = units
    self.pico = pico
    self.yocto = yocto
  }

  /// Splits an amount; every ``Money`` can be split, without rounding.
  public init(_ money: Money) {
    let upper = UInt64(truncatingIfNeeded: money.quanta >> 64)
    if money.quanta >= 0 && upper < 1_000_000_000_000 {
      // Below 18 million units two short divisions do; the long ones take many times longer.
      let (quotient, rest) = (1_000_000_000_000 as UInt64).dividingFullWidth(
        (upper, UInt64(truncatingIfNeeded: money.quanta)))
      units = Int64(quotient / 1_000_000_000_000)
      pico = Int64(quotient % 1_000_000_000_000)
      yocto = Int64(rest)
      return
    }
    func split(_ value: Int128) -> (Int128, Int128) {
      let (quotient, rest) = value.quotientAndRemainder(dividingBy: Self.trillion)
      return rest < 0 ? (quotient - 1, rest + Self.trillion) : (quotient, rest)
    }
    let (rest, yocto) = split(money.quanta)
    let (units, pico) = split(rest)
    self.units = Int64(units)
    self.pico = Int64(pico)
    self.yocto = Int64(yocto)
  }

  /// Sums of parts are fine too: they need not be below 10^12 any more.
  /// - Throws: ``MoneyError/overflow``.
  public func money() throws(MoneyError) -> Money {
    let (upper, overflow) = Int128(units).multipliedReportingOverflow(by: Self.trillion)
    let (withPico, overflow2) = upper.addingReportingOverflow(Int128(pico))
    let (shifted, overflow3) = withPico.multipliedReportingOverflow(by: Self.trillion)
    let (total, overflow4) = shifted.addingReportingOverflow(Int128(yocto))
    if overflow || overflow2 || overflow3 || overflow4 { throw .overflow }
    return Money(quanta: total)
  }
}

/// A column of money: on the wire three integer columns, each of the narrowest width.
public struct MoneyColumn: Hashable, Sendable {
  private var units: [Int64] = []
  private var pico: [Int64] = []
  private var yocto: [Int64] = []

  public init() {}

  /// A column with one row per amount.
  public init(_ values: [Money]) { for value in values { append(value) } }

  /// The number of rows.
  public var count: Int { units.count }

  /// The row at an index, which must be below ``count``.
  public func parts(_ index: Int) -> MoneyParts {
    MoneyParts(units: units[index], pico: pico[index], yocto: yocto[index])
  }

  /// - Throws: ``MoneyError/overflow`` for parts that no amount has.
  public func money(_ index: Int) throws(MoneyError) -> Money { try parts(index).money() }

  /// Adds a row, in constant time on average.
  public mutating func append(_ value: Money) {
    let parts = MoneyParts(value)
    units.append(parts.units)
    pico.append(parts.pico)
    yocto.append(parts.yocto)
  }

  /// Whether every row is an amount, in its only spelling.
  public var isValid: Bool {
    pico.count == count && yocto.count == count
      && (pico + yocto).allSatisfy { (0..<1_000_000_000_000).contains($0) }
      // Less than a unit from the ends of the range, where parts might overflow.
      && units.allSatisfy { $0.magnitude < 170_141_183_460_469 }
  }
}

extension MoneyColumn: Codable {
  enum CodingKeys: Int, CodingKey {
    case units = 1
    case pico, yocto
  }
}
