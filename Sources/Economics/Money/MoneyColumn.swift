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
    return try Money(exactly: total)
  }
}

/// A column of money: on the wire three integer columns, each of the narrowest width.
public struct MoneyColumn: Hashable, Sendable {
  private static let trillion: Int64 = 1_000_000_000_000
  /// The units of an amount are fewer: less than one from the ends of the range, where parts might
  /// overflow.
  private static let unitsMax: UInt64 = 170_141_183_460_469

  private var units: [Int64] = []
  private var pico: [Int64] = []
  private var yocto: [Int64] = []

  public init() {}

  /// A column with one row per amount.
  /// - Throws: ``MoneyError/overflow`` for an amount at the ends of the range, which no column holds.
  public init(_ values: [Money]) throws(MoneyError) { for value in values { try append(value) } }

  /// The number of rows.
  public var count: Int { units.count }

  /// The row at an index, which must be below ``count``.
  public func parts(_ index: Int) -> MoneyParts {
    MoneyParts(units: units[index], pico: pico[index], yocto: yocto[index])
  }

  /// The amount at an index, which must be below ``count``.
  public func money(_ index: Int) -> Money {
    // Every row is an amount in its only spelling, and so are its parts: nothing can overflow.
    let upper = Int128(units[index]) &* Int128(Self.trillion) &+ Int128(pico[index])
    return Money(quanta: upper &* Int128(Self.trillion) &+ Int128(yocto[index]))
  }

  /// Adds a row, in constant time on average.
  /// - Throws: ``MoneyError/overflow`` for an amount at the ends of the range.
  public mutating func append(_ value: Money) throws(MoneyError) {
    let parts = MoneyParts(value)
    guard parts.units.magnitude < Self.unitsMax else { throw .overflow }
    units.append(parts.units)
    pico.append(parts.pico)
    yocto.append(parts.yocto)
  }

  /// The sum of the magnitudes of all whole units, rounded up: whether sums of it can overflow.
  var unitsAtMost: UInt128 {
    units.reduce(0) { $0 &+ UInt128($1.magnitude) &+ 1 }
  }
}

extension MoneyColumn: Codable {
  enum CodingKeys: Int, CodingKey {
    case units = 1
    case pico, yocto
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    units = try container.decode([Int64].self, forKey: .units)
    pico = try container.decode([Int64].self, forKey: .pico)
    yocto = try container.decode([Int64].self, forKey: .yocto)
    guard pico.count == count, yocto.count == count else {
      throw InvalidValue("amounts: \(count) units, \(pico.count) and \(yocto.count) parts of them")
    }
    // Without leaving early, which lets the compiler compare many at once.
    let parts = [pico, yocto].map { $0.reduce(0) { max($0, UInt64(bitPattern: $1)) } }
    guard parts.allSatisfy({ $0 < UInt64(Self.trillion) }),
      units.reduce(0, { max($0, $1.magnitude) }) < Self.unitsMax
    else { throw InvalidValue("an amount outside the range of amounts") }
  }
}
