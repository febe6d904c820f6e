// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Fleet

/// Reads the `config.json` of a model on Hugging Face: the architectures whose cost the equations know,
/// by the keys that the transformers library (4.57, 2025) and the models' own code read.
public enum HuggingFaceConfig {
  public struct Contents: Sendable, Equatable {
    /// Published in what `quantization_config` says; in 16 bits without it and where it is not understood.
    public var architecture: Architecture
    /// Why the stored precision is not understood: it must then be named.
    public var precisionProblem: FileProblem?
  }

  /// Reads a file.
  /// - Parameter name: what to call the model.
  /// - Throws: ``FileProblem`` when a key is missing or the architecture is not supported.
  public static func read(
    _ text: String, file: String, name: String
  ) throws(FileProblem) -> Contents {
    let root = try StrictYAML(text, file: file)
    let reader = try Reader(root)
    var contents = Contents(architecture: try reader.architecture(name))
    do throws(FileProblem) {
      if let precision = try reader.precision() { contents.architecture.published = precision }
      contents.architecture.publishesIntegers = try reader.hasIntegerActivations()
    } catch {
      contents.precisionProblem = error
    }
    return contents
  }

  /// Keys are looked for in `text_config` first, then at the top.
  private struct Reader {
    let root: StrictYAML
    private var keys: [String: StrictYAML] = [:]
    let type: String

    init(_ root: StrictYAML) throws(FileProblem) {
      self.root = root
      for (key, value) in try root.entries() { keys[key] = value }
      if let nested = keys["text_config"], nested.isMap {
        for (key, value) in try nested.entries() { keys[key] = value }
      }
      type = try keys["model_type"]?.text() ?? ""
    }

    private func value(_ names: [String]) throws(FileProblem) -> StrictYAML? {
      for name in names {
        guard let value = keys[name] else { continue }
        if value.isScalar, try value.text() == "null" { continue }
        return value
      }
      return nil
    }

    private func number(_ names: String...) throws(FileProblem) -> Int? {
      guard let value = try value(names) else { return nil }
      let text = try value.text()
      guard let number = Int(text) ?? Double(text).flatMap({ Int(exactly: $0) }),
        (0...1_000_000_000).contains(number)
      else {
        throw value.problem("'\(text)' is not a whole number from 0 to 10^9")
      }
      return number
    }

    private func required(_ names: String...) throws(FileProblem) -> Int {
      for name in names { if let number = try number(name) { return number } }
      throw root.problem("'\(names[0])' is missing")
    }

    private func flag(_ name: String) throws(FileProblem) -> Bool? {
      guard let value = try value([name]) else { return nil }
      return try value.text() == "true"
    }

    private func list(_ name: String) throws(FileProblem) -> [String]? {
      guard let value = try value([name]) else { return nil }
      var texts: [String] = []
      for item in try value.items() { texts.append(try item.text()) }
      return texts
    }

    func architecture(_ name: String) throws(FileProblem) -> Architecture {
      try refuseUnknownAttention()
      let layers = try required("num_hidden_layers", "n_layer", "n_layers")
      guard (1...10_000).contains(layers) else { throw root.problem("has \(layers) layers") }
      let width = try required("hidden_size", "n_embd", "n_embed", "d_model")
      let heads = try required("num_attention_heads", "n_head", "num_heads")
      let inner =
        try number("intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_dim")
        ?? 4 * width
      let queryNope = try number("qk_nope_head_dim")
      let rope = try number("qk_rope_head_dim") ?? 0
      var headDimension = try number("head_dim") ?? width / max(1, heads)
      let cacheRank = try number("kv_lora_rank")
      // With a latent, `head_dim` may mean the part with positions only.
      if cacheRank != nil, let queryNope { headDimension = queryNope + rope }
      let isTied = ["gpt2", "opt", "bloom", "gemma", "gemma2", "gemma3", "gemma3_text"]
      var architecture = Architecture(
        name: name, layers: layers, width: width, heads: heads,
        cacheHeads: try cacheHeads(heads), headDimension: headDimension, innerWidth: inner,
        isGated: try isGated(), vocabulary: try required("vocab_size"),
        tiesEmbeddings: try flag("tie_word_embeddings") ?? isTied.contains(type),
        contextMax: try number(
          "max_position_embeddings", "n_positions", "n_ctx", "seq_length", "max_seq_len")
          ?? 1_000_000)
      if let cacheRank {
        architecture.latent = .init(
          cacheRank: cacheRank, ropeDimension: rope, queryRank: try number("q_lora_rank") ?? 0,
          valueDimension: try number("v_head_dim") ?? headDimension - rope)
      }
      architecture.experts = try experts(layers, width)
      (architecture.window, architecture.windowLayers) = try windows(layers)
      if let problem = architecture.problem {
        throw root.problem("is not a valid model: \(problem)")
      }
      return architecture
    }

