// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A shard: the same paths of one scenario or of several.
public struct SimulationJob: Codable, Hashable, Sendable {
  /// The first is the base that the others are compared with.
  public var scenarios: [RunwayScenario]
  /// The number of the first path, a multiple of 8.
  public var first: UInt64
  /// Paths of the shard: a multiple of 8, at most ``pathsMax``.
  public var count: Int

  /// A shard takes a worker a tenth of a second or so.
  public static let pathsMax = 1 << 16
  /// Scenarios of one job.
  private static let scenariosMax = 64

  /// Paths times steps of a shard, unless somebody chooses: some six milliseconds of a worker.
  static let shardSteps = 250_000

  public init(scenarios: [RunwayScenario], first: UInt64, count: Int) {
    self.scenarios = scenarios
    self.first = first
    self.count = count
  }

  enum CodingKeys: Int, CodingKey {
    case scenarios = 1
    case first, count
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scenarios = try container.decode([RunwayScenario].self, forKey: .scenarios)
    first = try container.decode(UInt64.self, forKey: .first)
    count = try container.decode(Int.self, forKey: .count)
    try check()
  }

  private func check() throws(ScenarioError) {
    guard let base = scenarios.first, scenarios.count <= Self.scenariosMax,
      (1...Self.pathsMax).contains(count), count % 8 == 0, first % 8 == 0,
      // Counts of paths have 32 bits.
      first <= UInt64(UInt32.max)
    else { throw ScenarioError("a shard of \(count) paths of \(scenarios.count) scenarios") }
    guard
      scenarios.allSatisfy({ ($0.horizon, $0.stepsPerMonth) == (base.horizon, base.stepsPerMonth) })
    else { throw ScenarioError("compared scenarios need the same number of steps") }
  }

  /// Jobs of one simulation: a list of them takes 48 MiB.
  static let jobsMax = 1 << 21

  /// Cuts a simulation into jobs.
  /// - Parameters:
  ///   - paths: rounded up to a multiple of 8.
  ///   - shard: paths per job; chosen for `workers` workers when `nil`, and more when there would be more jobs
  ///     than ``jobsMax``.
  public static func shards(
    _ scenarios: [RunwayScenario], paths: Int, workers: Int, shard: Int? = nil
  ) -> [SimulationJob] {
    precondition((1...1 << 32).contains(paths), "from 1 to 2^32 paths")
    let paths = (paths + 7) / 8 * 8
    // Several a worker, so that a slow one holds nothing up; so short that nobody waits long for a worker
    // who is at another's; not so small that sending them counts.
    let steps = scenarios.reduce(0) { $0 + $1.steps }
    let short = shardSteps / max(1, steps)
    let usual = max(1_024, min(pathsMax / 2, short, paths / max(1, workers * 8)))
    let least = (paths / jobsMax + 8) / 8 * 8
    let size = max(least, (shard ?? usual) / 8 * 8)
    return stride(from: 0, to: paths, by: size).map { first in
      SimulationJob(
        scenarios: scenarios, first: UInt64(first), count: min(size, paths - first))
    }
  }

  /// Computes it.
  /// - Throws: ``ScenarioError``.
  public func run(on kernel: RunwayEngine.Kernel = RunwayEngine.kernel) throws(ScenarioError)
    -> SimulationOutcome
  {
    try check()
    var outcome = SimulationOutcome()
    var base: [UInt8] = []
    for scenario in scenarios {
      let program = try ProgramCache.shared.program(scenario)
      let (counts, ruins) = RunwayEngine.simulate(
        program, seed: scenario.seed, first: first, count: count, on: kernel)
      if outcome.counts.isEmpty {
        base = ruins
      } else {
        outcome.differences.append(RunwayDifference(base, ruins, steps: scenario.steps))
      }
      outcome.counts.append(counts)
    }
    return outcome
  }
}

/// The counts of a shard, or of all shards.
public struct SimulationOutcome: Codable, Hashable, Sendable {
  /// Of each scenario.
  public var counts: [RunwayCounts] = []
  /// Of each scenario after the first, against the first.
  public var differences: [RunwayDifference] = []

  /// The outcome of no shard; adding to it takes over the other.
  public init() {}

  enum CodingKeys: Int, CodingKey {
    case counts = 1
    case differences
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    counts = try container.decode([RunwayCounts].self, forKey: .counts)
    differences = try container.decode([RunwayDifference].self, forKey: .differences)
    guard differences.count == max(0, counts.count - 1),
      (counts.map(\.steps) + differences.map(\.steps)).allSatisfy({ $0 == counts.first?.steps })
    else { throw ScenarioError("counts and differences of different simulations") }
  }

  /// Whether it can be the outcome of a job.
  public func fits(_ job: SimulationJob) -> Bool {
    counts.count == job.scenarios.count
      && zip(counts, job.scenarios).allSatisfy {
        $0.steps == $1.steps && $0.paths == UInt64(job.count)
      }
  }

  /// Adds the counts of another shard. Throws ``ScenarioError`` if it belongs to another
  /// simulation.
  public mutating func add(_ other: SimulationOutcome) throws(ScenarioError) {
    if counts.isEmpty {
      self = other
      return
    }
    guard counts.count == other.counts.count, differences.count == other.differences.count else {
      throw ScenarioError("outcomes of different simulations cannot be added")
    }
    for index in counts.indices { try counts[index].add(other.counts[index]) }
    for index in differences.indices { try differences[index].add(other.differences[index]) }
  }
}

/// Programs of the last scenarios: shards of one simulation share them.
final class ProgramCache: Sendable {
  static let shared = ProgramCache()
  private static let programsMax = 64

  private let programs = Mutex<[RunwayScenario: RunwayProgram]>([:])

  func program(_ scenario: RunwayScenario) throws(ScenarioError) -> RunwayProgram {
    if let known = programs.withLock({ $0[scenario] }) { return known }
    let made = try RunwayProgram(scenario)
    programs.withLock { programs in
      if programs.count >= Self.programsMax { programs.removeAll() }
      programs[scenario] = made
    }
    return made
  }
}
