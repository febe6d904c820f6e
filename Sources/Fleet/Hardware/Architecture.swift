// SPDX-License-Identifier: Apache-2.0

/// The shape of a transformer, by the values of its configuration: dense or mixture of experts, with
/// grouped, multi-head or latent attention, with or without sliding windows.
public struct Architecture: Codable, Hashable, Sendable {
  /// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): the cache holds one
  /// compressed vector per token and layer, whatever the number of heads.
  public struct Latent: Codable, Hashable, Sendable {
    /// Elements of the compressed keys and values.
    public var cacheRank: Int
    /// Elements of the key that carry the position, cached beside.
    public var ropeDimension: Int
    /// Elements of compressed queries; 0 when queries are not compressed.
    public var queryRank: Int
    /// Elements per head of the values.
    public var valueDimension: Int

    public init(cacheRank: Int, ropeDimension: Int, queryRank: Int, valueDimension: Int) {
      self.cacheRank = cacheRank
      self.ropeDimension = ropeDimension
      self.queryRank = queryRank
      self.valueDimension = valueDimension
    }

    enum CodingKeys: Int, CodingKey {
      case cacheRank = 1
      case ropeDimension, queryRank, valueDimension
    }
  }

  /// Feed-forward layers of which each token passes only some.
  public struct Experts: Codable, Hashable, Sendable {
    /// In each such layer.
    public var count: Int
    /// That a token passes, shared ones not counted.
    public var perToken: Int
    /// Inner width of one.
    public var width: Int
    /// Inner width of what every token passes beside them; 0 when there is none.
    public var sharedWidth: Int
    /// Layers that have experts; the others are dense.
    public var layers: Int

    public init(count: Int, perToken: Int, width: Int, sharedWidth: Int, layers: Int) {
      self.count = count
      self.perToken = perToken
      self.width = width
      self.sharedWidth = sharedWidth
      self.layers = layers
    }

    enum CodingKeys: Int, CodingKey {
      case count = 1
      case perToken, width, sharedWidth, layers
    }
  }

  /// The name in catalogues and commands.
  public var name: String
  /// Models of one family have the same shape: what is known of one holds for all.
  public var family: String
  /// The number of transformer layers.
  public var layers: Int
  /// Elements of a token's state between layers (`hidden_size`).
  public var width: Int
  /// Query heads per layer.
  public var heads: Int
  /// Heads of keys and values; fewer than `heads` with grouped-query attention.
  public var cacheHeads: Int
  /// Elements per head.
  public var headDimension: Int
  /// Inner width of dense feed-forward layers (`intermediate_size`).
  public var innerWidth: Int
  /// Three feed-forward matrices instead of two.
  public var isGated: Bool
  /// The number of tokens in the vocabulary.
  public var vocabulary: Int
  /// The output head is the input embedding.
  public var tiesEmbeddings: Bool
  /// `nil` for models without latent attention.
  public var latent: Latent?
  /// `nil` for dense models.
  public var experts: Experts?
  /// Tokens that a sliding-window layer looks back on; 0 without such layers.
  public var window: Int
  /// Layers with a sliding window.
  public var windowLayers: Int
  /// Most tokens of prompt and answer together.
  public var contextMax: Int
  /// What its weights are published in, with the activations and the cache that go with them.
  public var published: Precision
  /// Published activations of 8 bits are integers, not floating point.
  public var publishesIntegers: Bool

  public init(
    name: String, family: String? = nil, layers: Int, width: Int, heads: Int, cacheHeads: Int,
    headDimension: Int, innerWidth: Int, isGated: Bool = true, vocabulary: Int,
    tiesEmbeddings: Bool = false,
    latent: Latent? = nil, experts: Experts? = nil, window: Int = 0, windowLayers: Int = 0,
    contextMax: Int, published: Precision = .bf16, publishesIntegers: Bool = false
  ) {
    self.name = name
    self.family = family ?? name
    self.layers = layers
    self.width = width
    self.heads = heads
    self.cacheHeads = cacheHeads
    self.headDimension = headDimension
    self.innerWidth = innerWidth
    self.isGated = isGated
    self.vocabulary = vocabulary
    self.tiesEmbeddings = tiesEmbeddings
    self.latent = latent
    self.experts = experts
    self.window = window
    self.windowLayers = windowLayers
    self.contextMax = contextMax
    self.published = published
    self.publishesIntegers = publishesIntegers
  }

  enum CodingKeys: Int, CodingKey {
    case name = 1
    case family, layers, width, heads, cacheHeads, headDimension, innerWidth, isGated, vocabulary
    case tiesEmbeddings, latent, experts, window, windowLayers, contextMax, published
    case publishesIntegers
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    family = try container.decode(String.self, forKey: .family)
    layers = try container.decode(Int.self, forKey: .layers)
    width = try container.decode(Int.self, forKey: .width)
    heads = try container.decode(Int.self, forKey: .heads)
    cacheHeads = try container.decode(Int.self, forKey: .cacheHeads)
    headDimension = try container.decode(Int.self, forKey: .headDimension)
    innerWidth = try container.decode(Int.self, forKey: .innerWidth)
    isGated = try container.decode(Bool.self, forKey: .isGated)
    vocabulary = try container.decode(Int.self, forKey: .vocabulary)
    tiesEmbeddings = try container.decode(Bool.self, forKey: .tiesEmbeddings)
    latent = try container.decodeIfPresent(Latent.self, forKey: .latent)
    experts = try container.decodeIfPresent(Experts.self, forKey: .experts)
    window = try container.decode(Int.self, forKey: .window)
    windowLayers = try container.decode(Int.self, forKey: .windowLayers)
    contextMax = try container.decode(Int.self, forKey: .contextMax)
    published = try container.decode(Precision.self, forKey: .published)
    publishesIntegers = try container.decode(Bool.self, forKey: .publishesIntegers)
    if let problem { throw FleetError("\(name): \(problem)") }
  }

