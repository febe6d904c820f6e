// SPDX-License-Identifier: Apache-2.0

/// Bits of what is stored and multiplied.
public struct Precision: Codable, Hashable, Sendable {
  /// Bits per weight as stored: 4, 8 or 16.
  public var weights: Int
  /// Of the arithmetic: what the engine multiplies with.
  public var activations: Int
  /// Bits per element of the KV cache.
  public var cache: Int

  public init(weights: Int, activations: Int, cache: Int) {
    self.weights = weights
    self.activations = activations
    self.cache = cache
  }

  enum CodingKeys: Int, CodingKey {
    case weights = 1
    case activations, cache
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    weights = try container.decode(Int.self, forKey: .weights)
    activations = try container.decode(Int.self, forKey: .activations)
    cache = try container.decode(Int.self, forKey: .cache)
    guard [weights, activations, cache].allSatisfy({ [4, 8, 16].contains($0) }) else {
      throw FleetError("a precision of \(weights)/\(activations)/\(cache) bits")
    }
  }

  /// 16 bits throughout.
  public static let bf16 = Precision(weights: 16, activations: 16, cache: 16)
  /// 8 bits throughout.
  public static let fp8 = Precision(weights: 8, activations: 8, cache: 8)
  /// 4 bits with a cache of 8.
  public static let fp4 = Precision(weights: 4, activations: 4, cache: 8)
  /// Weights of 4 bits, unpacked to multiply: AWQ, GPTQ, MXFP4 without its own arithmetic.
  public static let w4a16 = Precision(weights: 4, activations: 16, cache: 16)

  /// As files and flags write it: `bf16`, `fp8`, `fp4`, `w4a16`, or `8/8/16` for weights, activations
  /// and cache.
  public init?(name: String) {
    switch name.lowercased() {
    case "bf16", "fp16": self = .bf16
    case "fp8": self = .fp8
    case "int8": self = .fp8
    case "fp4", "nvfp4", "mxfp4": self = .fp4
    case "w4a16", "int4", "awq", "gptq": self = .w4a16
    default:
      let parts = name.split(separator: "/").map { Int($0) }
      guard parts.count == 3, let w = parts[0], let a = parts[1], let k = parts[2],
        [w, a, k].allSatisfy({ [4, 8, 16].contains($0) })
      else { return nil }
      self.init(weights: w, activations: a, cache: k)
    }
  }

  /// `bf16`, `fp8`, `fp4`, `w4a16`, or the bits, such as `8/8/16`.
  public var name: String {
    switch self {
    case .bf16: "bf16"
    case .fp8: "fp8"
    case .fp4: "fp4"
    case .w4a16: "w4a16"
    default: "\(weights)/\(activations)/\(cache)"
    }
  }
}

/// The software that serves: engines of one kind share coefficients, their versions differ a little.
public struct ServingStack: Codable, Hashable, Sendable {
  /// Kinds of engine that share coefficients.
  public enum Engine: Int, Codable, CaseIterable, Sendable {
    /// TensorRT-LLM with its C++ runtime, to 0.19.
    case tensorRT = 1
    /// TensorRT-LLM with its PyTorch backend, from 0.20.
    case tensorRTPyTorch
    /// vLLM, SGLang, ATOM and others whose scheduler is Python.
    case python

    /// The name in files.
    public var name: String {
      switch self {
      case .tensorRT: "tensorrt-llm"
      case .tensorRTPyTorch: "tensorrt-llm-pytorch"
      case .python: "python"
      }
    }
  }

  /// As measurements name it: `trtllm-1.0`, `vllm-2024`.
  public var name: String
  /// The kind of engine.
  public var engine: Engine
  /// Years since the beginning of 2025.
  public var age: Double
  /// Whether lengths vary as in MLPerf's data sets.
  public var isMLPerf: Bool

  public init(name: String, engine: Engine, age: Double, isMLPerf: Bool = false) {
    self.name = name
    self.engine = engine
    self.age = age
    self.isMLPerf = isMLPerf
  }

  enum CodingKeys: Int, CodingKey {
    case name = 1
    case engine, age, isMLPerf
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    engine = try container.decode(Engine.self, forKey: .engine)
    age = try container.decode(Double.self, forKey: .age)
    isMLPerf = try container.decode(Bool.self, forKey: .isMLPerf)
    guard abs(age) <= 1_000 else { throw FleetError("an engine of \(age) years") }
  }

