// SPDX-License-Identifier: Apache-2.0

extension HardwarePrice.Tier {
  /// The tiers of rent, the usual ones first, then what owners reckon that an hour costs them.
  public static let rents: [HardwarePrice.Tier] = [
    .neocloud, .longTail, .reserved, .hyperscaler, .spot, .ownNeocloud, .ownHyperscaler,
  ]
}

/// What a catalogue says that a GPU costs at one tier.
public struct CataloguePrice: Sendable {
  /// How it is paid for.
  public let tier: HardwarePrice.Tier
  /// The prices that count, at least one: those that somebody vouches for, else the guesses.
  public let prices: [HardwarePrice]

  /// - Parameter known: all of one GPU.
  init?(_ known: [HardwarePrice], at tier: HardwarePrice.Tier) {
    let all = known.filter { $0.tier == tier }
    let sound = all.filter { !$0.source.isGuess }
    prices = sound.isEmpty ? all : sound
    self.tier = tier
    if prices.isEmpty { return nil }
  }

  /// Nobody vouches for it.
  public var isGuess: Bool { prices.allSatisfy(\.source.isGuess) }

  /// Dollars: the lowest and the highest of the prices, and the median of their middles.
  public var range: Interval {
    Interval(
      low: prices.map(\.low).min() ?? .nan,
      estimate: ErrorTable.quantile(prices.map(\.middle), 0.5),
      high: prices.map(\.high).max() ?? .nan)
  }

  /// The sources with their dates, each once.
  public var origins: String {
    var seen: Set<String> = []
    return prices.map { "\($0.source.address) (\($0.source.date))" }
      .filter { seen.insert($0).inserted }.joined(separator: "; ")
  }

  /// The date of the newest price.
  public var date: String { prices.map(\.source.date).max() ?? "" }
}

extension FleetCatalogue {
  /// The prices of a GPU, by whatever name it is called.
  public func prices(of accelerator: Accelerator) -> [HardwarePrice] {
    prices.filter { accelerators[$0.accelerator]?.value.name == accelerator.name }
  }

  /// What a GPU-hour is rented for: at the first tier that has a price; `nil` where none has.
  public func rent(
    of accelerator: Accelerator, tiers: [HardwarePrice.Tier] = HardwarePrice.Tier.rents
  ) -> CataloguePrice? {
    let known = prices(of: accelerator)
    for tier in tiers {
      if let price = CataloguePrice(known, at: tier) { return price }
    }
    return nil
  }

  /// What a GPU is sold for, without its share of a server; `nil` where no price is known.
  public func purchase(of accelerator: Accelerator) -> CataloguePrice? {
    CataloguePrice(prices(of: accelerator), at: .purchase)
  }
}
