// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// The models of a catalogue.
public struct ModelList {
  private let entries: [FleetCatalogue.Entry<Architecture>]

  public init(_ entries: [FleetCatalogue.Entry<Architecture>]) { self.entries = entries }

  /// `solvent.fleet.models/v1`
  private struct ModelJSON: Encodable {
    var name: String
    var aliases: [String]
    var parameters: Double
    var activeParameters: Double
    var cacheBytesPerToken: Double
    var context: Int
    var source: String
    var date: String
    var guess: Bool
  }

  private struct ListJSON: Encodable {
    var models: [ModelJSON]
  }

  private var json: ListJSON {
    ListJSON(
      models: entries.map { entry in
        ModelJSON(
          name: entry.value.name, aliases: entry.aliases, parameters: entry.value.parameters,
          activeParameters: entry.value.activeParameters,
          cacheBytesPerToken: entry.value.cacheBytes(bits: 16),
          context: entry.value.contextMax,
          source: entry.sources["configuration"]?.address ?? "",
          date: entry.sources["configuration"]?.date ?? "", guess: !entry.guesses.isEmpty)
      })
  }

  static func billions(_ count: Double) -> String { String(format: "%.1fB", count / 1e9) }

  static func attention(_ architecture: Architecture) -> String {
    if architecture.latent != nil { return "latent" }
    let kind =
      architecture.cacheHeads == architecture.heads
      ? "multi-head" : "\(architecture.heads) on \(architecture.cacheHeads) heads"
    return architecture.windowLayers == 0
      ? kind : "\(kind), \(architecture.windowLayers) layers see \(architecture.window)"
  }

  static func experts(_ architecture: Architecture) -> String {
    architecture.experts.map { "\($0.perToken) of \($0.count)" } ?? "dense"
  }

  public func print(on page: Page) {
    switch page.format {
    case .json:
      page.json("solvent.fleet.models/v1", json)
    case .csv:
      page.line("name,parameters,active_parameters,cache_bytes_per_token,context,source,date")
      for entry in entries {
        let source = entry.sources["configuration"]
        page.line(
          CSVText.line([
            entry.value.name, "\(entry.value.parameters)", "\(entry.value.activeParameters)",
            "\(entry.value.cacheBytes(bits: 16))", "\(entry.value.contextMax)",
            source?.address ?? "", source?.date ?? "",
          ]))
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: "MODEL"), .init(title: "WEIGHTS", isNumber: true),
        .init(title: "ACTIVE", isNumber: true), .init(title: "EXPERTS", rank: 1),
        .init(title: "ATTENTION", rank: 3), .init(title: "KV PER TOKEN", isNumber: true),
        .init(title: "CONTEXT", isNumber: true, rank: 2), .init(title: "SOURCE", rank: 4),
      ])
      for entry in entries {
        let architecture = entry.value
        table.rows.append([
          architecture.name, Self.billions(architecture.parameters),
          Self.billions(architecture.activeParameters), Self.experts(architecture),
          Self.attention(architecture),
          String(format: "%.0f kB", architecture.cacheBytes(bits: 16) / 1e3),
          Text.grouped(architecture.contextMax), entry.sources["configuration"]?.address ?? "",
        ])
      }
      table.print(on: page)
    }
  }

  /// All figures of a model.
  public static func figures(_ entry: FleetCatalogue.Entry<Architecture>) -> [FigureList.Figure] {
    let source = entry.sources["configuration"]
    let value = entry.value
    var figures: [FigureList.Figure] = [
      .init(
        name: "parameters", label: "weights", .number(value.parameters, unit: ""),
        billions(value.parameters)),
      .init(
        name: "active_parameters", label: "active", .number(value.activeParameters, unit: ""),
        billions(value.activeParameters)),
      .init(
        name: "precision", label: "published precision", .text(value.published.name),
        value.published.name, source: source),
      .init(
        name: "cache_bytes_per_token", label: "KV per token, 16 bits",
        .number(value.cacheBytes(bits: 16), unit: "B"),
        String(format: "%.1f kB", value.cacheBytes(bits: 16) / 1e3)),
    ]
    func add(_ name: String, _ number: Int) {
      figures.append(
        .init(name: name, .number(Double(number), unit: ""), Text.grouped(number), source: source))
    }
    add("layers", value.layers)
    add("width", value.width)
    add("heads", value.heads)
    add("cache_heads", value.cacheHeads)
    add("head_dimension", value.headDimension)
    add("inner_width", value.innerWidth)
    add("vocabulary", value.vocabulary)
    add("context", value.contextMax)
    if let experts = value.experts {
      add("experts", experts.count)
      add("experts_per_token", experts.perToken)
      add("expert_width", experts.width)
      add("shared_width", experts.sharedWidth)
      add("expert_layers", experts.layers)
    }
    if let latent = value.latent {
      add("latent_cache_rank", latent.cacheRank)
      add("latent_rope_dimension", latent.ropeDimension)
      add("latent_query_rank", latent.queryRank)
      add("latent_value_dimension", latent.valueDimension)
    }
    if value.windowLayers > 0 {
      add("window", value.window)
      add("window_layers", value.windowLayers)
    }
    return figures
  }
}
