// SPDX-License-Identifier: Apache-2.0

public import Modeling

extension CatalogueFile {
  /// A catalogue with one model.
  public static func text(_ architecture: Architecture, source: String, date: String) -> String {
    var text = """
      catalogue: models
      version: \(date)
      models:
        - name: \(quoted(architecture.name))
          layers: \(architecture.layers)
          width: \(architecture.width)
          heads: \(architecture.heads)
          cache_heads: \(architecture.cacheHeads)
          head_dimension: \(architecture.headDimension)
          inner_width: \(architecture.innerWidth)
          gated: \(architecture.isGated)
          vocabulary: \(architecture.vocabulary)
          tied_embeddings: \(architecture.tiesEmbeddings)

      """
    if let latent = architecture.latent {
      text +=
        "    latent: {cache_rank: \(latent.cacheRank), rope_dimension: \(latent.ropeDimension), "
        + "query_rank: \(latent.queryRank), value_dimension: \(latent.valueDimension)}\n"
    }
    if let experts = architecture.experts {
      text +=
        "    experts: {count: \(experts.count), per_token: \(experts.perToken), "
        + "width: \(experts.width), shared_width: \(experts.sharedWidth), "
        + "layers: \(experts.layers)}\n"
    }
    if architecture.windowLayers > 0 {
      text += "    window: \(architecture.window)\n"
      text += "    window_layers: \(architecture.windowLayers)\n"
    }
    text += "    context: \(architecture.contextMax)\n"
    text += "    source: \(quoted(source))\n    date: \"\(date)\"\n"
    return text
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }

  /// The lists of a catalogue, as blocks of lines under their heading, so that comments and layout of
  /// what a person wrote stay.
  private static func blocks(_ text: String) -> [String: [Substring]] {
    var blocks: [String: [Substring]] = [:]
    var heading = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let first = line.first, first.isLetter, let colon = line.firstIndex(of: ":") {
        heading = String(line[..<colon])
        continue
      }
      if !line.isEmpty { blocks[heading, default: []].append(line) }
    }
    return blocks
  }

  /// Puts a catalogue's entries behind those of another, where they go before it.
  /// - Returns: the text, and the names that the addition brought.
  /// - Throws: ``FileProblem`` when the result would be no catalogue.
  public static func merging(
    _ addition: String, into known: String, file: String
  ) throws(FileProblem) -> (text: String, names: [String]) {
    var added = FleetCatalogue()
    try read(addition, file: file, into: &added)
    let (old, new) = (blocks(known), blocks(addition))
    var text = "# Added by `solvent fleet add`; entries further down go before.\n"
    text += "catalogue: models\nversion: own\n"
    for heading in ["sources", "models", "gpus", "prices", "sites"] {
      let lines =
        (old[heading] ?? [])
        + (new[heading] ?? []).filter { line in
          heading != "sources" || !(old[heading] ?? []).contains(line)
        }
      if !lines.isEmpty { text += "\(heading):\n" + lines.joined(separator: "\n") + "\n" }
    }
    var trial = FleetCatalogue()
    try read(text, file: file, into: &trial)
    let names =
      added.architectures.entries.map(\.value.name) + added.accelerators.entries.map(\.value.name)
      + added.prices.map { "\($0.accelerator) \($0.tier.name)" } + added.sites.map(\.name)
    return (text, names)
  }
}