  /// A stack by its name and the month in which it was measured.
  /// - Parameter month: `2024-11`, and nothing else.
  public init?(name: String, month: String) {
    let parts = month.split(separator: "-")
    guard parts.count == 2, let year = Double(parts[0]), let ordinal = Double(parts[1]),
      (2_015...2_100).contains(year), (1...12).contains(ordinal)
    else { return nil }
    let word = name.lowercased()
    let engine: Engine
    if word.hasPrefix("trtllm-") || word.hasPrefix("tensorrt-llm-") || word.hasPrefix("mlperf-trt")
    {
      let version = word.split(separator: "-").last.map(String.init) ?? ""
      let numbers = version.split(separator: ".").compactMap { Int($0) }
      let isPyTorch =
        numbers.count >= 2 && (numbers[0] >= 1 && numbers[0] < 100 || numbers[1] >= 20)
      engine = isPyTorch && !word.hasPrefix("mlperf") ? .tensorRTPyTorch : .tensorRT
    } else if word.hasPrefix("trt") {
      engine = .tensorRTPyTorch
    } else {
      engine = .python
    }
    self.init(
      name: name, engine: engine, age: year + (ordinal - 0.5) / 12 - 2_025,
      isMLPerf: word.hasPrefix("mlperf"))
  }

  /// What one would install today: of May 2026 and December 2025.
  public static let vllm = ServingStack(name: "vllm-2026", engine: .python, age: 1 + 4.5 / 12)
  /// SGLang as of May 2026.
  public static let sglang = ServingStack(name: "sglang-2026", engine: .python, age: 1 + 4.5 / 12)
  /// TensorRT-LLM 1.1, December 2025.
  public static let trtllm = ServingStack(
    name: "trtllm-1.1", engine: .tensorRTPyTorch, age: 11.5 / 12)
  /// The stacks that commands accept by name.
  public static let known: [ServingStack] = [.vllm, .sglang, .trtllm]
}

/// Tokens per request.
public struct RequestShape: Codable, Hashable, Sendable {
  /// Of the prompt, on average.
  public var input: Double
  /// Of the answer, on average.
  public var output: Double

  public init(input: Double, output: Double) {
    self.input = input
    self.output = output
  }

  enum CodingKeys: Int, CodingKey {
    case input = 1
    case output
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    input = try container.decode(Double.self, forKey: .input)
    output = try container.decode(Double.self, forKey: .output)
    guard (0...1e12).contains(input), (1...1e12).contains(output) else {
      throw FleetError("a request of \(input) input and \(output) output tokens is not possible")
    }
  }
}

/// How work arrives.
public enum ServingLoad: Hashable, Sendable {
  /// More requests than can be served: as many at once as memory takes. With a number, until those are
  /// done.
  case offline(requests: Double?)
  /// That many requests at once, all starting together.
  case batch(Double)
  /// That many users, each with the next request when one is answered.
  case closed(concurrency: Double)
  /// As many requests at once as keep the time between tokens below a limit, in seconds.
  case limited(timePerToken: Double)

  /// The kind of measurement with this load.
  public var kind: MeasuredPoint.Kind {
    switch self {
    case .offline: .offline
    case .batch: .batch
    case .closed: .closed
    case .limited: .limited
    }
  }
}

/// A model on hardware: what a performance estimate is about.
public struct Deployment: Hashable, Sendable {
  /// The model.
  public var architecture: Architecture
  /// The GPU; all GPUs of a deployment are equal.
  public var accelerator: Accelerator
  /// The engine and version.
  public var stack: ServingStack
  /// Bits of weights, arithmetic and cache.
  public var precision: Precision
  /// Over all replicas.
  public var gpus: Int
  /// GPUs that share each layer of a replica.
  public var tensorParallel: Int
  /// Attention by request instead: each GPU keeps whole attention layers and its own requests, and
  /// experts are spread over the replica.
  public var spreadsExperts: Bool

  /// - Parameter precision: the model's own when it is not said.
  public init(
    _ architecture: Architecture, on accelerator: Accelerator, stack: ServingStack = .vllm,
    precision: Precision? = nil, gpus: Int = 1, tensorParallel: Int? = nil,
    spreadsExperts: Bool = false
  ) {
    self.architecture = architecture
    self.accelerator = accelerator
    self.stack = stack
    self.precision = precision ?? architecture.precision(on: accelerator)
    self.gpus = gpus
    self.tensorParallel = tensorParallel ?? gpus
    self.spreadsExperts = spreadsExperts
  }

  /// GPUs of a replica.
  public var gpusPerReplica: Int { spreadsExperts ? gpus : tensorParallel }
  /// GPUs over GPUs per replica.
  public var replicas: Double { Double(gpus) / Double(gpusPerReplica) }
}

/// Why a deployment cannot be estimated.
public struct FleetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is not possible, with the figures.
  public let description: String
  /// - Parameter description: a sentence for the person who asked.
  public init(_ description: String) { self.description = description }
}
