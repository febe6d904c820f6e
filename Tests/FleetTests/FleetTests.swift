// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Testing

@testable import Fleet

/// Shapes that one can work out by hand.
enum FleetSamples {
  static let dense = Architecture(
    name: "dense-1b", layers: 10, width: 1_000, heads: 10, cacheHeads: 2, headDimension: 100,
    innerWidth: 4_000, vocabulary: 50_000, contextMax: 8_192)

  static let experts: Architecture = {
    var architecture = dense
    architecture.name = "experts-1b"
    architecture.family = "experts-1b"
    architecture.experts = .init(count: 16, perToken: 2, width: 500, sharedWidth: 100, layers: 8)
    return architecture
  }()

  static let gpu = Accelerator(
    name: "G", vendor: "V", generation: .hopper, flops16: 1e15, flops8: 2e15, memory: 80e9,
    bandwidth: 2e12, link: 400e9, linkDomain: 8, power: 700, serverPower: 1_000)

  static let stack = ServingStack(name: "s", engine: .tensorRT, age: 0)

  /// Everything that the data sheet says is reached, and nothing is spent besides.
  static let ideal: Coefficients = {
    var ideal = Coefficients()
    for coefficient in Coefficient.allCases {
      switch coefficient.prior.range {
      case .unit: ideal[coefficient] = 1
      case .positive: ideal[coefficient] = 1
      case .free: ideal[coefficient] = 0
      }
    }
    for nothing in [
      Coefficient.activationTraffic, .expertPadding, .reduceLatency, .stepTensorRT, .layerTensorRT,
      .sequenceTensorRT, .sampling, .reservedMemory, .reservedShare,
      .serialAttention,
    ] { ideal[nothing] = 0 }
    return ideal
  }()

  static func times(
    _ architecture: Architecture, gpus: Int = 1, precision: Precision = .bf16,
    spreads: Bool = false, _ coefficients: Coefficients = ideal
  ) -> ReplicaTimes {
    ReplicaTimes(
      Deployment(
        architecture, on: gpu, stack: stack, precision: precision, gpus: gpus,
        spreadsExperts: spreads), coefficients, joinsInFlight: false)
  }

  static func model(_ coefficients: Coefficients = ideal) -> PerformanceModel {
    PerformanceModel(
      coefficients: coefficients,
      errors: PredictionErrors(
        base: .init(below: 0.3, above: 0.2), newAccelerator: .init(below: 0.4, above: 0.4),
        newArchitecture: .init(below: 0, above: 0.1), newStack: .init(below: 0, above: 0),
        shared: 0.6, records: []), version: "test")
  }
}

