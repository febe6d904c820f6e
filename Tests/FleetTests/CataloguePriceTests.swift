// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Fleet

@Suite("Fleet: catalogue prices")
struct CataloguePriceTests {
  static func price(
    _ tier: HardwarePrice.Tier, _ low: Double, _ high: Double? = nil, isGuess: Bool = false,
    of gpu: String = "G", date: String = "2026-01", address: String = "a"
  ) -> HardwarePrice {
    HardwarePrice(
      accelerator: gpu, tier: tier, low: low, high: high ?? low,
      source: FigureSource(address: address, date: date, isGuess: isGuess))
  }

  static func catalogue(_ prices: [HardwarePrice]) -> (FleetCatalogue, Accelerator) {
    var gpu = FleetSamples.gpu
    gpu.name = "G"
    var catalogue = FleetCatalogue()
    catalogue.accelerators.put("G", .init(value: gpu, aliases: ["gee"], sources: [:]))
    catalogue.prices = prices
    return (catalogue, gpu)
  }

  @Test(
    "The first tier with a price counts, and in it what somebody vouches for",
    arguments: [
      // prices; tier, low, estimate, high, whether it is a guess
      (
        [price(.spot, 1), price(.neocloud, 3)], (HardwarePrice.Tier.neocloud, 3.0, 3.0, 3.0, false)
      ),
      ([price(.ownNeocloud, 1), price(.spot, 2)], (.spot, 2, 2, 2, false)),
      (
        [price(.neocloud, 2), price(.neocloud, 4), price(.neocloud, 3)],
        (.neocloud, 2, 3, 4, false)
      ),
      ([price(.neocloud, 2, 8), price(.neocloud, 10)], (.neocloud, 2, 7, 10, false)),
      (
        [price(.neocloud, 1, isGuess: true), price(.neocloud, 2)], (.neocloud, 2, 2, 2, false)
      ),
      (
        [price(.neocloud, 1, isGuess: true), price(.longTail, 2)], (.neocloud, 1, 1, 1, true)
      ),
      ([price(.neocloud, 5, of: "gee")], (.neocloud, 5, 5, 5, false)),
      ([price(.neocloud, 5, of: "other"), price(.spot, 2)], (.spot, 2, 2, 2, false)),
    ] as [([HardwarePrice], (HardwarePrice.Tier, Double, Double, Double, Bool))])
  func rent(
    _ prices: [HardwarePrice], _ expected: (HardwarePrice.Tier, Double, Double, Double, Bool)
  ) throws {
    let (catalogue, gpu) = Self.catalogue(prices)
    let rent = try #require(catalogue.rent(of: gpu))
    #expect(rent.tier == expected.0 && rent.isGuess == expected.4)
    #expect(abs(rent.range.low - expected.1) < 1e-12)
    #expect(abs(rent.range.estimate - expected.2) < 1e-12)
    #expect(abs(rent.range.high - expected.3) < 1e-12)
  }

  @Test("A purchase is no rent, and a tier that was asked for is the only one")
  func kinds() {
    let (catalogue, gpu) = Self.catalogue([
      Self.price(.purchase, 30_000, 34_000), Self.price(.spot, 2),
    ])
    #expect(catalogue.purchase(of: gpu)?.range.high == 34_000)
    #expect(catalogue.rent(of: gpu)?.tier == .spot)
    #expect(catalogue.rent(of: gpu, tiers: [.reserved]) == nil)
    let (none, other) = Self.catalogue([Self.price(.purchase, 1)])
    #expect(none.rent(of: other) == nil)
  }

  @Test("Sources are named once, the newest date stands for all")
  func origins() {
    let (catalogue, gpu) = Self.catalogue([
      Self.price(.spot, 1, date: "2026-01", address: "x"),
      Self.price(.spot, 2, date: "2026-03", address: "y"),
      Self.price(.spot, 3, date: "2026-01", address: "x"),
    ])
    let rent = catalogue.rent(of: gpu)
    #expect(rent?.origins == "x (2026-01); y (2026-03)" && rent?.date == "2026-03")
  }

  @Test("Every shipped GPU is priced alike wherever it is shown")
  func order() {
    #expect(
      Set(HardwarePrice.Tier.rents) == Set(HardwarePrice.Tier.allCases).subtracting([.purchase]))
  }
}

@Suite("Fleet: catalogue names")
struct CatalogueNameTests {
  static func entry(_ name: String, _ aliases: [String]) -> FleetCatalogue.Entry<Accelerator> {
    var gpu = FleetSamples.gpu
    gpu.name = name
    return .init(value: gpu, aliases: aliases, sources: [:])
  }

  @Test("A name goes before an alias, an older alias before a newer one")
  func precedence() {
    var section = FleetCatalogue.Section<Accelerator>()
    section.put("A1", Self.entry("A1", ["one", "common"]))
    section.put("B2", Self.entry("B2", ["common", "a1"]))
    #expect(section["a1"]?.value.name == "A1" && section["ONE"]?.value.name == "A1")
    #expect(section["common"]?.value.name == "A1")
    // An entry of that very name takes the name from the alias.
    section.put("Common", Self.entry("Common", []))
    #expect(section["common"]?.value.name == "Common")
    #expect(section.entries.map(\.value.name) == ["A1", "B2", "Common"])
    #expect(section.spellings == ["a1", "b2", "common", "one"])
  }

  @Test("The same name again replaces, in its old place")
  func replacing() {
    var section = FleetCatalogue.Section<Accelerator>()
    section.put("A", Self.entry("A", []))
    section.put("B", Self.entry("B", []))
    section.put("a", Self.entry("a", ["alias"]))
    #expect(section.entries.map(\.value.name) == ["a", "B"])
    #expect(section["ALIAS"]?.value.name == "a" && section["nothing"] == nil)
  }
}