    /// Three feed-forward matrices or two: by the type where it is known, else by the activation, since
    /// plain GELU and ReLU come without a gate in all that are.
    private func isGated() throws(FileProblem) -> Bool {
      let plain = [
        "gpt2", "gptj", "gpt_neo", "gpt_neox", "opt", "bloom", "falcon", "gpt_bigcode",
        "starcoder2",
        "nemotron", "phi", "mpt", "codegen", "apertus", "persimmon", "xglm", "biogpt",
      ]
      let gated = [
        "llama", "mistral", "mixtral", "qwen", "gemma", "deepseek", "phi3", "phi4", "glm", "kimi",
        "minimax", "gpt_oss", "cohere", "olmo", "granite", "exaone", "internlm", "baichuan", "yi",
        "dbrx", "grok", "stablelm", "smollm", "ernie", "hunyuan", "seed_oss",
      ]
      if plain.contains(type) { return false }
      if gated.contains(where: type.hasPrefix) { return true }
      let activation = try value(["hidden_act", "activation_function", "hidden_activation"])?.text()
      return !["gelu", "gelu_new", "gelu_fast", "relu", "relu2"].contains(activation ?? "")
    }

    private func refuseUnknownAttention() throws(FileProblem) {
      let types = try list("layer_types") ?? []
      let kinds = try list("attn_type_list") ?? []
      let linear = ["full_attention_interval", "linear_attn_config", "ssm_cfg", "mamba_d_state"]
      if types.contains(where: { $0.contains("linear") || $0.contains("mamba") })
        || kinds.contains("0") || linear.contains(where: { keys[$0] != nil })
      {
        throw root.problem(
          "has layers with linear attention or a state space, which the equations do not cover")
      }
      if try flag("is_encoder_decoder") == true {
        throw root.problem("is an encoder-decoder; only decoder models are supported")
      }
    }

    private func cacheHeads(_ heads: Int) throws(FileProblem) -> Int {
      if type == "falcon", try flag("new_decoder_architecture") != true {
        return try flag("multi_query") == false ? heads : 1
      }
      if let given = try number("num_key_value_heads", "num_kv_heads", "n_head_kv") { return given }
      return heads
    }

    private func experts(_ layers: Int, _ width: Int) throws(FileProblem) -> Architecture.Experts? {
      guard
        let count = try number(
          "n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts"), count > 1
      else { return nil }
      let perToken = try required(
        "num_experts_per_tok", "experts_per_token", "num_experts_per_token", "moe_top_k")
      let inner = try required("moe_intermediate_size", "intermediate_size")
      var shared = 0
      if let width = try number("shared_expert_intermediate_size", "shared_intermediate_size") {
        shared = width
      } else if let number = try number("n_shared_experts", "num_shared_experts") {
        shared = number * inner
      } else if type.hasPrefix("llama4") {
        shared = inner
      }
      return .init(
        count: count, perToken: perToken, width: inner, sharedWidth: shared,
        layers: try expertLayers(layers))
    }

