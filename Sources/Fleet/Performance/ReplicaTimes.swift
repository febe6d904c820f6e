// SPDX-License-Identifier: Apache-2.0

import Determinism

/// Where the time of a step goes, in seconds.
public struct StepTime: Hashable, Sendable {
  /// Reading weights.
  public var weights = 0.0
  /// Reading the cache of keys and values.
  public var cache = 0.0
  /// Arithmetic, and moving activations, which grows with tokens alike.
  public var compute = 0.0
  /// Between the GPUs of a replica.
  public var communication = 0.0
  /// Launching, scheduling, sampling.
  public var host = 0.0

  /// Seconds of all parts.
  public var total: Double { weights + cache + compute + communication + host }

  static func + (a: StepTime, b: StepTime) -> StepTime {
    var sum = a
    sum.weights += b.weights
    sum.cache += b.cache
    sum.compute += b.compute
    sum.communication += b.communication
    sum.host += b.host
    return sum
  }

  static func * (a: StepTime, factor: Double) -> StepTime {
    var product = a
    product.weights *= factor
    product.cache *= factor
    product.compute *= factor
    product.communication *= factor
    product.host *= factor
    return product
  }
}

/// A whole batch from its prompts to its last tokens.
struct ServingCycle {
  var prefill: StepTime
  var decode: StepTime

  /// Seconds.
  var total: Double { prefill.total + decode.total }
}

/// The times of one replica: everything that does not depend on the batch, worked out once. Equations
/// and sources are in `docs/FLEET.md`, with the same names.
struct ReplicaTimes {
  /// Tokens that prefill takes in one step, and sequences that an engine takes at once.
  static let chunk = 8_192.0
  static let sequencesMax = 2_048.0

  private let fullLayers: Double
  private let windowLayers: Double
  private let window: Double
  /// Engines that each have requests of their own: one for each GPU where experts are spread, else one.
  private let ranks: Double
  /// Requests that engines take at once.
  let batchLimit: Double

  // Matrix products: seconds per token at full rate, seconds to read the weights once.
  private let denseToken: Double
  private let denseWeights: Double
  private let expertToken: Double
  private let expertWeights: Double
  private let expertCount: Double
  private let expertsPerToken: Double
  /// ln(1 - k/E), for the part of experts that tokens reach.
  private let missed: Double
  private let padding: Double
  private let activationToken: Double
  private let decodeCompute: Double
  private let prefillCompute: Double

  // Attention.
  private let cacheToken: Double
  private let latentToken: Double
  private let serialToken: Double
  private let promptPair: Double

  // Output head and sampling, communication, host.
  private let headWeights: Double
  private let headToken: Double
  private let samplingToken: Double
  private let reduceFixed: Double
  private let reduceToken: Double
  private let hostStep: Double
  private let hostSequence: Double

  /// Bytes of cache over bytes of a token and layer: token-layers that it holds, at least those of a
  /// hundredth of the memory.
  private let cacheRoom: Double
  /// The same without that least; negative when not even the weights fit.
  private let sureRoom: Double
  /// Tokens for which room is kept of each answer token.
  private let answerReserve: Double

