// SPDX-License-Identifier: Apache-2.0

import Determinism

/// A part of a search: configurations of one model, to be evaluated by any worker.
public struct FleetJob: Codable, Hashable, Sendable {
  /// A configuration, as numbers so that many travel as columns.
  public struct Candidates: Codable, Hashable, Sendable {
    /// Index in the job's accelerators.
    public var accelerators: [UInt32] = []
    /// GPUs of a replica.
    public var gpus: [UInt32] = []
    /// 1 when experts are spread.
    public var spreads: [UInt32] = []
    /// Index in the job's precisions.
    public var precisions: [UInt32] = []
    /// Requests at once on a replica.
    public var batches: [UInt32] = []

    public init() {}

    /// The number of configurations.
    public var count: Int { accelerators.count }

    enum CodingKeys: Int, CodingKey {
      case accelerators = 1
      case gpus, spreads, precisions, batches
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      accelerators = try container.decode([UInt32].self, forKey: .accelerators)
      gpus = try container.decode([UInt32].self, forKey: .gpus)
      spreads = try container.decode([UInt32].self, forKey: .spreads)
      precisions = try container.decode([UInt32].self, forKey: .precisions)
      batches = try container.decode([UInt32].self, forKey: .batches)
      guard
        [gpus.count, spreads.count, precisions.count, batches.count].allSatisfy({ $0 == count }),
        count <= FleetJob.searchMax, batches.allSatisfy({ (1...1 << 30).contains($0) }),
        gpus.allSatisfy({ (1...1 << 20).contains($0) })
      else { throw FleetError("\(count) configurations that do not fit together") }
    }

    mutating func append(
      _ accelerator: Int, _ gpus: Int, _ spreads: Bool, _ bits: Int, _ batch: Int
    ) {
      accelerators.append(UInt32(accelerator))
      self.gpus.append(UInt32(gpus))
      self.spreads.append(spreads ? 1 : 0)
      precisions.append(UInt32(bits))
      batches.append(UInt32(batch))
    }

    func slice(_ range: Range<Int>) -> Candidates {
      var part = Candidates()
      part.accelerators = Array(accelerators[range])
      part.gpus = Array(gpus[range])
      part.spreads = Array(spreads[range])
      part.precisions = Array(precisions[range])
      part.batches = Array(batches[range])
      return part
    }
  }

  /// The most configurations of one job: 65,536.
  public static let candidatesMax = 1 << 16
  /// The most configurations of a search, which is cut into jobs: its outcome fits a message.
  public static let searchMax = 1 << 19

  /// The equations with their coefficients.
  public var model: PerformanceModel
  /// The model to serve.
  public var architecture: Architecture
  /// The GPUs that candidates refer to.
  public var accelerators: [Accelerator]
  /// The precisions that candidates refer to.
  public var precisions: [Precision]
  /// The engine and version.
  public var stack: ServingStack
  /// The mean request.
  public var shape: RequestShape
  /// The configurations to evaluate.
  public var candidates: Candidates

  public init(
    model: PerformanceModel, architecture: Architecture, accelerators: [Accelerator],
    precisions: [Precision], stack: ServingStack, shape: RequestShape,
    candidates: Candidates = Candidates()
  ) {
    self.model = model
    self.architecture = architecture
    self.accelerators = accelerators
    self.precisions = precisions
    self.stack = stack
    self.shape = shape
    self.candidates = candidates
  }

  enum CodingKeys: Int, CodingKey {
    case model = 1
    case architecture, accelerators, precisions, stack, shape, candidates
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    model = try container.decode(PerformanceModel.self, forKey: .model)
    architecture = try container.decode(Architecture.self, forKey: .architecture)
    accelerators = try container.decode([Accelerator].self, forKey: .accelerators)
    precisions = try container.decode([Precision].self, forKey: .precisions)
    stack = try container.decode(ServingStack.self, forKey: .stack)
    shape = try container.decode(RequestShape.self, forKey: .shape)
    candidates = try container.decode(Candidates.self, forKey: .candidates)
    guard candidates.accelerators.allSatisfy({ accelerators.indices.contains(Int($0)) }),
      candidates.precisions.allSatisfy({ precisions.indices.contains(Int($0)) })
    else { throw FleetError("a configuration of a GPU or a precision that is not there") }
  }

  /// Numbers of requests at once to try: from 1 to 2,048, evenly on a logarithmic scale, each once.
  public static func batches(_ count: Int) -> [Int] {
    let sizes = (0..<count).map { step in
      let exponent = Double(step) / Double(max(1, count - 1))
      return Int(PortableMath.power(2_048, exponent).rounded())
    }
    return Array(Set(sizes)).sorted()
  }

