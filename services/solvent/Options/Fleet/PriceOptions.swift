// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Host
import Rendering

/// What a GPU-hour costs.
struct PriceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rent per GPU-hour: 2.95, or a range 2.5-3.5.", valueName: "usd"))
  var rent: String?

  @Option(help: "Catalogue rent: neocloud, hyperscaler, long-tail, spot, reserved, own-….")
  var tier: String?

  @Flag(help: "The GPUs are bought instead of rented.")
  var own = false

  @Option(
    help: ArgumentHelp("With --own: price of a GPU with its share of the server.", valueName: "usd")
  )
  var capital: String?

  @Option(help: "With --own: years of depreciation.")
  var years = 4.0

  @Option(help: "With --own: interest per year, such as 0.08.")
  var interest = 0.08

  @Option(help: "With --own: resale value, as a share of the price.")
  var resale = 0.0

  @Option(help: "With --own: site from the catalogue: us, us-own-building, eu.")
  var site = "us"

  @Option(help: "With --own: electricity in dollars per kWh, instead of the site's.")
  var electricity: Double?

  @Option(help: "With --own: power usage effectiveness, instead of the site's.")
  var pue: Double?

  @Option(help: "Share of the paid time in which the GPUs work, above 0 and at most 1.")
  var utilization = 1.0

  func validate() throws {
    guard utilization > 0, utilization <= 1 else {
      throw ValidationError("--utilization must be above 0 and at most 1")
    }
    guard (0.25...20).contains(years), (0...1).contains(interest), (0..<1).contains(resale) else {
      throw ValidationError(
        "--years must be from 0.25 to 20, --interest from 0 to 1, --resale from 0 to below 1")
    }
    if own && (rent != nil || tier != nil) {
      throw ValidationError("use either --own or --rent/--tier, not both")
    }
    for text in [rent, capital].compactMap({ $0 }) { _ = try Self.range(text) }
    guard (1...10).contains(pue ?? 1), (0...100).contains(electricity ?? 0) else {
      throw ValidationError("--pue must be from 1 to 10 and --electricity from 0 to 100")
    }
  }

  /// Whether the price is the user's own, not a catalogue's.
  var isUserSupplied: Bool { own ? capital != nil : rent != nil }

  /// `2.95` or `2.5-3.5`.
  static func range(_ text: String) throws -> Interval {
    let parts =
      Double(text).map { [$0] }
      ?? text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 1 || parts.count == 2, let low = parts[0], let high = parts.last ?? nil,
      low >= 1e-6, low <= high, high < 1e9
    else {
      throw ValidationError("'\(text)' is not a valid amount; write 2.95, or a range as in 2.5-3.5")
    }
    return Interval(low: low, estimate: (low * high).squareRoot(), high: high)
  }

  func siteCosts(_ catalogue: FleetCatalogue) throws -> SiteCosts {
    guard var costs = catalogue.sites.first(where: { $0.name == site }) else {
      let names = catalogue.sites.map(\.name).joined(separator: ", ")
      throw Failure(EX_USAGE, "'\(site)' is not a known site; choose one of \(names)")
    }
    if let electricity { costs.electricity = electricity }
    if let pue { costs.pue = pue }
    return costs
  }

  /// The tier asked for, else all, the usual ones first.
  func tiers() throws -> [HardwarePrice.Tier] {
    guard let tier else { return HardwarePrice.Tier.rents }
    guard let wanted = HardwarePrice.Tier(name: tier), wanted != .purchase else {
      let names = HardwarePrice.Tier.rents.map(\.name).joined(separator: ", ")
      throw Failure(EX_USAGE, "'\(tier)' is not a known tier; choose one of \(names)")
    }
    return [wanted]
  }

  func price(_ accelerator: Accelerator, _ catalogue: FleetCatalogue) throws -> PricedHour {
    let site = try siteCosts(catalogue)
    if own {
      let (capital, origin, isGuess) = try capital(catalogue.purchase(of: accelerator))
      let terms = OwnershipTerms(
        capital: capital, years: years, interest: interest, resale: resale, load: utilization)
      return PricedHour(
        hour: .owned(accelerator, terms, site), origin: origin, isGuess: isGuess, site: site)
    }
    if let rent {
      return PricedHour(
        hour: .rented(try Self.range(rent)), origin: "given by you", isGuess: false, site: site)
    }
    guard let known = catalogue.rent(of: accelerator, tiers: try tiers()) else {
      throw Failure(
        EX_USAGE,
        "no price is known for \(accelerator.name)\(tier.map { " at \($0)" } ?? ""); "
          + "give it: --rent 2.95")
    }
    return PricedHour(
      hour: .rented(known.range), origin: "\(known.tier.name), \(known.origins)",
      isGuess: known.isGuess, site: site)
  }

  private func capital(_ known: CataloguePrice?) throws -> (Interval, String, Bool) {
    if let capital { return (try Self.range(capital), "given by you", false) }
    guard let known else {
      throw Failure(EX_USAGE, "no purchase price is known; give it: --capital 37000")
    }
    let share = OwnershipTerms.acceleratorShare
    return (
      known.range.times(1 / share),
      "GPU by \(known.origins), which is \(Percent.text(share)) of its share of the server",
      known.isGuess
    )
  }
}
