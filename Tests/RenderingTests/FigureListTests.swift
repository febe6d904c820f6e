// SPDX-License-Identifier: Apache-2.0

import Documents
import Fleet
import Foundation
import Rendering
import Testing

@Suite("Figures with their sources")
struct FigureListTests {
  static func figures() throws -> FigureList {
    let catalogue = try CatalogueFile.shipped()
    let entry = try #require(catalogue.accelerators["H100"])
    return FigureList(
      title: entry.value.name, key: "gpu", figures: GPUList.figures(entry, catalogue))
  }

  @Test("JSON has numbers and exact amounts, not texts for people")
  func json() throws {
    let list = try Self.figures()
    let object = try TextPage.object { list.print(on: $0) }
    #expect(object["schema"] as? String == "solvent.fleet.gpu/v1")
    #expect(object["currency"] as? String == "USD")
    let figures = try #require(object["figures"] as? [[String: Any]])
    let memory = try #require(figures.first { $0["name"] as? String == "memory_gib" })
    #expect(memory["value"] as? Double == 80 && memory["unit"] as? String == "GiB")
    let prices = figures.filter { $0["low"] != nil }
    #expect(!prices.isEmpty)
    for price in prices {
      let low = try #require(price["low"] as? String)
      let high = try #require(price["high"] as? String)
      #expect(Decimal(string: low)! <= Decimal(string: high)!)
      #expect(!low.contains("$") && !low.contains("e") && price["value"] == nil)
      let name = try #require(price["name"] as? String)
      #expect(name == "purchase" || name.hasPrefix("per_hour_"))
      #expect(name.allSatisfy { $0.isLowercase || $0 == "_" })
    }
  }

  @Test("CSV has the same in columns")
  func csv() throws {
    let list = try Self.figures()
    let records = TextPage.records { list.print(on: $0) }
    let memory = try #require(records.first { $0["figure"] == "memory_gib" })
    #expect(memory["value"] == "80" && memory["unit"] == "GiB" && memory["low"] == "")
    let price = try #require(records.first { $0["figure"] == "per_hour_neocloud" })
    #expect(price["value"] == "" && price["low"] != "" && price["guess"] == "false")
  }

  @Test("A model says in which precision it is published")
  func model() throws {
    let catalogue = try CatalogueFile.shipped()
    let entry = try #require(catalogue.architectures["gpt-oss-120b"])
    let list = FigureList(title: "m", key: "model", figures: ModelList.figures(entry))
    let records = TextPage.records { list.print(on: $0) }
    #expect(records.first { $0["figure"] == "precision" }?["value"] == "w4a16")
    #expect(records.allSatisfy { $0["low"] == "" })
  }

  @Test("The list and an estimate agree on the rent")
  func rents() throws {
    let catalogue = try CatalogueFile.shipped()
    let records = TextPage.records { GPUList(catalogue).print(on: $0) }
    for entry in catalogue.accelerators.entries {
      let rent = catalogue.rent(of: entry.value).map { "\($0.range.estimate)" } ?? ""
      #expect(records.first { $0["name"] == entry.value.name }?["rent"] == rent)
    }
  }
}
