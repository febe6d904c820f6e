// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Fleet

/// Reads catalogues of models, GPUs and hardware prices; the formats are in `docs/FLEET.md`.
public enum CatalogueFile {
  /// What comes with the program.
  /// - Throws: ``FileProblem`` for a mistake in what ships, which tests rule out.
  public static func shipped() throws(FileProblem) -> FleetCatalogue {
    var catalogue = FleetCatalogue()
    for (bytes, file) in [
      (PackageResources.models_yaml, "built-in models.yaml"),
      (PackageResources.gpus_yaml, "built-in gpus.yaml"),
      (PackageResources.hardware_prices_yaml, "built-in hardware-prices.yaml"),
    ] {
      try read(String(decoding: bytes, as: UTF8.self), file: file, into: &catalogue)
    }
    return catalogue
  }

  /// Adds a file's entries; those of the same name are replaced, prices are put before.
  /// - Throws: ``FileProblem`` with line, key and remedy.
  public static func read(
    _ text: String, file: String, into catalogue: inout FleetCatalogue
  ) throws(FileProblem) {
    let root = try StrictYAML(text, file: file)
    let map = try root.map(["catalogue", "version", "sources", "models", "gpus", "prices", "sites"])
    let kind = try root.require("catalogue", in: map).text()
    guard ["models", "gpus", "prices"].contains(kind) else {
      throw root.problem("'\(kind)' is not a kind of catalogue; write models, gpus or prices")
    }
    _ = try root.require("version", in: map).text()
    for item in try map["models"]?.items() ?? [] {
      let entry = try model(item)
      catalogue.architectures.put(entry.value.name, entry)
    }
    var sources: [String: FigureSource] = [:]
    for (name, value) in try map["sources"]?.entries() ?? [] {
      let source = try value.map(["address", "date"])
      sources[name] = FigureSource(
        address: try value.require("address", in: source).text(),
        date: try value.require("date", in: source).text())
    }
    for item in try map["gpus"]?.items() ?? [] {
      let entry = try gpu(item, sources)
      catalogue.accelerators.put(entry.value.name, entry)
    }
    var prices: [HardwarePrice] = []
    for item in try map["prices"]?.items() ?? [] { prices.append(try price(item)) }
    catalogue.prices = prices + catalogue.prices
    var sites: [SiteCosts] = []
    for item in try map["sites"]?.items() ?? [] { sites.append(try site(item)) }
    catalogue.sites = sites + catalogue.sites
  }

  // MARK: Models

  private static func integer(_ yaml: StrictYAML) throws(FileProblem) -> Int {
    let text = try yaml.text()
    guard let value = Int(text), value >= 0 else {
      throw yaml.problem("'\(text)' is not a whole number")
    }
    return value
  }

  private static func model(
    _ yaml: StrictYAML
  ) throws(FileProblem) -> FleetCatalogue.Entry<Architecture> {
    let map = try yaml.map([
      "name", "aliases", "family", "layers", "width", "heads", "cache_heads", "head_dimension",
      "inner_width", "gated", "vocabulary", "tied_embeddings", "latent", "experts", "window",
      "window_layers", "context", "precision", "integers", "source", "date", "guess",
    ])
    func number(_ key: String) throws(FileProblem) -> Int {
      try integer(yaml.require(key, in: map))
    }
    var architecture = Architecture(
      name: try yaml.require("name", in: map).text(), family: try map["family"]?.text(),
      layers: try number("layers"), width: try number("width"), heads: try number("heads"),
      cacheHeads: try number("cache_heads"), headDimension: try number("head_dimension"),
      innerWidth: try number("inner_width"), isGated: try map["gated"]?.bool() ?? true,
      vocabulary: try number("vocabulary"),
      tiesEmbeddings: try map["tied_embeddings"]?.bool() ?? false,
      contextMax: try number("context"))
    if let latent = map["latent"] {
      let parts = try latent.map(["cache_rank", "rope_dimension", "query_rank", "value_dimension"])
      architecture.latent = .init(
        cacheRank: try integer(latent.require("cache_rank", in: parts)),
        ropeDimension: try integer(latent.require("rope_dimension", in: parts)),
        queryRank: try integer(latent.require("query_rank", in: parts)),
        valueDimension: try integer(latent.require("value_dimension", in: parts)))
    }
    if let experts = map["experts"] {
      let parts = try experts.map(["count", "per_token", "width", "shared_width", "layers"])
      architecture.experts = .init(
        count: try integer(experts.require("count", in: parts)),
        perToken: try integer(experts.require("per_token", in: parts)),
        width: try integer(experts.require("width", in: parts)),
        sharedWidth: try integer(experts.require("shared_width", in: parts)),
        layers: try integer(experts.require("layers", in: parts)))
    }
    if let window = map["window"] { architecture.window = try integer(window) }
    if let layers = map["window_layers"] { architecture.windowLayers = try integer(layers) }
    if let precision = map["precision"] { architecture.published = try self.precision(precision) }
    architecture.publishesIntegers = try map["integers"]?.bool() ?? false
    if let problem = architecture.problem {
      throw yaml.problem("is not a valid architecture: \(problem)")
    }
    let source = FigureSource(
      address: try yaml.require("source", in: map).text(),
      date: try yaml.require("date", in: map).text(), isGuess: try map["guess"]?.bool() ?? false)
    return .init(
      value: architecture, aliases: try texts(map["aliases"]), sources: ["configuration": source])
  }

  private static func precision(_ yaml: StrictYAML) throws(FileProblem) -> Precision {
    let text = try yaml.text()
    guard let precision = Precision(name: text) else {
      throw yaml.problem(
        "'\(text)' is not a valid precision; write weights/activations/cache in bits, as in 8/8/16")
    }
    return precision
  }

