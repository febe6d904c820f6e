// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Ingestion
import Modeling

extension Fleet {
  struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Models whose architecture is known; one of them with every figure.")

    @OptionGroup var options: FleetOptions

    @Argument(help: "One model.")
    var name: String?

    func run() async throws {
      let known = try options.catalogues().architectures
      if let name {
        let entry = try known.entry(name, "model")
        FigureList(title: entry.value.name, key: "model", figures: ModelList.figures(entry))
          .print(options.output.format)
      } else {
        ModelList(entries: known.entries).print(options.output.format)
      }
    }
  }

  struct GPUs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gpus",
      abstract: "GPUs and what they cost; one of them with the source of every figure.")

    @OptionGroup var options: FleetOptions

    @Argument(help: "One GPU.")
    var name: String?

    func run() async throws {
      let catalogue = try options.catalogues()
      if let name {
        let entry = try catalogue.accelerators.entry(name, "GPU")
        FigureList(
          title: entry.value.name, key: "gpu", figures: GPUList.figures(entry, catalogue)
        ).print(options.output.format)
      } else {
        GPUList(catalogue: catalogue).print(options.output.format)
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a model from its config.json, or a catalogue file, to your own catalogue.",
      discussion: """
        Your catalogue is a folder, $SOLVENT_FLEET, else fleet in the data directory; every fleet command \
        reads its files in order of their names. A catalogue file (docs/FLEET.md) may hold models, GPUs \
        and prices; entries of the same name replace what is known. Adding a file of the same name again \
        replaces it; remove one to take it back.
        """)

    @OptionGroup var options: FleetOptions

    @Option(help: "What to call a model. Default: the folder of its config.json.")
    var name: String?

    @Option(help: "Where its configuration is from. Default: the file's path.")
    var source: String?

    @Argument(help: "A config.json, or a catalogue (YAML).", completion: .file())
    var file: String

    func run() async throws {
      let text = try FleetOptions.text(file)
      do {
        let isModel = file.hasSuffix(".json")
        let addition = isModel ? try modelEntry(text) : (text: text, name: stem(of: file))
        var alone = FleetCatalogue()
        try CatalogueFile.read(addition.text, file: file, into: &alone)
        let names =
          alone.architectures.entries.map(\.value.name)
          + alone.accelerators.entries.map(\.value.name)
          + alone.prices.map { "\($0.accelerator) \($0.tier.name)" } + alone.sites.map(\.name)
        guard !names.isEmpty else { throw Failure(ExitStatus.badFile, "\(file): holds no entry") }
        let folder = FleetOptions.ownCatalogue
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/\(addition.name).yaml"
        try Data(addition.text.utf8).write(to: URL(filePath: path), options: .atomic)
        if options.output.format == .json {
          Terminal.print(
            JSONText.object([
              ("schema", .string("solvent.fleet.add/v1")), ("file", .string(path)),
              ("entries", .array(names.map(JSONText.string))),
            ]).text)
        } else {
          Terminal.print("\(path): \(names.joined(separator: ", "))")
        }
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(
          ExitStatus.storage, "\(FleetOptions.ownCatalogue): \(error.localizedDescription)")
      }
    }

    private func stem(of path: String) -> String {
      Self.fileName(URL(filePath: path).deletingPathExtension().lastPathComponent)
    }

    private static func fileName(_ text: String) -> String {
      String(text.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" })
    }

    private func modelEntry(_ text: String) throws -> (text: String, name: String) {
      let url = URL(filePath: file).standardizedFileURL
      let called = name ?? url.deletingLastPathComponent().lastPathComponent
      let contents = try HuggingFaceConfig.read(text, file: file, name: called)
      let date = ISO8601DateFormatter.string(
        from: Date(), timeZone: .gmt, formatOptions: .withFullDate)
      return (
        CatalogueFile.text(contents.architecture, source: source ?? file, date: date),
        Self.fileName(called)
      )
    }
  }
}

/// Figures of one thing, each with its source.
struct FigureList {
  struct Figure {
    var name: String
    var value: String
    var source: FigureSource?
  }

  let title: String
  let key: String
  let figures: [Figure]

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.\(key)/v1")), (key, .string(title)),
          (
            "figures",
            .array(
              figures.map { figure in
                .object([
                  ("name", .string(figure.name)), ("value", .string(figure.value)),
                  ("source", figure.source.map { .string($0.address) } ?? .null),
                  ("date", figure.source.map { .string($0.date) } ?? .null),
                  ("guess", .bool(figure.source?.isGuess ?? false)),
                ])
              })
          ),
        ]).text)
    case .csv:
      Terminal.print("figure,value,source,date,guess")
      for figure in figures {
        Terminal.print(
          CSVText.line([
            figure.name, figure.value, figure.source?.address ?? "", figure.source?.date ?? "",
            "\(figure.source?.isGuess ?? false)",
          ]))
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: title), .init(title: "", isNumber: true), .init(title: "KNOWN"),
        .init(title: "DATE"), .init(title: "SOURCE", rank: 1),
      ])
      for figure in figures {
        table.rows.append([
          figure.name, figure.value,
          figure.source.map { $0.isGuess ? "guess" : "reported" } ?? "worked out",
          figure.source?.date ?? "", figure.source?.address ?? "",
        ])
      }
      table.print(as: format)
    }
  }
}

struct ModelList {
  let entries: [FleetCatalogue.Entry<Architecture>]

  static func billions(_ count: Double) -> String { String(format: "%.1f B", count / 1e9) }

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

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      let models = entries.map { entry -> JSONText in
        .object([
          ("name", .string(entry.value.name)),
          ("aliases", .array(entry.aliases.map(JSONText.string))),
          ("parameters", .number("\(entry.value.parameters)")),
          ("active_parameters", .number("\(entry.value.activeParameters)")),
          ("cache_bytes_per_token_16_bit", .number("\(entry.value.cacheBytes(bits: 16))")),
          ("context", .number("\(entry.value.contextMax)")),
          ("source", .string(entry.sources["configuration"]?.address ?? "")),
          ("date", .string(entry.sources["configuration"]?.date ?? "")),
          ("guess", .bool(!entry.guesses.isEmpty)),
        ])
      }
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.models/v1")), ("models", .array(models)),
        ]).text)
    case .csv:
      Terminal.print("name,parameters,active_parameters,cache_bytes_per_token,context,source,date")
      for entry in entries {
        let source = entry.sources["configuration"]
        Terminal.print(
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
        .init(title: "ATTENTION", rank: 3), .init(title: "KV A TOKEN", isNumber: true),
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
      table.print(as: format)
    }
  }

  static func figures(_ entry: FleetCatalogue.Entry<Architecture>) -> [FigureList.Figure] {
    let source = entry.sources["configuration"]
    let value = entry.value
    var figures: [FigureList.Figure] = [
      .init(name: "weights", value: billions(value.parameters)),
      .init(name: "active", value: billions(value.activeParameters)),
      .init(
        name: "KV a token, 16 bits",
        value: String(format: "%.1f kB", value.cacheBytes(bits: 16) / 1e3)),
    ]
    func add(_ name: String, _ number: Int) {
      figures.append(.init(name: name, value: Text.grouped(number), source: source))
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
