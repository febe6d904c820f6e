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

  /// Cuts a simulation into jobs.
  /// - Parameters:
  ///   - paths: rounded up to a multiple of 8.
  ///   - shard: paths per job; chosen for `workers` workers when `nil`.
  public static func shards(
    _ scenarios: [RunwayScenario], paths: Int, workers: Int, shard: Int? = nil
  ) -> [SimulationJob] {
    let paths = (paths + 7) / 8 * 8
    // Several a worker, so that a slow one holds nothing up; so short that nobody waits long for a worker
    // who is at another's; not so small that sending them counts.
    let steps = scenarios.reduce(0) { $0 + $1.steps }
    let short = shardSteps / max(1, steps)
    let usual = max(1_024, min(pathsMax / 2, short, paths / max(1, workers * 8)))
    let size = max(8, (shard ?? usual) / 8 * 8)
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
    guard !scenarios.isEmpty, scenarios.count <= 64, count > 0, count <= Self.pathsMax,
      count % 8 == 0, first % 8 == 0
    else { throw ScenarioError("a shard of \(count) paths of \(scenarios.count) scenarios") }
    var outcome = SimulationOutcome()
    var base: [UInt8] = []
    for scenario in scenarios {
      let program = try ProgramCache.shared.program(scenario)
      let (counts, ruins) = RunwayEngine.simulate(
        program, seed: scenario.seed, first: first, count: count, on: kernel)
      if outcome.counts.isEmpty {
        base = ruins
      } else if scenario.steps == scenarios[0].steps {
        outcome.differences.append(RunwayDifference(base, ruins, steps: scenario.steps))
      } else {
        throw ScenarioError("compared scenarios need the same number of steps")
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

  /// Whether it can be the outcome of a job.
  public func fits(_ job: SimulationJob) -> Bool {
    counts.count == job.scenarios.count && differences.count == counts.count - 1
      && zip(counts, job.scenarios).allSatisfy {
        $0.steps == $1.steps && $0.paths == UInt64(job.count)
      }
      && differences.allSatisfy { difference in
        difference.steps == counts[0].steps
          && difference.joint.count == (difference.steps + 1) * (difference.steps + 1)
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
