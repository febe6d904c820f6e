// SPDX-License-Identifier: Apache-2.0

/// The payload of HELLO. Keys are the integers of `docs/protocol.cddl`.
///
/// It cannot hold what a broker would have to refuse for its shape: names are 1 to ``nameBytesMax`` bytes
/// without control characters, and there are at most ``servicesMax`` services and ``routesMax`` routes.
public struct Hello: Codable, Hashable, Sendable {
  /// Bytes of a name at most: of a peer, a service or a release.
  public static let nameBytesMax = 64
  /// Services that one connection may offer.
  public static let servicesMax = 32
  /// Routes that one connection may open.
  public static let routesMax = 64
  /// Services of a route.
  public static let stagesMax = 8

  /// Decides what the broker accepts from this peer.
  public let role: PeerRole
  /// For people: "worker-2", "ingest".
  public let name: String
  /// The peer's process id, for people.
  public let process: Int
  /// The release of the peer's program.
  public let release: String
  /// On the worker socket: the services it offers, which messages name by their place here.
  public let services: [String]
  /// On the client socket: the routes its jobs take, each a list of services.
  public let routes: [[String]]
  /// The run of the program: connections with the same instance are one peer's.
  public let instance: Instance

  /// - Precondition: within the limits above.
  public init(
    role: PeerRole, name: String, process: Int, release: String, services: [String] = [],
    routes: [[String]] = [], instance: Instance
  ) {
    self.role = role
    self.name = name
    self.process = process
    self.release = release
    self.services = services
    self.routes = routes
    self.instance = instance
    precondition(problem == nil, "a greeting within its limits")
  }

  /// - Throws: `DecodingError` for what is missing, of another type or beyond a limit.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    role = try container.decode(PeerRole.self, forKey: .role)
    name = try container.decode(String.self, forKey: .name)
    process = try container.decode(Int.self, forKey: .process)
    release = try container.decode(String.self, forKey: .release)
    services = try container.decode([String].self, forKey: .services)
    routes = try container.decode([[String]].self, forKey: .routes)
    instance = try container.decode(Instance.self, forKey: .instance)
    if let problem {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: problem))
    }
  }

  private var problem: String? {
    guard services.count <= Self.servicesMax, routes.count <= Self.routesMax else {
      return "a peer offers at most \(Self.servicesMax) services and opens \(Self.routesMax) routes"
    }
    guard routes.allSatisfy({ (1...Self.stagesMax).contains($0.count) }) else {
      return "a route has 1 to \(Self.stagesMax) services"
    }
    guard Set(services).count == services.count else { return "a service is offered twice" }
    let names = [name, release] + services + routes.joined()
    return names.allSatisfy(Self.isName) ? nil : "a name is 1 to \(Self.nameBytesMax) plain bytes"
  }

  /// Whether a text can be a name: short, not empty, without control characters.
  public static func isName(_ text: String) -> Bool {
    let bytes = text.utf8
    return (1...nameBytesMax).contains(bytes.count) && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  enum CodingKeys: Int, CodingKey {
    case role = 1
    case name, process, release, services, routes, instance
  }
}

/// The payload of WELCOME.
public struct Welcome: Codable, Hashable, Sendable {
  /// Distinguishes one run of a broker from the next.
  public let broker: UInt64
  /// The release of the broker's program.
  public let release: String
  /// Both sides send something at least this often; 1 to 3,600,000.
  public let heartbeatMilliseconds: Int
  /// Silence of this length means that the peer is gone; at least the heartbeat.
  public let livenessMilliseconds: Int
  /// Producer: how many jobs may be outstanding.
  public let jobsMax: Int
  /// Producer: payload bytes that may be outstanding.
  public let bytesMax: Int
  /// The broker's number for this connection, by which messages name a worker.
  public let number: UInt32

