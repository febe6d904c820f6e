// SPDX-License-Identifier: Apache-2.0

/// What equations cannot know: how much of a data sheet's figure software reaches, and what it spends
/// besides. Fitted to measured points by ``CoefficientFit``; kept with date and errors in a file.
public enum Coefficient: Int, CaseIterable, Sendable {
  /// Part of the peak that matrix products reach in decoding and in prefill.
  case decodeCompute, prefillCompute
  /// Part of the memory bandwidth that reading weights, and reading the cache, reaches.
  case weightBandwidth, cacheBandwidth
  /// Part of the 16-bit peak that attention over a prompt reaches, and latent attention in decoding.
  case attentionCompute, latentCompute
  /// Part of the peak of 8, of 4 bits, relative to 16; and when weights are unpacked before.
  case derate8, derate4, derateUnpacked
  /// Bytes of activations moved, over the least possible.
  case activationTraffic
  /// Work of experts over an even spread.
  case expertImbalance
  /// Rows by which each expert that is used at all is padded; columns by which its slice is, in effect.
  case expertPadding, expertNarrowness
  /// Seconds of an all-reduce of nothing, C++ engines and Python engines; over PCIe as a multiple.
  case reduceLatency, reduceLatencyPython, reduceLatencyPCIe
  /// Part of the link's bandwidth that an all-reduce reaches; with 8 GPUs on a switch a multiple of it.
  case linkBandwidth, linkSwitch, pcieBandwidth
  /// Seconds of a step, of each layer, and of each sequence in a step, by kind of engine.
  case stepTensorRT, stepPyTorch, stepPython
  case layerTensorRT, layerPyTorch, layerPython
  case sequenceTensorRT, sequencePyTorch, sequencePython
  /// TensorRT's step and layer seconds with requests joining in flight, over those of a fixed batch.
  case inFlight
  /// Bytes moved to choose a token, for each word of the vocabulary.
  case sampling
  /// Power of (board watts / watts of the full board) by which compute falls.
  case powerLimit
  /// Bytes of each GPU that are no weights and no cache, whatever its size: the driver's context, graphs
  /// and activations of a step.
  case reservedMemory
  /// Part of each GPU's memory that engines leave alone besides.
  case reservedShare
  /// Part of what is then left that becomes cache; part of an answer's tokens for which room is kept.
  case cacheShare, answerReserve
  /// Time between tokens over its limit that is still taken; throughput kept where arrivals are random.
  case limitSlack, limitThroughput
  /// Throughput with the varied lengths of MLPerf's data sets, over that at their mean.
  case variedLengths
  /// Seconds a layer and token of context that CDNA3's decoding attention takes, whatever the batch.
  case serialAttention
  /// Growth of throughput a year with newer software (a logarithm), C++ and Python.
  case progress, progressPython
  /// Logarithms of compute and bandwidth reached, relative to Hopper.
  case computeAmpere, bandwidthAmpere, computeAda, bandwidthAda, computeBlackwell
  case bandwidthBlackwell, computeCDNA3, bandwidthCDNA3, computeCDNA4, bandwidthCDNA4

  /// What a fit may do to it.
  enum Range: Sendable {
    /// Between 0 and 1.
    case unit
    /// Above 0.
    case positive
    case free
  }