  /// Every combination of GPU, replica size, precision and batch.
  /// - Parameter isTried: whether a GPU is tried with a precision.
  public mutating func fill(
    replicas: [Int], batches: [Int], spreadsExperts: Bool,
    isTried: (Accelerator, Precision) -> Bool = { _, _ in true }
  ) {
    candidates = Candidates()
    for accelerator in accelerators.indices {
      let tried = precisions.indices.filter { isTried(accelerators[accelerator], precisions[$0]) }
      for gpus in replicas {
        for spreads in spreadsExperts && gpus > 1 ? [false, true] : [false] {
          for precision in tried {
            for batch in batches {
              candidates.append(accelerator, gpus, spreads, precision, batch)
            }
          }
        }
      }
    }
  }

  /// The job in parts of at most `size` configurations.
  public func parts(_ size: Int) -> [FleetJob] {
    stride(from: 0, to: candidates.count, by: size).map { first in
      var part = self
      part.candidates = candidates.slice(first..<min(candidates.count, first + size))
      return part
    }
  }

  func deployment(_ index: Int) -> Deployment {
    Deployment(
      architecture, on: accelerators[Int(candidates.accelerators[index])], stack: stack,
      precision: precisions[Int(candidates.precisions[index])],
      gpus: Int(candidates.gpus[index]),
      spreadsExperts: candidates.spreads[index] == 1)
  }

  /// Evaluates all configurations.
  public func run() -> FleetOutcome {
    var outcome = FleetOutcome()
    for index in 0..<candidates.count {
      do throws(FleetError) {
        let load = ServingLoad.closed(concurrency: Double(candidates.batches[index]))
        let performance = try model.performance(of: deployment(index), shape, load)
        // More at once than fit is the same as fewer.
        let isFull = performance.batchLimit != .demand
        outcome.append(performance, isFull: isFull)
      } catch {
        outcome.refuse()
      }
    }
    return outcome
  }
}

/// What configurations deliver, in the order of the job; 0 where one is not possible.
public struct FleetOutcome: Codable, Hashable, Sendable {
  /// Output tokens per second of a replica.
  public var outputRates: [Double] = []
  /// Seconds of a decoding step.
  public var timesPerToken: [Double] = []
  /// Seconds from an idle engine to the first token.
  public var timesToFirstToken: [Double] = []
  /// The regime; 0 when it is not possible, negative when the batch is more than fits.
  public var regimes: [Int64] = []

  public init() {}

  enum CodingKeys: Int, CodingKey {
    case outputRates = 1
    case timesPerToken, timesToFirstToken, regimes
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    outputRates = try container.decode([Double].self, forKey: .outputRates)
    timesPerToken = try container.decode([Double].self, forKey: .timesPerToken)
    timesToFirstToken = try container.decode([Double].self, forKey: .timesToFirstToken)
    regimes = try container.decode([Int64].self, forKey: .regimes)
    let count = regimes.count
    guard [outputRates, timesPerToken, timesToFirstToken].allSatisfy({ $0.count == count }),
      outputRates.allSatisfy({ (0...1e15).contains($0) }),
      (timesPerToken + timesToFirstToken).allSatisfy({ $0 >= 0 }),
      regimes.allSatisfy({ $0.magnitude <= Performance.Regime.allCases.count }),
      zip(regimes, outputRates).allSatisfy({ $0 == 0 || $1 > 0 })
    else { throw FleetError("an outcome of \(count) configurations that does not fit together") }
  }

  mutating func append(_ performance: Performance, isFull: Bool) {
    outputRates.append(performance.outputRate)
    timesPerToken.append(performance.timePerTokenMean)
    timesToFirstToken.append(performance.timeToFirstToken)
    let regime = Int64(performance.regime.rawValue)
    regimes.append(isFull ? -regime : regime)
  }

  mutating func refuse() {
    outputRates.append(0)
    timesPerToken.append(0)
    timesToFirstToken.append(0)
    regimes.append(0)
  }

  /// Puts the outcome of the next part behind.
  public mutating func add(_ other: FleetOutcome) {
    outputRates += other.outputRates
    timesPerToken += other.timesPerToken
    timesToFirstToken += other.timesToFirstToken
    regimes += other.regimes
  }

  /// Whether it can be the outcome of a job.
  public func fits(_ job: FleetJob) -> Bool {
    regimes.count == job.candidates.count
  }
}

