// SPDX-License-Identifier: Apache-2.0

public import Fleet

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
    if architecture.published != .bf16 {
      let bits = architecture.published
      text += "    precision: \(bits.weights)/\(bits.activations)/\(bits.cache)\n"
    }
    if architecture.publishesIntegers { text += "    integers: true\n" }
    text += "    source: \(quoted(source))\n    date: \"\(date)\"\n"
    return text
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }
}