  /// What models of several sizes are called together: `mixtral` of `mixtral-8x22b`, `gpt-oss` of
  /// `gpt-oss-120b`. They share more than equations know, such as how evenly experts are chosen.
  public var series: String {
    let parts = family.split(separator: "-")
    let sizeless = parts.prefix { $0.first?.isNumber == false }
    return sizeless.count < parts.count
      ? sizeless.joined(separator: "-") : String(parts.first ?? "")
  }

  /// Why the numbers make no architecture; `nil` when they do.
  public var problem: String? {
    let bounded = [
      ("layers", layers, 10_000), ("width", width, 1_000_000), ("heads", heads, 100_000),
      ("cache heads", cacheHeads, 100_000), ("head dimension", headDimension, 100_000),
      ("vocabulary", vocabulary, 100_000_000), ("context", contextMax, 1_000_000_000),
    ]
    for (name, value, most) in bounded where value < 1 || value > most {
      return "\(name) of \(value), outside 1 to \(most)"
    }
    if heads % cacheHeads != 0 { return "\(heads) heads on \(cacheHeads) heads of the cache" }
    if innerWidth < 0 || innerWidth > 10_000_000 { return "an inner width of \(innerWidth)" }
    if window < 0 || windowLayers < 0 || windowLayers > layers {
      return "\(windowLayers) of \(layers) layers with a window"
    }
    if windowLayers > 0 && window == 0 { return "layers with a window of unknown length" }
    if let experts {
      guard (1...100_000).contains(experts.count), (1...experts.count).contains(experts.perToken),
        (1...10_000_000).contains(experts.width), (0...10_000_000).contains(experts.sharedWidth),
        (1...layers).contains(experts.layers)
      else { return "\(experts.perToken) of \(experts.count) experts in \(experts.layers) layers" }
    }
    if let latent {
      guard (1...1_000_000).contains(latent.cacheRank), (0...1_000_000).contains(latent.queryRank),
        (1...1_000_000).contains(latent.valueDimension),
        (0..<headDimension).contains(latent.ropeDimension)
      else { return "a latent of \(latent.cacheRank) + \(latent.ropeDimension) elements" }
    }
    return nil
  }
}

extension Architecture {
  /// What the configuration means in weights, cache and traffic. Counts of elements (weights, values),
  /// over all layers, unless said otherwise.
  struct Work: Hashable, Sendable {
    /// Attention matrices: queries, keys, values, output; or their compressed forms.
    var attention: Double
    /// Dense feed-forward layers.
    var feedForward: Double
    /// What every token passes beside the experts.
    var shared: Double
    /// All experts.
    var experts: Double
    var router: Double
    /// The output head: a token each way is a row of it.
    var head: Double
    /// The input embedding, where it is not the head. It is stored and looked up, never multiplied.
    var embedding: Double
    /// Cached elements per token and layer.
    var cache: Double
    /// Elements that a token brings into and out of the matrices at the least.
    var activations: Double

    /// Without the experts.
    var dense: Double { attention + feedForward + shared + router }
    /// Everything that lies in memory.
    var total: Double { dense + experts + head + embedding }
  }

  var work: Work {
    let (d, h, kv, dh) = (Double(width), Double(heads), Double(cacheHeads), Double(headDimension))
    let all = Double(layers)
    let matrices = isGated ? 3.0 : 2.0
    let expertLayers = Double(experts?.layers ?? 0)
    let denseLayers = all - expertLayers
    var attention = 2 * d * h * dh + 2 * d * kv * dh
    var cache = 2 * kv * dh
    var attentionTraffic = 4 * d + 2 * h * dh + 2 * kv * dh
    if let latent {
      let (rank, rope) = (Double(latent.cacheRank), Double(latent.ropeDimension))
      let (query, value) = (Double(latent.queryRank), Double(latent.valueDimension))
      attention =
        (query > 0 ? d * query + query * h * dh : d * h * dh) + d * (rank + rope)
        + rank * h * (dh - rope + value) + h * value * d
      cache = rank + rope
      attentionTraffic = 4 * d + 2 * h * dh + 2 * cache + 2 * h * value
    }
    var traffic = all * attentionTraffic + denseLayers * (2 * d + matrices * Double(innerWidth))
    var work = Work(
      attention: attention * all, feedForward: matrices * d * Double(innerWidth) * denseLayers,
      shared: 0, experts: 0, router: 0, head: d * Double(vocabulary),
      embedding: tiesEmbeddings ? 0 : d * Double(vocabulary), cache: cache, activations: 0)
    if let experts {
      let (inner, beside) = (Double(experts.width), Double(experts.sharedWidth))
      work.shared = matrices * d * beside * expertLayers
      work.experts = matrices * d * inner * Double(experts.count) * expertLayers
      work.router = d * Double(experts.count) * expertLayers
      traffic += expertLayers * (2 * d + matrices * inner) * Double(experts.perToken)
      if beside > 0 { traffic += expertLayers * (2 * d + matrices * beside) }
    }
    work.activations = traffic
    return work
  }

  /// Weights, in all.
  public var parameters: Double { work.total }

  /// Weights that a token is multiplied with, the output head included.
  public var activeParameters: Double {
    let work = work
    let share = experts.map { Double($0.perToken) / Double($0.count) } ?? 0
    return work.dense + work.experts * share + work.head
  }

  /// Bytes of cache that a token takes in all layers.
  public func cacheBytes(bits: Int) -> Double { work.cache * Double(layers) * Double(bits) / 8 }
}
