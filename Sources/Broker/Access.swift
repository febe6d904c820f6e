// SPDX-License-Identifier: Apache-2.0

/// What a peer is, as its HELLO says. Numbers are sent; they are never reused.
public struct PeerRole: RawRepresentable, Hashable, Sendable, Codable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Asks questions and submits jobs.
  public static let client = PeerRole(rawValue: 1)
  /// Computes jobs.
  public static let worker = PeerRole(rawValue: 2)
}

/// Who may do what at a broker: one row for each role, one for each service. The broker holds peers to
/// the table and knows nothing else of what they are about.
///
/// Names that begin with ``ownPrefix`` are anybody's: every worker may offer and every client may ask
/// such a service, which is computed once, cannot commit and waits behind nothing.
public struct AccessTable: Sendable {
  /// What peers of one role may do.
  public struct Role: Sendable {
    /// What logs and refusals call it.
    public var name: String
    /// Whether one process at a time has the role: whoever greets first, until it leaves or is lost.
    public var isExclusive: Bool
    /// Connections of the role at once.
    public var peersMax: Int
    /// Services that it may offer.
    public var offers: Set<String>
    /// Routes that it may submit jobs to.
    public var routes: Set<[String]>
    /// Whether services that begin with ``AccessTable/ownPrefix`` may be offered and asked.
    public var hasOwnServices: Bool
    /// Beginnings of the topics that it may publish.
    public var topics: [String]
    /// Whether it may name a worker whose results are no longer taken.
    public var mayQuarantine: Bool
    /// Its share of the workers, beside other producers, at least 1.
    public var weight: Int

    public init(
      name: String, isExclusive: Bool = false, peersMax: Int, offers: Set<String> = [],
      routes: Set<[String]> = [], hasOwnServices: Bool = false, topics: [String] = [],
      mayQuarantine: Bool = false, weight: Int = 1
    ) {
      self.name = name
      self.isExclusive = isExclusive
      self.peersMax = peersMax
      self.offers = offers
      self.routes = routes
      self.hasOwnServices = hasOwnServices
      self.topics = topics
      self.mayQuarantine = mayQuarantine
      self.weight = max(1, weight)
    }
  }

  /// How jobs of one service are treated.
  public struct Service: Sendable {
    /// Its last word on a job is COMMIT: the effect is durable. No other service may say it.
    public var commits: Bool
    /// Somebody waits for the answer: its jobs go before those of other services of the same worker.
    public var isInteractive: Bool
    /// Workers that may die over a job before it is a dead letter.
    public var lossesMax: Int

    public init(commits: Bool = false, isInteractive: Bool = false, lossesMax: Int = 2) {
      self.commits = commits
      self.isInteractive = isInteractive
      self.lossesMax = max(1, lossesMax)
    }
  }

  /// The beginning of the names of services that are not in the table.
  public static let ownPrefix = "x-"

  package let roles: [PeerRole: Role]
  package let services: [String: Service]

  public init(roles: [PeerRole: Role], services: [String: Service]) {
    self.roles = roles
    self.services = services
  }

  func service(_ name: String) -> Service { services[name] ?? Service() }
}

extension AccessTable.Role {
  func mayOffer(_ service: String) -> Bool {
    offers.contains(service) || hasOwnServices && service.hasPrefix(AccessTable.ownPrefix)
  }

  func mayOpen(_ route: [String]) -> Bool {
    routes.contains(route)
      || hasOwnServices && route.count == 1 && route[0].hasPrefix(AccessTable.ownPrefix)
  }

  func mayPublish(_ topic: String) -> Bool { topics.contains { topic.hasPrefix($0) } }
}