@Suite("Fleet: equations")
struct FleetEquationTests {
  private func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-9) -> Bool {
    abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-300)
  }

  @Test func weightsAreCountedFromTheConfiguration() {
    let work = FleetSamples.dense.work
    // Queries and output: 2 x 1,000 x 1,000; keys and values: 2 x 1,000 x 200; ten layers.
    #expect(work.attention == 10 * (2e6 + 0.4e6))
    #expect(work.feedForward == 10 * 3 * 1_000 * 4_000)
    #expect(work.head == 50e6 && work.embedding == 50e6)
    #expect(FleetSamples.dense.parameters == 24e6 + 120e6 + 100e6)
    #expect(FleetSamples.dense.activeParameters == 24e6 + 120e6 + 50e6)
    #expect(FleetSamples.dense.cacheBytes(bits: 16) == 2 * 200 * 10 * 2)
    let experts = FleetSamples.experts.work
    #expect(experts.feedForward == 2 * 3 * 1_000 * 4_000)
    #expect(experts.experts == 8 * 16 * 3 * 1_000 * 500)
    #expect(experts.shared == 8 * 3 * 1_000 * 100 && experts.router == 8 * 16_000)
    #expect(
      FleetSamples.experts.activeParameters
        == 24e6 + 24e6 + 2.4e6 + 0.128e6 + 192e6 / 8 + 50e6)
  }

  @Test func aLatentIsOneVectorWhateverTheHeads() {
    var architecture = FleetSamples.dense
    architecture.heads = 128
    architecture.cacheHeads = 128
    architecture.headDimension = 192
    architecture.latent = .init(
      cacheRank: 512, ropeDimension: 64, queryRank: 1_536, valueDimension: 128)
    #expect(architecture.cacheBytes(bits: 16) == 576 * 10 * 2)
    let d = 1_000.0
    let one =
      d * 1_536 + 1_536 * 128 * 192 + d * 576 + 512 * 128 * (192 - 64 + 128) + 128 * 128 * d
    #expect(architecture.work.attention == 10 * one)
  }

  @Test func aSmallBatchReadsTheWeightsOnce() {
    let times = FleetSamples.times(FleetSamples.dense)
    let step = times.decode(batch: 1, context: 1)
    // 144 M weights and the head of 50 M, 2 bytes each, at 2 TB/s.
    #expect(near(step.weights, (144e6 + 50e6) * 2 / 2e12, 1e-3))
    #expect(step.communication == 0 && step.host == 0)
    // And a cache of 1 token: 8,000 bytes.
    #expect(near(step.cache, 8_000 / 2e12))
  }

  @Test func aLargeBatchIsArithmetic() {
    let step = FleetSamples.times(FleetSamples.dense).decode(batch: 1e6, context: 0)
    #expect(near(step.compute, 2 * (144e6 + 50e6) * 1e6 / 1e15, 1e-3))
    let half = FleetSamples.times(FleetSamples.dense, precision: .fp8)
      .decode(batch: 1e6, context: 0)
    // The head stays at 16 bits.
    #expect(near(half.compute, 2 * (144e6 / 2 + 50e6) * 1e6 / 1e15, 1e-3))
  }

  @Test func arithmeticAndReadingOverlapLikeTheSidesOfARightAngle() {
    let times = FleetSamples.times(FleetSamples.dense)
    // Where both take the same time, the two together take the square root of 2 times that.
    let batch = (144e6 * 2 / 2e12) / (2 * 144e6 / 1e15)
    let step = times.decode(batch: batch, context: 0)
    let head = 50e6 * 2 / 2e12
    let headArithmetic = 2 * 50e6 * batch / 1e15
    let alone = 144e6 * 2 / 2e12
    #expect(near(step.total - head - headArithmetic, 2.0.squareRoot() * alone, 1e-9))
    #expect(near(step.weights - head, step.compute - headArithmetic, 1e-9))
  }

  @Test func attentionOverAPromptIsHalfASquare() {
    let times = FleetSamples.times(FleetSamples.dense)
    let short = times.prefill(tokens: 4_096, prompt: 1).compute
    let long = times.prefill(tokens: 4_096, prompt: 4_096).compute
    // 2 operations x tokens x half the prompt x heads x (key and value dimensions) x layers.
    let expected = 2 * 4_096 * (2_048 - 0.5) * 10 * 200 * 10 / 1e15
    #expect(near(long - short, expected, 1e-9))
  }

  @Test func aWindowStopsTheLookBack() {
    var windowed = FleetSamples.dense
    windowed.window = 100
    windowed.windowLayers = 5
    let step = FleetSamples.times(windowed).decode(batch: 1, context: 1_000)
    #expect(near(step.cache, (5 * 1_000 + 5 * 100) * 800 / 2e12))
  }

  @Test func expertsAreReadAsFarAsTokensReachThem() {
    let times = FleetSamples.times(FleetSamples.experts)
    let one = times.decode(batch: 1, context: 0).weights
    let dense = 24e6 + 24e6 + 2.4e6 + 0.128e6 + 50e6
    #expect(near(one, (dense + 192e6 * 2 / 16) * 2 / 2e12, 1e-3))
    // 1 - (1 - 1/8)^8 of them for 8 tokens.
    let reached = 1 - 0.343_608_915_805_816_65
    let eight = times.decode(batch: 8, context: 0).weights
    #expect(near(eight, (dense + 192e6 * reached) * 2 / 2e12, 1e-3))
  }

  @Test func allReducesMoveTwiceTheStateOfEachLayer() {
    let one = FleetSamples.times(FleetSamples.dense, gpus: 4).decode(batch: 1, context: 0)
    let two = FleetSamples.times(FleetSamples.dense, gpus: 4).decode(batch: 2, context: 0)
    // 2 a layer, each 2 (n - 1) / n x the state of 2,000 bytes.
    #expect(near(two.communication - one.communication, 20 * 1.5 * 2_000 / 400e9))
    // With two heads of the cache on four GPUs each is kept twice.
    #expect(near(one.cache, 0) && FleetSamples.dense.cacheHeads == 2)
    let context = FleetSamples.times(FleetSamples.dense, gpus: 4).decode(batch: 1, context: 1)
    #expect(near(context.cache, 8_000 * 2 / 4 / 2e12))
  }

  @Test func memoryThatIsNoWeightIsCache() {
    let times = FleetSamples.times(FleetSamples.dense)
    let tokens = (80e9 - 244e6 * 2) / 8_000
    #expect(near(times.requests(of: RequestShape(input: 5_000, output: 3_000)), tokens / 8_000))
    #expect(near(times.batchMax(RequestShape(input: 5_000, output: 3_000)), tokens / 8_000))
    #expect(times.holds(RequestShape(input: tokens / 2, output: tokens / 2 - 1)))
    #expect(!times.holds(RequestShape(input: tokens / 2, output: tokens / 2 + 1)))
    // Layers with a window keep no more than that.
    var windowed = FleetSamples.dense
    windowed.window = 100
    windowed.windowLayers = 5
    let narrow = FleetSamples.times(windowed)
    #expect(
      near(narrow.requests(of: RequestShape(input: 500, output: 500)), tokens * 10 / (5_000 + 500)))
    // Engines take 2,048 at once at most.
    #expect(times.batchMax(RequestShape(input: 1, output: 1)) == 2_048)
  }

  /// A tenth of a small GPU is less than a tenth of a large one, and the driver takes the same of both.
  @Test func reservedMemoryGrowsWithTheGPU() {
    var coefficients = FleetSamples.ideal
    coefficients[.reservedMemory] = 2e9
    coefficients[.reservedShare] = 0.1
    var small = FleetSamples.gpu
    small.memory = 24e9
    for (gpu, free) in [(FleetSamples.gpu, 70e9), (small, 19.6e9)] {
      let times = ReplicaTimes(
        Deployment(FleetSamples.dense, on: gpu, stack: FleetSamples.stack), coefficients,
        joinsInFlight: false)
      let tokens = (free - 244e6 * 2) / 8_000
      #expect(near(times.requests(of: RequestShape(input: 5_000, output: 3_000)), tokens / 8_000))
    }
  }

  @Test func steadyStateIsABatchOverItsCycle() throws {
    let model = FleetSamples.model()
    let deployment = Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack)
    let shape = RequestShape(input: 1_000, output: 100)
    let result = try model.performance(of: deployment, shape, .closed(concurrency: 32))
    let times = FleetSamples.times(FleetSamples.dense)
    let prefill = times.prefill(tokens: 8_192, prompt: 1_000).total * 32 * 1_000 / 8_192
    let decode = times.decode(batch: 32, context: 1_050).total * 100
    #expect(near(result.outputRate, 3_200 / (prefill + decode)))
    #expect(near(result.prefillShare, prefill / (prefill + decode)))
    #expect(result.batchLimit == .demand && result.batch == 32)
    // Replicas share the users and add up.
    var two = deployment
    two.gpus = 2
    two.tensorParallel = 1
    let both = try model.performance(of: two, shape, .closed(concurrency: 64))
    #expect(near(both.outputRate, 2 * result.outputRate))
  }

  @Test func aRunEndsWithWhatIsLeft() throws {
    let model = FleetSamples.model()
    let deployment = Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack)
    let shape = RequestShape(input: 1_000, output: 100)
    let times = FleetSamples.times(FleetSamples.dense)
    let result = try model.performance(of: deployment, shape, .offline(requests: 3_000))
    func cycle(_ batch: Double) -> Double {
      let cycle = times.cycle(batch: batch, shape)
      return cycle.prefill.total + cycle.decode.total
    }
    #expect(near(result.outputRate, 300_000 / (cycle(2_048) + cycle(952))))
  }

  @Test func aLatencyLimitIsKeptAndTight() throws {
    let model = FleetSamples.model()
    let deployment = Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack)
    let shape = RequestShape(input: 1_000, output: 100)
    let free = try model.performance(of: deployment, shape, .offline(requests: nil))
    let limit = free.timePerTokenMean / 3
    let limited = try model.performance(of: deployment, shape, .limited(timePerToken: limit))
    #expect(limited.batchLimit == .latency && limited.regime == .latency)
    #expect(limited.timePerTokenMean <= limit && limited.timePerTokenMean > 0.99 * limit)
    #expect(limited.outputRate < free.outputRate)
  }

  @Test func aLimitThatOneRequestExceedsIsRefused() {
    #expect {
      try FleetSamples.model().performance(
        of: Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack),
        RequestShape(input: 1_000, output: 100), .limited(timePerToken: 1e-6))
    } throws: { "\($0)".contains("one request alone takes") }
  }

  @Test func replicasWithoutWorkAddNothing() throws {
    let model = FleetSamples.model()
    var one = Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack)
    let shape = RequestShape(input: 1_000, output: 100)
    var eight = one
    eight.gpus = 8
    eight.tensorParallel = 1
    for load in [ServingLoad.closed(concurrency: 1), .batch(1), .offline(requests: 1)] {
      let (a, b) = (
        try model.performance(of: one, shape, load), try model.performance(of: eight, shape, load)
      )
      #expect(near(a.outputRate, b.outputRate) && a.outputRate.isFinite)
    }
    one.gpus = 3
    one.tensorParallel = 1
    let three = try model.performance(of: one, shape, .closed(concurrency: 3))
    let spread = try model.performance(of: eight, shape, .closed(concurrency: 3))
    #expect(near(three.outputRate, spread.outputRate))
  }

  /// Experts spread over GPUs: everything else whole on each, a part of the experts, copies sent between.
  @Test func spreadExpertsKeepTheRestWhole() {
    func step(_ spreads: Bool, _ batch: Double) -> StepTime {
      FleetSamples.times(FleetSamples.experts, gpus: 4, spreads: spreads)
        .decode(batch: batch, context: 1)
    }
    // Weights of attention, dense layers, shared experts, router and head: read by each of four GPUs instead
    // of a quarter by each.
    let (shared, spread) = (step(false, 4), step(true, 4))
    let rest = 24e6 + 24e6 + 2.4e6 + 0.128e6 + 50e6
    #expect(near(spread.weights - shared.weights, rest * 2 * 3 / 4 / 2e12, 1e-3))
    // The cache is not repeated, though there are more GPUs than heads.
    #expect(near(shared.cache, 2 * spread.cache))
    // Two all-to-alls on 8 layers, of 2 copies, three quarters of them to others, from each a quarter.
    let traffic = step(true, 8).communication - spread.communication
    #expect(near(traffic, 4 * 2 * 8 * 2 * 0.75 / 4 * 2_000 / 400e9))
  }

  /// Engines side by side schedule and sample at the same time, each for its own requests.
  @Test func aRankSpendsHostTimeOnItsOwnRequests() {
    var coefficients = FleetSamples.ideal
    coefficients[.stepTensorRT] = 1e-3
    coefficients[.sequenceTensorRT] = 1e-5
    coefficients[.sampling] = 20
    let one = FleetSamples.times(FleetSamples.experts, coefficients)
    let spread = FleetSamples.times(FleetSamples.experts, gpus: 4, spreads: true, coefficients)
    let step = spread.decode(batch: 400, context: 1)
    #expect(near(step.host, 1e-3 + 100 * (1e-5 + 20 * 50_000 / 2e12)))
    #expect(near(step.host, one.decode(batch: 100, context: 1).host))
    #expect(near(step.cache, one.decode(batch: 100, context: 1).cache))
    // A step takes a chunk of 8,192 tokens of prompts on each.
    let cycle = spread.cycle(batch: 400, RequestShape(input: 1_024, output: 10))
    #expect(near(cycle.prefill.host, 400 * 1_024 / (4 * 8_192) * 1e-3))
  }

  @Test func fewerRequestsThanRanksLeaveRanksWithoutWork() {
    let spread = FleetSamples.times(FleetSamples.experts, gpus: 4, spreads: true)
    #expect(
      near(spread.decode(batch: 1, context: 9).cache, spread.decode(batch: 4, context: 9).cache))
    // A prompt is one rank's: alone, its attention takes as long as that of four.
    let (alone, four) = (
      spread.prefill(tokens: 2_000, prompt: 2_000), spread.prefill(tokens: 8_000, prompt: 2_000)
    )
    let pairs: Double = 2 * 2_000 * 1_000 * 10 * 200 * 10 / 1e15
    #expect(alone.compute > pairs && alone.total < four.total && alone.total > 0.5 * four.total)
  }

  /// Each part of the time can be the one that binds.
  @Test func whatBindsIsNamed() throws {
    func regime(
      _ architecture: Architecture, _ gpu: Accelerator, gpus: Int = 1, _ shape: RequestShape,
      _ load: ServingLoad, host: Double = 0
    ) throws -> Performance.Regime {
      var coefficients = FleetSamples.ideal
      coefficients[.stepTensorRT] = host
      return try FleetSamples.model(coefficients).performance(
        of: Deployment(architecture, on: gpu, stack: FleetSamples.stack, gpus: gpus), shape, load
      ).regime
    }
    let gpu = FleetSamples.gpu
    var slow = gpu
    slow.link = 1e9
    var small = gpu
    small.memory = 0.6e9
    let dense = FleetSamples.dense
    let (short, long) = (
      RequestShape(input: 1, output: 9), RequestShape(input: 4_000, output: 4_000)
    )
    #expect(try regime(dense, gpu, short, .closed(concurrency: 1)) == .weights)
    #expect(try regime(dense, gpu, long, .closed(concurrency: 1_000)) == .cache)
    #expect(
      try regime(dense, gpu, RequestShape(input: 8_000, output: 1), .closed(concurrency: 9))
        == .compute)
    #expect(try regime(dense, slow, gpus: 2, short, .closed(concurrency: 500)) == .communication)
    #expect(try regime(dense, gpu, short, .closed(concurrency: 1), host: 1) == .host)
    #expect(
      try regime(dense, small, RequestShape(input: 100, output: 4_000), .offline(requests: nil))
        == .capacity)
  }

  @Test(
    "What cannot work is refused with the reason",
    arguments: [
      (3, 3, false, 16, 100.0, "10 heads cannot be divided"),
      (4, 3, false, 16, 100, "cannot be divided into"),
      (1, 1, false, 16, 9_000, "takes 8192 tokens"), (2, 2, true, 16, 100, "no experts to spread"),
      (1, 1, false, 5, 100, "write 4, 8 or 16"), (10, 10, false, 16, 100, "spans nodes"),
      (1, 1, false, 16, 0.5, "0.5 input"), (1, 1, false, 4, 100, "no 4-bit arithmetic"),
    ] as [(Int, Int, Bool, Int, Double, String)])
  func refusals(
    gpus: Int, parallel: Int, spreads: Bool, bits: Int, tokens: Double, words: String
  ) {
    let deployment = Deployment(
      FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack,
      precision: Precision(weights: bits, activations: bits == 4 ? 4 : 16, cache: 16), gpus: gpus,
      tensorParallel: parallel, spreadsExperts: spreads)
    #expect {
      try FleetSamples.model().performance(
        of: deployment, RequestShape(input: tokens, output: tokens), .offline(requests: nil))
    } throws: { "\($0)".contains(words) }
  }

  @Test func weightsThatDoNotFitAreRefusedWithTheNumbers() {
    var tiny = FleetSamples.gpu
    tiny.memory = 0.4e9
    #expect {
      try FleetSamples.model().performance(
        of: Deployment(FleetSamples.dense, on: tiny, stack: FleetSamples.stack),
        RequestShape(input: 10, output: 10), .offline(requests: nil))
    } throws: { "\($0)".contains("needs 0.5 GB") && "\($0)".contains("has 0.4 GB") }
  }

  @Test func absurdAcceleratorsAreRefused() {
    let changes: [(inout Accelerator) -> Void] = [
      { $0.flops16 = 1e-300 }, { $0.flops8 = 1e-300 }, { $0.bandwidth = 1e-300 }, { $0.memory = 0 },
      { $0.power = 1e-300 }, { $0.link = 0 }, { $0.linkDomain = 0 }, { $0.pcie = 0 },
      { $0.flops16 = .infinity }, { $0.serverPower = .nan }, { $0.power = 900 },
    ]
    #expect(FleetSamples.gpu.problem == nil)
    for (index, change) in changes.enumerated() {
      var gpu = FleetSamples.gpu
      change(&gpu)
      #expect(gpu.problem != nil, "change \(index)")
    }
  }

  @Test func stacksAreKnownByTheirNames() throws {
    func engine(_ name: String) -> ServingStack.Engine? {
      ServingStack(name: name, month: "2025-01")?.engine
    }
    #expect(engine("trtllm-0.14") == .tensorRT && engine("trtllm-2024") == .tensorRT)
    #expect(engine("mlperf-trtllm-v4.1") == .tensorRT && engine("trtllm-0.9") == .tensorRT)
    #expect(engine("trtllm-0.20") == .tensorRTPyTorch && engine("trtllm-1.1") == .tensorRTPyTorch)
    #expect(engine("trt-2026") == .tensorRTPyTorch && engine("mlperf-rocm-v5.0") == .python)
    #expect(engine("vllm-2024") == .python && engine("anything") == .python)
    for stack in ServingStack.known {
      let month = stack.engine == .python ? "2026-05" : "2025-12"
      let named = try #require(ServingStack(name: stack.name, month: month))
      #expect(named.engine == stack.engine && abs(named.age - stack.age) < 1e-9)
    }
    let july = try #require(ServingStack(name: "x", month: "2026-07"))
    #expect(abs(july.age - (1 + 6.5 / 12)) < 1e-12)
    for month in ["2026", "2026-13", "July", "", "2026-7-1"] {
      #expect(ServingStack(name: "x", month: month) == nil)
    }
  }
}