  /// - Precondition: within the ranges of the properties.
  public init(
    broker: UInt64, release: String, heartbeatMilliseconds: Int, livenessMilliseconds: Int,
    jobsMax: Int, bytesMax: Int, number: UInt32
  ) {
    self.broker = broker
    self.release = release
    self.heartbeatMilliseconds = heartbeatMilliseconds
    self.livenessMilliseconds = livenessMilliseconds
    self.jobsMax = jobsMax
    self.bytesMax = bytesMax
    self.number = number
    precondition(isValid, "a welcome within its ranges")
  }

  /// - Throws: `DecodingError` for what is missing, of another type or out of range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    broker = try container.decode(UInt64.self, forKey: .broker)
    release = try container.decode(String.self, forKey: .release)
    heartbeatMilliseconds = try container.decode(Int.self, forKey: .heartbeatMilliseconds)
    livenessMilliseconds = try container.decode(Int.self, forKey: .livenessMilliseconds)
    jobsMax = try container.decode(Int.self, forKey: .jobsMax)
    bytesMax = try container.decode(Int.self, forKey: .bytesMax)
    number = try container.decode(UInt32.self, forKey: .number)
    guard isValid else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a welcome is out of range"))
    }
  }

  private var isValid: Bool {
    (1...3_600_000).contains(heartbeatMilliseconds)
      && (heartbeatMilliseconds...3_600_000).contains(livenessMilliseconds)
      && jobsMax >= 1 && bytesMax >= 0 && bytesMax <= 1 << 48
  }

  enum CodingKeys: Int, CodingKey {
    case broker = 1
    case release, heartbeatMilliseconds, livenessMilliseconds, jobsMax, bytesMax, number
  }
}

/// The broker's answer about itself.
public struct BrokerStatus: Codable, Hashable, Sendable {
  /// One worker or service that has joined.
  public struct Worker: Codable, Hashable, Sendable {
    /// The name in its HELLO.
    public var name: String
    /// Its process id.
    public var process: Int
    /// The broker's number for its connection.
    public var number: UInt32
    /// The services that it provides.
    public var services: [String]
    /// Jobs that it holds now.
    public var inFlight: Int
    /// Jobs that it has answered since it joined.
    public var done: UInt64
    /// Further jobs that it accepts now.
    public var credit: Int
    /// Milliseconds since its last message.
    public var silentMilliseconds: Int
    /// Whether it finishes its jobs and then leaves.
    public var draining: Bool
    /// Whether it gets no jobs because its results were found to be wrong.
    public var quarantined: Bool

    enum CodingKeys: Int, CodingKey {
      case name = 1
      case process, number, services, inFlight, done, credit, silentMilliseconds, draining
      case quarantined
    }
  }

  /// The jobs of one service.
  public struct Queue: Codable, Hashable, Sendable {
    /// The service's name.
    public var service: String
    /// Jobs that wait for a worker.
    public var queued: Int
    /// Jobs that workers hold.
    public var inFlight: Int
    /// How long the oldest waiting job has waited; 0 if none waits.
    public var oldestMilliseconds: Int
    /// Workers that offer the service.
    public var workers: Int

    enum CodingKeys: Int, CodingKey {
      case service = 1
      case queued, inFlight, oldestMilliseconds, workers
    }
  }

  /// The release of the broker's program.
  public var release: String
  /// Milliseconds since the broker started.
  public var upMilliseconds: Int
  /// All workers and services that have joined.
  public var workers: [Worker]
  /// One for each service that a worker or a route has named.
  public var queues: [Queue]
  /// Jobs that ended with a result or a commit since the broker started.
  public var finished: UInt64
  /// Jobs that went back to a queue because their worker was lost, failed or was late.
  public var requeued: UInt64
  /// Jobs given up after the last attempt.
  public var deadLetters: UInt64
  /// Answers that came too late to count.
  public var duplicates: UInt64
  /// Bytes of what the broker holds: jobs, topics, and answers that their producers have not read.
  public var heldBytes: Int
  /// Topics that the broker keeps for late subscribers.
  public var topics: Int

  enum CodingKeys: Int, CodingKey {
    case release = 1
    case upMilliseconds, workers, queues, finished, requeued, deadLetters, duplicates, heldBytes
    case topics
  }
}
