// SPDX-License-Identifier: Apache-2.0

public import Economics

extension Money {
  /// This for each million, of an amount for `count`.
  public func perMillion(of count: UInt64) -> Money? {
    guard count > 0, let million = try? times(1_000_000) else { return nil }
    return million.divided(by: count)
  }

  /// Split into equal parts, rounded towards zero at 10^-24.
  public func divided(by count: UInt64) -> Money { Money(quanta: quanta / Int128(max(1, count))) }
}
