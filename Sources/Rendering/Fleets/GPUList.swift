// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// The GPUs of a catalogue.
public struct GPUList {
  private let catalogue: FleetCatalogue

  public init(_ catalogue: FleetCatalogue) { self.catalogue = catalogue }

  /// `solvent.fleet.gpus/v1`
  private struct GPUJSON: Encodable {
    var name: String
    var aliases: [String]
    var vendor: String
    var generation: String
    var bf16Flops: Double
    var fp8Flops: Double
    var fp4Flops: Double
    var memoryBytes: Double
    var bandwidth: Double
    var link: Double
    var powerW: Double
    var rentPerHour: Double?
    var guesses: [String]
  }

  private struct ListJSON: Encodable {
    var currency: String
    var gpus: [GPUJSON]
  }

  private var json: ListJSON {
    ListJSON(
      currency: FleetEstimate.currency,
      gpus: catalogue.accelerators.entries.map { entry in
        let value = entry.value
        return GPUJSON(
          name: value.name, aliases: entry.aliases, vendor: value.vendor,
          generation: value.generation.name, bf16Flops: value.flops16, fp8Flops: value.flops8,
          fp4Flops: value.flops4, memoryBytes: value.memory, bandwidth: value.bandwidth,
          link: value.link, powerW: value.power,
          rentPerHour: catalogue.rent(of: value)?.range.estimate,
          guesses: entry.guesses)
      })
  }

  public func print(on page: Page) {
    switch page.format {
    case .json:
      page.json("solvent.fleet.gpus/v1", json)
    case .csv:
      page.line("name,generation,bf16_flops,fp8_flops,fp4_flops,memory,bandwidth,power_w,rent")
      for entry in catalogue.accelerators.entries {
        let value = entry.value
        page.line(
          CSVText.line([
            value.name, value.generation.name, "\(value.flops16)", "\(value.flops8)",
            "\(value.flops4)", "\(value.memory)", "\(value.bandwidth)", "\(value.power)",
            catalogue.rent(of: value).map { "\($0.range.estimate)" } ?? "",
          ]))
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: "GPU"), .init(title: "16 BIT", isNumber: true),
        .init(title: "8 BIT", isNumber: true), .init(title: "4 BIT", isNumber: true, rank: 2),
        .init(title: "MEMORY", isNumber: true), .init(title: "GB/S", isNumber: true),
        .init(title: "LINK GB/S", isNumber: true, rank: 3),
        .init(title: "WATTS", isNumber: true, rank: 1), .init(title: "RENT", isNumber: true),
        .init(title: "TIER, DATE", rank: 2), .init(title: "GUESSES", rank: 4),
      ])
      for entry in catalogue.accelerators.entries {
        let value = entry.value
        func tera(_ flops: Double) -> String { flops > 0 ? Rate.text(flops / 1e12) : "–" }
        let price = catalogue.rent(of: value)
        table.rows.append([
          value.name, tera(value.flops16), tera(max(value.flops8, value.integer8)),
          tera(value.flops4), String(format: "%.0f GiB", value.memory / 1_073_741_824),
          Rate.text(value.bandwidth / 1e9),
          value.link > 0 ? Rate.text(value.link / 1e9) : "PCIe", Rate.text(value.power),
          price.map { FleetEstimate.dollar($0.range.estimate) } ?? "–",
          price.map { "\($0.tier.name), \($0.date)\($0.isGuess ? ", guess" : "")" }
            ?? "", entry.guesses.joined(separator: " "),
        ])
      }
      table.print(on: page)
    }
  }

  /// All figures of a GPU, its prices included.
  public static func figures(
    _ entry: FleetCatalogue.Entry<Accelerator>, _ catalogue: FleetCatalogue
  ) -> [FigureList.Figure] {
    let value = entry.value
    let all: [(String, Double, String)] = [
      ("bf16_tflops", value.flops16 / 1e12, "TFLOP/s"),
      ("fp8_tflops", value.flops8 / 1e12, "TFLOP/s"),
      ("int8_tops", value.integer8 / 1e12, "TOP/s"),
      ("fp4_tflops", value.flops4 / 1e12, "TFLOP/s"),
      ("memory_gib", value.memory / 1_073_741_824, "GiB"),
      ("bandwidth_gb_s", value.bandwidth / 1e9, "GB/s"),
      ("link_gb_s", value.link / 1e9, "GB/s"), ("link_domain", Double(value.linkDomain), "GPUs"),
      ("pcie_gb_s", value.pcie / 1e9, "GB/s"), ("power_w", value.power, "W"),
      ("full_power_w", value.fullPower, "W"), ("server_w", value.serverPower, "W"),
    ]
    var figures = all.filter { $0.1 > 0 }.map { name, number, unit in
      FigureList.Figure(
        name: name, .number(number, unit: unit),
        number == number.rounded() ? Text.grouped(Int(number)) : Rate.text(number),
        source: entry.sources[name])
    }
    for price in catalogue.prices(of: value) {
      let amount =
        price.low == price.high
        ? FleetEstimate.dollar(price.low)
        : "\(FleetEstimate.dollar(price.low)) to \(FleetEstimate.dollar(price.high))"
      let tier = price.tier.name.replacing("-", with: "_")
      figures.append(
        .init(
          name: price.tier == .purchase ? "purchase" : "per_hour_\(tier)",
          label: price.tier == .purchase ? "purchase" : "per hour, \(price.tier.name)",
          .price(low: price.low, high: price.high), amount, source: price.source))
    }
    return figures
  }
}
