// SPDX-License-Identifier: Apache-2.0

/// A GPU-hour with where its price comes from.
public struct PricedHour: Sendable {
  /// Dollars per GPU-hour.
  public var hour: GPUHour
  /// The source of the price, for people.
  public var origin: String
  /// Nobody vouches for the price.
  public var isGuess: Bool
  /// Electricity and building costs where it stands.
  public var site: SiteCosts

  public init(hour: GPUHour, origin: String, isGuess: Bool, site: SiteCosts) {
    self.hour = hour
    self.origin = origin
    self.isGuess = isGuess
    self.site = site
  }
}