@Suite("Fleet: a model's own precision")
struct OwnPrecisionTests {
  private static func gpu(_ flops8: Double, _ integer8: Double, _ flops4: Double) -> Accelerator {
    var gpu = FleetSamples.gpu
    (gpu.flops8, gpu.integer8, gpu.flops4) = (flops8, integer8, flops4)
    return gpu
  }
  private static let ampere = gpu(0, 6e14, 0)
  private static let hopper = gpu(2e15, 2e15, 0)
  private static let blackwell = gpu(4e15, 4e15, 8e15)

  @Test(
    "It is the default, and unpacked where the chip cannot multiply it",
    arguments: [
      // Published, of integers, GPU, served
      ("16/16/16", false, ampere, "16/16/16", false),
      ("16/16/16", false, hopper, "16/16/16", false),
      ("8/8/16", false, hopper, "8/8/16", false), ("8/8/16", false, ampere, "8/16/16", true),
      ("8/8/16", true, ampere, "8/8/16", false), ("4/16/16", false, ampere, "4/16/16", false),
      ("4/4/8", false, blackwell, "4/4/8", false), ("4/4/8", false, hopper, "4/16/8", true),
    ] as [(String, Bool, Accelerator, String, Bool)])
  func defaults(
    published: String, integers: Bool, gpu: Accelerator, served: String, isTold: Bool
  ) throws {
    var architecture = FleetSamples.dense
    architecture.published = try #require(Precision(name: published))
    architecture.publishesIntegers = integers
    let deployment = Deployment(architecture, on: gpu)
    #expect(deployment.precision == Precision(name: served))
    #expect((architecture.precisionNote(on: gpu) != nil) == isTold)
    #expect(Deployment(architecture, on: gpu, precision: .w4a16).precision == .w4a16)
  }