  init(
    _ deployment: Deployment, _ coefficients: Coefficients, joinsInFlight: Bool
  ) {
    func c(_ coefficient: Coefficient) -> Double { coefficients[coefficient] }
    let architecture = deployment.architecture
    let gpu = deployment.accelerator
    let precision = deployment.precision
    let work = architecture.work
    let n = Double(deployment.gpusPerReplica)
    let spreads = deployment.spreadsExperts
    let layers = Double(architecture.layers)
    windowLayers = Double(architecture.windowLayers)
    fullLayers = layers - windowLayers
    window = Double(architecture.window)
    ranks = spreads ? n : 1
    batchLimit = Self.sequencesMax * ranks

    // What the chip reaches.
    let (chipCompute, chipBandwidth): (Double, Double) =
      switch gpu.generation {
      case .ampere: (c(.computeAmpere), c(.bandwidthAmpere))
      case .ada: (c(.computeAda), c(.bandwidthAda))
      case .blackwell: (c(.computeBlackwell), c(.bandwidthBlackwell))
      case .cdna3: (c(.computeCDNA3), c(.bandwidthCDNA3))
      case .cdna4: (c(.computeCDNA4), c(.bandwidthCDNA4))
      case .volta, .turing, .hopper, .other: (0, 0)
      }
    let limited =
      gpu.power < gpu.fullPower
      ? PortableMath.power(gpu.power / gpu.fullPower, c(.powerLimit)) : 1
    let chip = limited * PortableMath.exp(chipCompute)
    let flops8 = gpu.flops8 > 0 ? gpu.flops8 : gpu.integer8
    let eight = flops8 > 0 ? flops8 * c(.derate8) : gpu.flops16
    let four = gpu.flops4 > 0 ? gpu.flops4 * c(.derate4) : eight
    let sheet =
      precision.activations >= 16 ? gpu.flops16 : precision.activations >= 8 ? eight : four
    // Weights of fewer bits than are multiplied with are unpacked first, but for chips that multiply 4
    // bits by 8; so is arithmetic of 4 bits that the chip lacks.
    let isMixed = gpu.flops4 > 0 && precision.weights == 4 && precision.activations == 8
    let unpacks =
      precision.weights < precision.activations && !isMixed
      || precision.activations < 8 && gpu.flops4 == 0
    let flops = sheet * chip * (unpacks ? c(.derateUnpacked) : 1)
    let flops16 = gpu.flops16 * chip
    let bandwidth = gpu.bandwidth * PortableMath.exp(chipBandwidth)
    let weightRate = bandwidth * c(.weightBandwidth)
    let bytes = Double(precision.weights) / 8

    // Matrix products.
    decodeCompute = c(.decodeCompute)
    prefillCompute = c(.prefillCompute)
    denseToken = 2 * work.dense / n / flops
    denseWeights = work.dense * ranks * bytes / n / weightRate
    let experts = architecture.experts
    expertCount = Double(experts?.count ?? 0)
    expertsPerToken = Double(experts?.perToken ?? 0) * c(.expertImbalance)
    if let experts, experts.perToken < experts.count {
      missed = PortableMath.log(1 - Double(experts.perToken) / Double(experts.count))
    } else {
      missed = -.infinity
    }
    // Narrow slices of experts leave arithmetic units idle: as many columns as that are lost.
    let slice = Double(experts?.width ?? 1) / (spreads ? 1 : n)
    let widened = 1 + c(.expertNarrowness) / slice
    expertToken = expertCount > 0 ? 2 * work.experts / expertCount / n / flops * widened : 0
    expertWeights = work.experts * bytes / n / weightRate
    padding = c(.expertPadding)
    activationToken = c(.activationTraffic) * work.activations * 2 / n / bandwidth

    // Attention. Heads of the cache are repeated where there are more GPUs than heads; a latent is
    // needed whole on each.
    let cacheHeads = Double(architecture.cacheHeads)
    let copies = spreads ? 1 : architecture.latent != nil ? n : max(1, n / cacheHeads)
    let element = Double(precision.cache) / 8
    cacheToken = work.cache * element * copies / n / (bandwidth * c(.cacheBandwidth))
    if let latent = architecture.latent {
      let pairs = Double(architecture.heads) * Double(2 * latent.cacheRank + latent.ropeDimension)
      latentToken = 2 * pairs * layers / n / (flops16 * c(.latentCompute))
    } else {
      latentToken = 0
    }
    serialToken = gpu.generation == .cdna3 ? c(.serialAttention) * layers : 0
    let valueDimension = architecture.latent?.valueDimension ?? architecture.headDimension
    promptPair =
      2 * Double(architecture.heads) * Double(architecture.headDimension + valueDimension) / n
      / (flops16 * c(.attentionCompute))

    // The head stays at 16 bits.
    headWeights = work.head * ranks * 2 / n / weightRate
    headToken = 2 * work.head / n / (flops16 * c(.decodeCompute))
    samplingToken = c(.sampling) * Double(architecture.vocabulary) / bandwidth

    // Communication: two all-reduces a layer, or two all-to-alls on layers with experts.
    let overPCIe = Double(gpu.linkDomain) < n
    if n > 1 {
      let rate =
        overPCIe
        ? gpu.pcie * c(.pcieBandwidth)
        : gpu.link * c(.linkBandwidth) * (n >= 8 ? c(.linkSwitch) : 1)
      let latency =
        (deployment.stack.engine == .python ? c(.reduceLatencyPython) : c(.reduceLatency))
        * (overPCIe ? c(.reduceLatencyPCIe) : 1)
      let expertLayers = Double(experts?.layers ?? 0)
      reduceFixed = 2 * (spreads ? expertLayers : layers) * latency
      let state = Double(architecture.width) * 2 / rate
      let perToken = Double(experts?.perToken ?? 0)
      reduceToken =
        2 * state * (n - 1) / n * (spreads ? expertLayers * perToken / n : layers * 2)
    } else {
      reduceFixed = 0
      reduceToken = 0
    }

    // Host.
    let joins = joinsInFlight ? c(.inFlight) : 1
    switch deployment.stack.engine {
    case .tensorRT:
      hostStep = (c(.stepTensorRT) + layers * c(.layerTensorRT)) * joins
      hostSequence = c(.sequenceTensorRT)
    case .tensorRTPyTorch:
      hostStep = c(.stepPyTorch) + layers * c(.layerPyTorch)
      hostSequence = c(.sequencePyTorch)
    case .python:
      hostStep = c(.stepPython) + layers * c(.layerPython)
      hostSequence = c(.sequencePython)
    }

    // Memory.
    let weights =
      (work.dense * ranks + work.experts) * bytes + (work.head + work.embedding) * ranks * 2
    let free = (gpu.memory - coefficients.reserved(gpu)) * n - weights
    let tokenLayer = work.cache * element * copies
    fits = free > 0
    sureRoom = c(.cacheShare) * free / tokenLayer
    // What was measured did fit, if barely: a hundredth of the memory at the least.
    cacheRoom = c(.cacheShare) * max(free, 0.01 * gpu.memory * n) / tokenLayer
    answerReserve = c(.answerReserve)
    self.weightBytes = weights
  }