    private func expertLayers(_ layers: Int) throws(FileProblem) -> Int {
      if let listed = try list("moe_layers"), !listed.isEmpty { return listed.count }
      if let step = try number("interleave_moe_layer_step"), step > 1 { return layers / step }
      let dense = try number("first_k_dense_replace") ?? 0
      let frequency = max(1, try number("moe_layer_freq", "decoder_sparse_step") ?? 1)
      let without = Set(try list("mlp_only_layers") ?? [])
      return (0..<layers).count { layer in
        let isOnStep =
          keys["decoder_sparse_step"] != nil
          ? (layer + 1) % frequency == 0 : layer % frequency == 0
        return layer >= dense && isOnStep && !without.contains("\(layer)")
      }
    }

    /// The length of the window and how many layers have it.
    private func windows(_ layers: Int) throws(FileProblem) -> (Int, Int) {
      guard let window = try number("sliding_window"), window > 0 else { return (0, 0) }
      if let types = try list("layer_types") {
        return (window, types.count { $0 == "sliding_attention" })
      }
      // Qwen writes a window and does not use it.
      if try flag("use_sliding_window") == false { return (0, 0) }
      if let pattern = try number("sliding_window_pattern", "_sliding_window_pattern"), pattern > 0
      {
        return (window, layers - layers / pattern)
      }
      if type == "gemma2" { return (window, (layers + 1) / 2) }
      if type.hasPrefix("gemma3") { return (window, layers - layers / 6) }
      return (window, layers)
    }

    func precision() throws(FileProblem) -> Precision? {
      guard let value = try value(["quantization_config", "compression_config"]), value.isMap else {
        return nil
      }
      var parts: [String: StrictYAML] = [:]
      for (key, value) in try value.entries() { parts[key] = value }
      let method = try parts["quant_method"].map { yaml throws(FileProblem) in try yaml.text() }
      let hasCache = try parts["kv_cache_scheme"].map { yaml throws(FileProblem) in
        yaml.isMap ? true : try yaml.text() != "null"
      }
      let cache = hasCache == true ? 8 : 16
      switch method {
      case "fp8", "fbgemm_fp8": return Precision(weights: 8, activations: 8, cache: cache)
      case "mxfp4": return Precision(weights: 4, activations: 16, cache: cache)
      case "compressed-tensors": return try compressed(parts, cache)
      default: break
      }
      if let bits = parts["bits"].flatMap({ try? $0.text() }).flatMap({ Int($0) }) {
        return Precision(weights: bits <= 4 ? 4 : 8, activations: 16, cache: cache)
      }
      if let four = parts["load_in_4bit"], try four.text() == "true" {
        return Precision(weights: 4, activations: 16, cache: cache)
      }
      throw value.problem(
        "the storage format of the weights is not supported; give the precision: --precision fp8")
    }

    /// `config_groups`: the bits of the first group's weights and inputs.
    private func compressed(
      _ parts: [String: StrictYAML], _ cache: Int
    ) throws(FileProblem) -> Precision? {
      let weights = try scheme("weights", parts)["num_bits"].flatMap(Int.init)
      guard let weights, [4, 8].contains(weights) else { return nil }
      let inputs = try scheme("input_activations", parts)["num_bits"].flatMap(Int.init)
      return Precision(weights: weights, activations: inputs ?? 16, cache: cache)
    }

    /// Whether the first group's inputs are integers (`type: int`), as in checkpoints called w8a8.
    func hasIntegerActivations() throws(FileProblem) -> Bool {
      guard let value = try value(["quantization_config", "compression_config"]), value.isMap else {
        return false
      }
      var parts: [String: StrictYAML] = [:]
      for (key, value) in try value.entries() { parts[key] = value }
      return try scheme("input_activations", parts)["type"] == "int"
    }

    /// The plain values of one scheme of the first of `config_groups`.
    private func scheme(
      _ name: String, _ parts: [String: StrictYAML]
    ) throws(FileProblem) -> [String: String] {
      guard let groups = parts["config_groups"], groups.isMap,
        let group = try groups.entries().first?.value, group.isMap
      else { return [:] }
      var values: [String: String] = [:]
      for (key, scheme) in try group.entries() where key == name && scheme.isMap {
        for (key, value) in try scheme.entries() where value.isScalar {
          values[key] = try value.text()
        }
      }
      return values
    }
  }
}