/// The best configurations for a demand.
public struct FleetSearch: Sendable {
  /// The demand to serve and the limits to keep.
  public struct Goal: Hashable, Sendable {
    /// Requests per second that must be served.
    public var requests: Double
    /// Seconds between tokens, and to the first token, that are allowed; no limit when `nil`.
    public var timePerToken: Double?
    /// Seconds to the first token from an idle engine; `nil` for no limit.
    public var timeToFirstToken: Double?
    /// Capacity above demand, as a share of demand.
    public var headroom: Double
    /// The least number of replicas.
    public var minimumReplicas: Int
    /// Part of the paid time in which GPUs work, for the cost of tokens.
    public var utilization: Double

    public init(
      requests: Double, timePerToken: Double? = nil, timeToFirstToken: Double? = nil,
      headroom: Double = 0.2, minimumReplicas: Int = 1, utilization: Double = 1
    ) {
      self.requests = requests
      self.timePerToken = timePerToken
      self.timeToFirstToken = timeToFirstToken
      self.headroom = headroom
      self.minimumReplicas = minimumReplicas
      self.utilization = utilization
    }
  }

  /// A configuration with enough replicas for the goal.
  public struct Found: Hashable, Sendable {
    /// One replica of the configuration.
    public var deployment: Deployment
    /// Requests at once on a replica.
    public var batch: Int
    /// Replicas that the goal needs.
    public var replicas: Int
    /// Output tokens per second of a replica.
    public var outputRate: Double
    /// Seconds between tokens of one user.
    public var timePerToken: Double
    /// Seconds from an idle engine to the first token.
    public var timeToFirstToken: Double
    /// The bottleneck.
    public var regime: Performance.Regime
    /// US dollars per hour for all replicas.
    public var costPerHour: Double
    /// Of a replica at that batch: US dollars per million output tokens, prompts
    /// included.
    public var costPerMillion: Double

    /// Output tokens per second that one user sees.
    public var speed: Double { 1 / timePerToken }
    /// GPUs of all replicas.
    public var gpus: Int { replicas * deployment.gpus }
  }

  /// All that meet the limits, the cheapest first; equals in the order of the search.
  public let found: [Found]
  /// Of those that could run at all, whatever the limits: none is both faster and cheaper.
  public let front: [Found]
  /// Configurations that were evaluated.
  public let evaluated: Int
  /// Configurations that can run at all.
  public let possible: Int

  /// - Parameter prices: US dollars of a GPU-hour, in the order of the job's accelerators.
  public init(_ job: FleetJob, _ outcome: FleetOutcome, prices: [Double], _ goal: Goal) {
    var all: [Found] = []
    for index in 0..<job.candidates.count where outcome.regimes[index] > 0 {
      let deployment = job.deployment(index)
      let rate = outcome.outputRates[index]
      let price = prices[Int(job.candidates.accelerators[index])]
      let needed = goal.requests * job.shape.output * (1 + goal.headroom) / rate
      guard needed < 1e15 else { continue }
      let replicas = max(goal.minimumReplicas, Int(needed: needed), 1)
      let hourly = Double(deployment.gpus) * price
      all.append(
        Found(
          deployment: deployment, batch: Int(job.candidates.batches[index]), replicas: replicas,
          outputRate: rate, timePerToken: outcome.timesPerToken[index],
          timeToFirstToken: outcome.timesToFirstToken[index],
          regime: Performance.Regime(rawValue: Int(outcome.regimes[index])) ?? .host,
          costPerHour: Double(replicas) * hourly,
          costPerMillion: hourly / 3_600 / rate * 1e6 / goal.utilization))
    }
    evaluated = job.candidates.count
    possible = all.count
    let meeting = all.enumerated().filter { _, found in
      found.timePerToken <= goal.timePerToken ?? .infinity
        && found.timeToFirstToken <= goal.timeToFirstToken ?? .infinity
    }
    found = meeting.sorted {
      ($0.element.costPerHour, $0.element.costPerMillion, $0.offset)
        < ($1.element.costPerHour, $1.element.costPerMillion, $1.offset)
    }.map(\.element)
    front = Self.front(all)
  }

  /// From the fastest for one user to the cheapest.
  private static func front(_ all: [Found]) -> [Found] {
    var front: [Found] = []
    let sorted = all.enumerated().sorted {
      ($0.element.timePerToken, $0.element.costPerMillion, $0.offset)
        < ($1.element.timePerToken, $1.element.costPerMillion, $1.offset)
    }
    for (_, found) in sorted where found.costPerMillion < front.last?.costPerMillion ?? .infinity {
      front.append(found)
    }
    return front
  }
}
