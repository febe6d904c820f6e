// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

struct GPUList {
  let catalogue: FleetCatalogue

  private func rent(_ accelerator: Accelerator) -> HardwarePrice? {
    let known = catalogue.prices.filter {
      catalogue.accelerators[$0.accelerator]?.value.name == accelerator.name
        && $0.tier != .purchase && $0.tier != .ownHyperscaler && $0.tier != .ownNeocloud
    }
    return known.first { $0.tier == .neocloud } ?? known.first
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      let gpus = catalogue.accelerators.entries.map { entry -> JSONText in
        let value = entry.value
        return .object([
          ("name", .string(value.name)), ("aliases", .array(entry.aliases.map(JSONText.string))),
          ("vendor", .string(value.vendor)), ("generation", .string(value.generation.name)),
          ("bf16_flops", .number("\(value.flops16)")), ("fp8_flops", .number("\(value.flops8)")),
          ("fp4_flops", .number("\(value.flops4)")), ("memory_bytes", .number("\(value.memory)")),
          ("bandwidth", .number("\(value.bandwidth)")), ("link", .number("\(value.link)")),
          ("power_w", .number("\(value.power)")),
          ("rent_usd", rent(value).map { .number("\($0.middle)") } ?? .null),
          ("guesses", .array(entry.guesses.map(JSONText.string))),
        ])
      }
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.gpus/v1")), ("gpus", .array(gpus)),
        ]).text)
    case .csv:
      Terminal.print("name,generation,bf16_flops,fp8_flops,fp4_flops,memory,bandwidth,power_w,rent")
      for entry in catalogue.accelerators.entries {
        let value = entry.value
        Terminal.print(
          CSVText.line([
            value.name, value.generation.name, "\(value.flops16)", "\(value.flops8)",
            "\(value.flops4)", "\(value.memory)", "\(value.bandwidth)", "\(value.power)",
            rent(value).map { "\($0.middle)" } ?? "",
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
        let price = rent(value)
        table.rows.append([
          value.name, tera(value.flops16), tera(max(value.flops8, value.integer8)),
          tera(value.flops4), String(format: "%.0f GiB", value.memory / 1_073_741_824),
          Rate.text(value.bandwidth / 1e9),
          value.link > 0 ? Rate.text(value.link / 1e9) : "PCIe", Rate.text(value.power),
          price.map { FleetEstimate.dollar($0.middle) } ?? "–",
          price.map { "\($0.tier.name), \($0.source.date)\($0.source.isGuess ? ", guess" : "")" }
            ?? "", entry.guesses.joined(separator: " "),
        ])
      }
      table.print(as: format)
    }
  }

  static func figures(
    _ entry: FleetCatalogue.Entry<Accelerator>, _ catalogue: FleetCatalogue
  ) -> [FigureList.Figure] {
    let value = entry.value
    let all: [(String, Double)] = [
      ("bf16_tflops", value.flops16 / 1e12), ("fp8_tflops", value.flops8 / 1e12),
      ("int8_tops", value.integer8 / 1e12), ("fp4_tflops", value.flops4 / 1e12),
      ("memory_gib", value.memory / 1_073_741_824), ("bandwidth_gb_s", value.bandwidth / 1e9),
      ("link_gb_s", value.link / 1e9), ("link_domain", Double(value.linkDomain)),
      ("pcie_gb_s", value.pcie / 1e9), ("power_w", value.power),
      ("full_power_w", value.fullPower), ("server_w", value.serverPower),
    ]
    var figures = all.filter { $0.1 > 0 }.map {
      FigureList.Figure(
        name: $0.0, value: $0.1 == $0.1.rounded() ? Text.grouped(Int($0.1)) : Rate.text($0.1),
        source: entry.sources[$0.0])
    }
    for price in catalogue.prices
    where catalogue.accelerators[price.accelerator]?.value.name == value.name {
      let amount =
        price.low == price.high
        ? FleetEstimate.dollar(price.low)
        : "\(FleetEstimate.dollar(price.low)) to \(FleetEstimate.dollar(price.high))"
      figures.append(
        .init(
          name: price.tier == .purchase ? "purchase" : "an hour, \(price.tier.name)",
          value: amount, source: price.source))
    }
    return figures
  }
}