  private static func texts(_ yaml: StrictYAML?) throws(FileProblem) -> [String] {
    var texts: [String] = []
    for item in try yaml?.items() ?? [] { texts.append(try item.text()) }
    return texts
  }

  // MARK: GPUs

  private static let figures = [
    "bf16_tflops", "fp8_tflops", "int8_tops", "fp4_tflops", "memory_gib", "bandwidth_gb_s",
    "link_gb_s", "link_domain", "pcie_gb_s", "power_w", "full_power_w", "server_w",
  ]

  private static func gpu(
    _ yaml: StrictYAML, _ known: [String: FigureSource]
  ) throws(FileProblem) -> FleetCatalogue.Entry<Accelerator> {
    let map = try yaml.map(["name", "aliases", "vendor", "generation"] + figures)
    var sources: [String: FigureSource] = [:]
    func figure(_ key: String) throws(FileProblem) -> Double? {
      guard let value = map[key] else { return nil }
      let words = try value.text().split(separator: " ").map(String.init)
      guard let first = words.first, let number = Double(first), number > 0, number < 1e9 else {
        throw value.problem("expected 'NUMBER SOURCE' or 'NUMBER SOURCE guess'")
      }
      guard words.count == 2 || words.count == 3 && words[2] == "guess" else {
        throw value.problem("a figure needs a source: 'NUMBER SOURCE' or 'NUMBER SOURCE guess'")
      }
      guard var source = known[words[1]] else {
        let near =
          Spelling.hint(for: words[1], among: known.keys.sorted())
        throw value.problem("'\(words[1])' is not among the sources of this file\(near)")
      }
      source.isGuess = words.count == 3
      sources[key] = source
      return number
    }
    func required(_ key: String) throws(FileProblem) -> Double {
      guard let value = try figure(key) else { throw yaml.problem("'\(key)' is missing") }
      return value
    }
    let generation = try yaml.require("generation", in: map)
    guard let known = Accelerator.Generation(name: try generation.text()) else {
      let names = Accelerator.Generation.allCases.map(\.name).joined(separator: ", ")
      throw generation.problem("must be one of \(names)")
    }
    let accelerator = Accelerator(
      name: try yaml.require("name", in: map).text(),
      vendor: try yaml.require("vendor", in: map).text(), generation: known,
      flops16: try required("bf16_tflops") * 1e12, flops8: (try figure("fp8_tflops") ?? 0) * 1e12,
      integer8: (try figure("int8_tops") ?? 0) * 1e12,
      flops4: (try figure("fp4_tflops") ?? 0) * 1e12,
      memory: try required("memory_gib") * 1_073_741_824,
      bandwidth: try required("bandwidth_gb_s") * 1e9, link: (try figure("link_gb_s") ?? 0) * 1e9,
      linkDomain: Int(try figure("link_domain") ?? 1), pcie: (try figure("pcie_gb_s") ?? 32) * 1e9,
      power: try required("power_w"), fullPower: try figure("full_power_w"),
      serverPower: try figure("server_w"))
    if let problem = accelerator.problem { throw yaml.problem("is not a valid GPU: \(problem)") }
    return .init(value: accelerator, aliases: try texts(map["aliases"]), sources: sources)
  }

  // MARK: Prices

  private static func price(_ yaml: StrictYAML) throws(FileProblem) -> HardwarePrice {
    let map = try yaml.map(["gpu", "tier", "usd", "source", "date", "guess"])
    let tier = try yaml.require("tier", in: map)
    guard let known = HardwarePrice.Tier(name: try tier.text()) else {
      let names = HardwarePrice.Tier.allCases.map(\.name).joined(separator: ", ")
      throw tier.problem("must be one of \(names)")
    }
    let usd = try yaml.require("usd", in: map)
    let words = try usd.text().split(separator: " ")
    let numbers = words.filter { $0 != "to" }.compactMap { Double($0) }
    guard numbers.count == 1 && words.count == 1 || numbers.count == 2 && words.count == 3,
      let low = numbers.first, let high = numbers.last, low > 0, low <= high, high < 1e9
    else { throw usd.problem("expected an amount such as 2.95, or a range such as 2.5 to 3.5") }
    return HardwarePrice(
      accelerator: try yaml.require("gpu", in: map).text(), tier: known, low: low, high: high,
      source: FigureSource(
        address: try yaml.require("source", in: map).text(),
        date: try yaml.require("date", in: map).text(),
        isGuess: try map["guess"]?.bool() ?? false))
  }

  private static func site(_ yaml: StrictYAML) throws(FileProblem) -> SiteCosts {
    let keys = ["usd_per_kwh", "pue", "colocation_usd_per_kw_month"]
    let map = try yaml.map(["name"] + keys)
    var sources: [String: FigureSource] = [:]
    var values: [Double] = []
    for key in keys {
      let value = try yaml.require(key, in: map)
      let parts = try value.map(["value", "source", "date", "guess"])
      let text = try value.require("value", in: parts).text()
      guard let number = Double(text), number >= 0, number < 1e6 else {
        throw value.problem("'\(text)' is not a valid amount")
      }
      values.append(number)
      sources[key] = FigureSource(
        address: try value.require("source", in: parts).text(),
        date: try value.require("date", in: parts).text(),
        isGuess: try parts["guess"]?.bool() ?? false)
    }
    guard values[1] >= 1 else { throw yaml.problem("a PUE must be at least 1") }
    return SiteCosts(
      name: try yaml.require("name", in: map).text(), electricity: values[0], pue: values[1],
      colocation: values[2], sources: sources)
  }
}