  /// Whether weights and what else is needed leave any room for the cache.
  let fits: Bool
  let weightBytes: Double

  /// Matrix products over `tokens`, of which the busiest rank has `own`: what ranks do for their own
  /// tokens lasts as long as there, experts are shared by all.
  private func products(_ tokens: Double, own: Double, _ reached: Double) -> StepTime {
    var time = StepTime()
    func add(_ arithmetic: Double, _ reading: Double) {
      // The two overlap, though not wholly where they are alike: the root of the sum of squares.
      let both = (arithmetic * arithmetic + reading * reading).squareRoot()
      guard both > 0 else { return }
      time.compute += arithmetic * arithmetic / both
      time.weights += reading * reading / both
    }
    add(denseToken * own * ranks / reached, denseWeights)
    if expertCount > 0 {
      let part = missed * tokens < -30 ? 1 : 1 - PortableMath.exp(missed * tokens)
      let rows = tokens * expertsPerToken + expertCount * part * padding
      add(expertToken * rows / reached, expertWeights * part)
    }
    time.compute += activationToken * own * ranks
    return time
  }

  /// One token for each of `batch` sequences that look back on `context` tokens.
  func decode(batch: Double, context: Double) -> StepTime {
    // Attention, the head, scheduling and sampling are each rank's own, and a rank has a sequence or none.
    let own = max(batch / ranks, min(batch, 1))
    let even = own * ranks
    var time = products(batch, own: own, decodeCompute)
    time.cache += even * contextLayers(context) * cacheToken + serialToken * context
    time.compute += even * context * latentToken + headToken * even
    time.weights += headWeights
    time.communication += reduceFixed + reduceToken * even
    time.host += hostStep + (hostSequence + samplingToken) * own
    return time
  }

  /// `tokens` of prompts that are `prompt` long, all at once; a prompt is one rank's.
  func prefill(tokens: Double, prompt: Double) -> StepTime {
    prefill(tokens: tokens, own: max(tokens / ranks, min(tokens, prompt)), prompt: prompt)
  }

  private func prefill(tokens: Double, own: Double, prompt: Double) -> StepTime {
    var time = products(tokens, own: own, prefillCompute)
    time.compute += own * ranks * contextLayers(prompt / 2) * promptPair
    time.communication += reduceFixed + reduceToken * own * ranks
    time.host += hostStep
    return time
  }

  /// Token-layers that a sequence looks back on: layers with a window no further than that.
  private func contextLayers(_ context: Double) -> Double {
    fullLayers * context + windowLayers * min(context, window)
  }

  /// Requests that the cache has room for at once, with what is kept for their answers. Layers with a
  /// window keep no more than that.
  func batchMax(_ shape: RequestShape) -> Double {
    let kept = contextLayers(shape.input + answerReserve * shape.output)
    return max(1, min(cacheRoom / kept, batchLimit))
  }

  /// Requests that the cache has room for when all are at their end.
  func requests(of shape: RequestShape) -> Double {
    cacheRoom / contextLayers(shape.input + shape.output)
  }

  /// Whether one request fits.
  func holds(_ shape: RequestShape) -> Bool {
    sureRoom >= contextLayers(shape.input + shape.output)
  }

  /// Serving `batch` requests from prompt to last token, in steady state.
  func cycle(batch: Double, _ shape: RequestShape) -> ServingCycle {
    // Each rank takes a chunk of its own prompts in a step.
    let tokens = Self.chunk * ranks
    let prompts = prefill(tokens: tokens, own: Self.chunk, prompt: shape.input)
    return ServingCycle(
      prefill: prompts * (batch * shape.input / tokens),
      decode: decode(batch: batch, context: shape.input + shape.output / 2) * shape.output)
  }
}