  /// The range, the value that one would guess, and how sure that is: one standard deviation, of the
  /// log-odds, the logarithm or the value itself.
  var prior: (range: Range, value: Double, spread: Double) {
    switch self {
    case .decodeCompute: (.unit, 0.7, 1)
    case .prefillCompute: (.unit, 0.8, 1)
    case .weightBandwidth: (.unit, 0.9, 0.8)
    case .cacheBandwidth: (.unit, 0.85, 1)
    case .attentionCompute: (.unit, 0.45, 1)
    case .latentCompute: (.unit, 0.3, 1)
    case .derate8: (.unit, 0.92, 1)
    case .derate4: (.unit, 0.75, 1)
    case .derateUnpacked: (.unit, 0.5, 1)
    case .activationTraffic: (.positive, 3, 0.5)
    case .expertImbalance: (.positive, 1.2, 0.25)
    case .expertPadding: (.positive, 40, 0.7)
    case .expertNarrowness: (.positive, 300, 0.8)
    case .reduceLatency: (.positive, 10e-6, 0.6)
    case .reduceLatencyPython: (.positive, 12e-6, 0.6)
    case .reduceLatencyPCIe: (.positive, 3, 0.4)
    case .linkBandwidth: (.unit, 0.5, 1)
    case .linkSwitch: (.positive, 1.5, 0.4)
    case .pcieBandwidth: (.unit, 0.8, 1)
    case .stepTensorRT: (.positive, 1e-3, 0.7)
    case .stepPyTorch: (.positive, 2e-3, 0.7)
    case .stepPython: (.positive, 2.5e-3, 0.7)
    case .layerTensorRT: (.positive, 20e-6, 0.7)
    case .layerPyTorch: (.positive, 20e-6, 0.7)
    case .layerPython: (.positive, 30e-6, 0.7)
    case .sequenceTensorRT: (.positive, 4e-6, 1)
    case .sequencePyTorch: (.positive, 10e-6, 1)
    case .sequencePython: (.positive, 30e-6, 0.7)
    case .inFlight: (.positive, 0.8, 0.3)
    case .sampling: (.positive, 20, 1)
    case .powerLimit: (.positive, 1, 0.5)
    // vLLM leaves 0.1 of the memory alone (`gpu_memory_utilization` of 0.9) and takes 1 to 3 GB for the
    // context, graphs and activations. Points tell only how much there is of both and of `cacheShare`
    // together, so both are held close to that.
    case .reservedMemory: (.positive, 2e9, 0.15)
    case .reservedShare: (.unit, 0.1, 0.15)
    case .cacheShare: (.unit, 0.88, 0.7)
    case .answerReserve: (.unit, 0.95, 1)
    case .limitSlack: (.positive, 1.05, 0.2)
    case .limitThroughput: (.positive, 0.9, 0.15)
    case .variedLengths: (.positive, 0.9, 0.2)
    case .serialAttention: (.positive, 5e-9, 1.5)
    case .progress, .progressPython: (.free, 0.05, 0.1)
    case .computeAmpere, .computeAda, .computeBlackwell: (.free, 0, 0.15)
    case .bandwidthAmpere, .bandwidthAda, .bandwidthBlackwell: (.free, 0, 0.1)
    case .computeCDNA3, .computeCDNA4: (.free, -0.4, 0.3)
    case .bandwidthCDNA3, .bandwidthCDNA4: (.free, -0.3, 0.3)
    }
  }

  /// The name in files.
  public var name: String { "\(self)" }

  /// The coefficient with this ``name``; `nil` for any other text.
  public init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// A value that a file may hold.
  public func isAllowed(_ value: Double) -> Bool {
    switch prior.range {
    case .unit: value > 1e-4 && value < 1
    case .positive: value > 1e-15 && value < 1e12
    case .free: abs(value) < 5
    }
  }
}

/// Values of all coefficients, and how single GPUs, models and versions differ from what the equations
/// with them say.
public struct Coefficients: Codable, Hashable, Sendable {
  var values: [Double]
  /// Logarithms by which throughput exceeds the equations; shrunk towards 0, and 0 for what was not
  /// measured.
  public var accelerators: [String: Double] = [:]
  /// The same by series of models.
  public var series: [String: Double] = [:]
  /// The same by model.
  public var architectures: [String: Double] = [:]
  /// The same by engine and version.
  public var stacks: [String: Double] = [:]

  /// The guesses.
  public init() { values = Coefficient.allCases.map(\.prior.value) }

  /// Logarithms by which something may differ from the equations: a factor of 22,000 either way.
  public static let effects = -10.0...10.0

  /// The value of a coefficient.
  public subscript(coefficient: Coefficient) -> Double {
    get { values[coefficient.rawValue] }
    set { values[coefficient.rawValue] = newValue }
  }

  /// The logarithm by which one deployment exceeds the equations.
  func effect(_ deployment: Deployment) -> Double {
    (accelerators[deployment.accelerator.name] ?? 0)
      + (series[deployment.architecture.series] ?? 0)
      + (architectures[deployment.architecture.family] ?? 0)
      + (stacks[deployment.stack.name] ?? 0)
  }

  /// Bytes of a GPU that are neither weights nor cache.
  func reserved(_ accelerator: Accelerator) -> Double {
    self[.reservedMemory] + self[.reservedShare] * accelerator.memory
  }

  enum CodingKeys: Int, CodingKey {
    case values = 1
    case accelerators, series, architectures, stacks
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    values = try container.decode([Double].self, forKey: .values)
    accelerators = try container.decode([String: Double].self, forKey: .accelerators)
    series = try container.decode([String: Double].self, forKey: .series)
    architectures = try container.decode([String: Double].self, forKey: .architectures)
    stacks = try container.decode([String: Double].self, forKey: .stacks)
    // Another version of the program may see other coefficients.
    guard values.count == Coefficient.allCases.count else {
      throw FleetError("\(values.count) coefficients")
    }
    for coefficient in Coefficient.allCases where !coefficient.isAllowed(self[coefficient]) {
      throw FleetError("\(coefficient.name) cannot be \(self[coefficient])")
    }
    for effects in [accelerators, series, architectures, stacks] {
      guard effects.values.allSatisfy({ Self.effects.contains($0) }) else {
        throw FleetError("an effect outside \(Self.effects)")
      }
    }
  }
}