  @Test func aSearchTriesNoMoreBitsThanArePublished() {
    var architecture = FleetSamples.dense
    #expect(architecture.precisions(on: Self.hopper) == [.bf16, .fp8, .fp4, .w4a16])
    let eight = Precision(weights: 8, activations: 8, cache: 16)
    architecture.published = eight
    #expect(architecture.precisions(on: Self.hopper) == [eight, .fp4, .w4a16])
    architecture.published = .w4a16
    #expect(architecture.precisions(on: Self.hopper) == [.w4a16])
  }
}

@Suite("Fleet: intervals and fits")
struct FleetFitTests {
  @Test func whatIsNewWidensTheRange() {
    var model = FleetSamples.model()
    let deployment = Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack)
    let all = model.band(deployment)
    #expect(abs(all.below - 0.5) < 1e-12)
    #expect(abs(all.above - (0.04 + 0.16 + 0.01).squareRoot()) < 1e-12)
    model.coefficients.accelerators["G"] = 0.01
    model.coefficients.architectures["dense-1b"] = 0
    #expect(abs(model.band(deployment).below - 0.3) < 1e-12)
    #expect(abs(model.band(deployment).above - 0.2) < 1e-12)
    let range = model.interval(1_000, .init(below: 0.5, above: 0.25))
    #expect(abs(range.low - 606.530_659_712_6) < 1e-6 && abs(range.high - 1_284.025_416_687) < 1e-6)
    #expect(abs(range.logSpread - 0.75 / (2 * 1.644_853_626_951_472_6)) < 1e-12)
    #expect(range.inverse(1_000).low == 1_000 / range.high)
  }

  @Test func oneMeasurementShiftsAndNarrows() throws {
    let model = FleetSamples.model()
    let deployment = Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack)
    let shape = RequestShape(input: 1_000, output: 100)
    let load = ServingLoad.closed(concurrency: 32)
    let before = try model.performance(of: deployment, shape, load).outputRate
    let own = try model.pinned(deployment, shape, load, measured: before * 0.7, isSameCase: true)
    let other = try model.pinned(deployment, shape, load, measured: before * 0.7, isSameCase: false)
    // A normal prior with the band's spread against a measurement of 5%.
    let spread = (0.5 + 0.21.squareRoot()) / 2 / 1.644_853_626_951_472_6
    let weight = spread * spread / (spread * spread + 0.0025)
    let after = try own.performance(of: deployment, shape, load).outputRate
    #expect(abs(PortableMath.log(after / before) - weight * PortableMath.log(0.7)) < 1e-9)
    #expect(own.band(deployment).below < 0.09 && other.band(deployment).below < 0.5)
    let elsewhere = try other.performance(of: deployment, shape, load).outputRate
    #expect(elsewhere < before && elsewhere > after)
    // Under a limit a slower engine also takes fewer requests; together they make the same shift.
    let limit = try model.performance(of: deployment, shape, .closed(concurrency: 400))
      .timePerTokenMean
    let limited = ServingLoad.limited(timePerToken: limit)
    let free = try model.performance(of: deployment, shape, limited).outputRate
    for factor in [0.6, 1.3] {
      let pinned = try model.pinned(
        deployment, shape, limited, measured: free * factor, isSameCase: true)
      let now = try pinned.performance(of: deployment, shape, limited).outputRate
      #expect(abs(PortableMath.log(now / free) - weight * PortableMath.log(factor)) < 1e-4)
    }
  }

  /// Points that the equations made, with coefficients that are not the guesses.
  static func synthetic(noise: Double) -> (points: [MeasuredPoint], truth: Coefficients) {
    var truth = Coefficients()
    truth[.decodeCompute] = 0.5
    truth[.prefillCompute] = 0.6
    truth[.weightBandwidth] = 0.6
    truth[.linkBandwidth] = 0.3
    truth[.stepTensorRT] = 3e-3
    let model = PerformanceModel(coefficients: truth, errors: .none, version: "")
    var gpu = FleetSamples.gpu
    gpu.memory = 1e12
    var random = SplitMix64(seed: 11)
    var points: [MeasuredPoint] = []
    for index in 0..<240 {
      let gpus = [1, 2, 4, 8][Int(random.below(4))]
      var architecture = FleetSamples.dense
      architecture.name = "m\(index % 3)-1b"
      architecture.family = architecture.name
      architecture.layers = 10 + 20 * (index % 3)
      architecture.width = 8_000
      architecture.heads = 64
      architecture.cacheHeads = 8
      architecture.innerWidth = 28_000
      let kind = MeasuredPoint.Kind.allCases[index % 3 == 2 ? 4 : index % 3]
      var point = MeasuredPoint(
        id: "P\(index)", source: "s\(index % 5)", citation: "", month: "2025-01", kind: kind,
        deployment: Deployment(
          architecture, on: gpu, stack: FleetSamples.stack,
          precision: index % 2 == 0 ? .bf16 : .fp8, gpus: gpus), isParallelismKnown: true,
        shape: RequestShape(
          input: Double(100 + random.below(4_000)),
          output: kind == .firstToken ? 1 : Double(100 + random.below(1_000))),
        concurrency: kind == .offline ? nil : Double(1 + random.below(600)), requests: nil,
        timePerTokenLimit: nil, measured: 1)
      let wobble = (Double(random.below(2_001)) / 1_000 - 1) * noise
      point.measured = model.predict(point) * PortableMath.exp(wobble)
      points.append(point)
    }
    return (points, truth)
  }

  @Test func aFitFindsWhatMadeThePoints() {
    let (points, truth) = Self.synthetic(noise: 0)
    let found = CoefficientFit(points).run()
    for coefficient in [
      Coefficient.decodeCompute, .prefillCompute, .weightBandwidth, .linkBandwidth,
    ] {
      let (off, guess) = (found[coefficient] - truth[coefficient], coefficient.prior.value)
      #expect(abs(off) < 0.5 * abs(guess - truth[coefficient]), "\(coefficient)")
    }
    let model = PerformanceModel(coefficients: found, errors: .none, version: "")
    let errors = points.map { abs(model.predict($0) / $0.measured - 1) }
    #expect(ErrorTable.quantile(errors, 0.5) < 0.004 && ErrorTable.quantile(errors, 0.95) < 0.03)
    // The guesses are far off: the fit did it.
    let guess = PerformanceModel(coefficients: Coefficients(), errors: .none, version: "")
    let before = points.map { abs(guess.predict($0) / $0.measured - 1) }
    #expect(ErrorTable.quantile(before, 0.5) > 0.1)
  }

  @Test func aFitIsTheSameEveryTime() {
    let (points, _) = Self.synthetic(noise: 0.2)
    #expect(CoefficientFit(points).run() == CoefficientFit(points).run())
  }

  @Test func rangesHoldWhatWasLeftOut() {
    let (points, _) = Self.synthetic(noise: 0.3)
    let study = FitStudy(points)
    let report = study.report(study.parts.map { study.run($0) }, version: "v")
    #expect(report.fitted.count == points.count && report.byKind[0].points == points.count)
    let fold = report.coverage[0]
    #expect(fold.points == points.count && (0.85...0.95).contains(fold.covered))
    // The wobble is even, so 90% of it is within nine tenths of its width, and nothing is shared.
    let band = report.model.errors.base
    #expect(abs(band.below - 0.27) < 0.05 && abs(band.above - 0.27) < 0.05)
    #expect(report.model.errors.shared < 0.15)
    #expect(report.model.errors.records.map(\.points).reduce(0, +) == points.count)
  }

  @Test func quantilesAndTables() {
    #expect(ErrorTable.quantile([4, 1, 3, 2], 0.5) == 2.5)
    #expect(ErrorTable.quantile([1, 2, 3, 4, 5], 0.9) == 4.6)
    let row = ErrorTable.row("x", [-0.1, 0, 0.1].map { PortableMath.log(1 + $0) })
    #expect(abs(row.median - 0.1) < 1e-12 && abs(row.bias) < 1e-12 && row.points == 3)
  }

  @Test func aSystemOfEquationsIsSolved() throws {
    // Lower half of [[4, 2], [2, 3]].
    let solution = try #require(Cholesky.solve([4, 0, 2, 3], [10, 9]))
    #expect(abs(solution[0] - 1.5) < 1e-12 && abs(solution[1] - 2) < 1e-12)
    #expect(Cholesky.solve([1, 0, 2, 1], [1, 1]) == nil)
  }

  @Test func everyCoefficientIsInUse() {
    // A coefficient that changes nothing is one too many: each moves some prediction.
    var gpus: [Accelerator] = []
    for generation in Accelerator.Generation.allCases {
      var gpu = FleetSamples.gpu
      gpu.generation = generation
      gpu.flops4 = 4e15
      gpus.append(gpu)
    }
    var weak = FleetSamples.gpu
    weak.power = 350
    var loose = FleetSamples.gpu
    loose.linkDomain = 1
    var small = FleetSamples.gpu
    small.memory = 8e9
    gpus += [weak, loose, small]
    var latent = FleetSamples.dense
    latent.latent = .init(cacheRank: 64, ropeDimension: 20, queryRank: 0, valueDimension: 80)
    var deployments: [Deployment] = []
    for gpu in gpus {
      for (stack, month) in [
        ("trtllm-0.9", "2024-01"), ("trtllm-1.0", "2025-09"), ("mlperf-rocm", "2024-08"),
      ] {
        for architecture in [FleetSamples.dense, FleetSamples.experts, latent] {
          for precision in [Precision.bf16, .fp8, .fp4, .w4a16] {
            for count in [1, 2, 8] where architecture.heads % count == 0 || count == 8 {
              deployments.append(
                Deployment(
                  architecture, on: gpu, stack: ServingStack(name: stack, month: month)!,
                  precision: precision, gpus: count))
            }
          }
        }
      }
    }
    func answers(_ coefficients: Coefficients) -> [Double] {
      let model = PerformanceModel(coefficients: coefficients, errors: .none, version: "")
      return deployments.flatMap { deployment in
        [ServingLoad.offline(requests: nil), .batch(8), .limited(timePerToken: 4e-3)].map { load in
          let times = ReplicaTimes(deployment, coefficients, joinsInFlight: load.joinsInFlight)
          return model.performance(
            of: deployment, times, RequestShape(input: 2_000, output: 500), load
          ).outputRate
        }
      }
    }
    func limited(_ coefficients: Coefficients) -> Double {
      PerformanceModel(coefficients: coefficients, errors: .none, version: "").predict(
        MeasuredPoint(
          id: "", source: "", citation: "", month: "2025-01", kind: .limited,
          deployment: deployments[0], isParallelismKnown: true,
          shape: RequestShape(input: 2_000, output: 500), concurrency: nil, requests: nil,
          timePerTokenLimit: 4e-3, measured: 1))
    }
    let usual = answers(Coefficients()) + [limited(Coefficients())]
    for coefficient in Coefficient.allCases {
      var changed = Coefficients()
      changed[coefficient] += coefficient.prior.range.isFree ? 0.1 : changed[coefficient] * 0.05
      let isSame = answers(changed) + [limited(changed)] == usual
      #expect(!isSame, "\(coefficient)")
    }
  }
}

extension Coefficient.Range {
  var isFree: Bool { if case .free = self { true } else { false } }
}
