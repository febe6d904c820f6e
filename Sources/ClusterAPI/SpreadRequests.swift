// SPDX-License-Identifier: Apache-2.0

public import Fleet
public import Runway

/// Asks the report service to have scenarios simulated by all workers.
public struct ScenarioRequest: Codable, Hashable, Sendable {
  /// The first is the base of all differences.
  public let scenarios: [RunwayScenario]
  /// 8 to 2,000,000,000; rounded up to a multiple of 8.
  public let paths: Int
  /// Paths per job; `nil` chooses. The result does not depend on it.
  public let shard: Int?
  /// Whether a result that is known may be given without computing it again.
  public let mayBeCached: Bool

  /// Paths of a request at most.
  public static let pathsMax = 2_000_000_000

  /// - Precondition: within the ranges of the properties.
  public init(scenarios: [RunwayScenario], paths: Int, shard: Int?, mayBeCached: Bool) {
    self.scenarios = scenarios
    self.paths = paths
    self.shard = shard
    self.mayBeCached = mayBeCached
    precondition(isValid, "a request within its ranges")
  }

  /// - Throws: `DecodingError` for what is missing, of another type or out of range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scenarios = try container.decode([RunwayScenario].self, forKey: .scenarios)
    paths = try container.decode(Int.self, forKey: .paths)
    shard = try container.decodeIfPresent(Int.self, forKey: .shard)
    mayBeCached = try container.decode(Bool.self, forKey: .mayBeCached)
    guard isValid else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "paths or shards out of range"))
    }
  }

  private var isValid: Bool {
    !scenarios.isEmpty && scenarios.count <= 64 && (8...Self.pathsMax).contains(paths)
      && (shard.map { (8...SimulationJob.pathsMax).contains($0) } ?? true)
  }

  enum CodingKeys: Int, CodingKey {
    case scenarios = 1
    case paths, shard, mayBeCached
  }
}

/// Asks the report service to have hardware searched by all workers.
public struct SearchRequest: Codable, Hashable, Sendable {
  public let job: FleetJob
  /// Whether a result that is known may be given without computing it again.
  public let mayBeCached: Bool

  public init(_ job: FleetJob, mayBeCached: Bool) {
    self.job = job
    self.mayBeCached = mayBeCached
  }

  enum CodingKeys: Int, CodingKey {
    case job = 1
    case mayBeCached
  }
}

/// How far a request is: the payload of its PROGRESS.
public struct SpreadProgress: Codable, Hashable, Sendable {
  /// Parts that are computed: paths of a simulation, jobs of a search.
  public let done: UInt64
  /// Parts in all.
  public let of: UInt64
  /// Paths of the first scenario that are ruined by its horizon; 0 for a search.
  public let ruined: UInt64

  public init(done: UInt64, of: UInt64, ruined: UInt64 = 0) {
    self.done = done
    self.of = of
    self.ruined = ruined
  }

  /// P(ruin by the horizon) of the first scenario so far.
  public var ruin: Probability { Probability(ruined, of: done) }
  /// How far it is, 0 to 1,000.
  public var permille: Int {
    of == 0 ? 0 : Int(min(1, Double(done) / Double(of)) * 1_000)
  }

  enum CodingKeys: Int, CodingKey {
    case done = 1
    case of, ruined
  }
}
