// SPDX-License-Identifier: Apache-2.0

/// The payload of HELLO. Keys are the integers of `docs/protocol.cddl`.
public struct Hello: Codable, Hashable, Sendable {
  public enum Role: Int, Codable, Sendable {
    /// Submits jobs.
    case producer = 1
    /// Carries out jobs; also one that commits effects or publishes streams.
    case worker = 2
  }

  public var role: Role
  /// For people: "worker-2", "ingest".
  public var name: String
  public var process: Int
  /// The release of the peer's program.
  public var release: String
  /// Worker: the services it offers.
  public var services: [String]
  /// Producer: the routes its jobs take, each a list of services.
  public var routes: [[String]]

  public init(
    role: Role, name: String, process: Int, release: String, services: [String] = [],
    routes: [[String]] = []
  ) {
    self.role = role
    self.name = name
    self.process = process
    self.release = release
    self.services = services
    self.routes = routes
  }

  enum CodingKeys: Int, CodingKey {
    case role = 1
    case name, process, release, services, routes
  }
}

/// The payload of WELCOME.
public struct Welcome: Codable, Hashable, Sendable {
  /// Tells one life of a broker from the next.
  public var broker: UInt64
  public var release: String
  /// Both sides send something at least this often.
  public var heartbeatMilliseconds: Int
  /// Silence of this length means that the peer is gone.
  public var livenessMilliseconds: Int
  /// The numbers of the routes or services, in the order of HELLO.
  public var numbers: [Int]
  /// Producer: how many jobs, and bytes in them, may be outstanding.
  public var jobsMax: Int
  public var bytesMax: Int

  public init(
    broker: UInt64, release: String, heartbeatMilliseconds: Int, livenessMilliseconds: Int,
    numbers: [Int], jobsMax: Int, bytesMax: Int
  ) {
    self.broker = broker
    self.release = release
    self.heartbeatMilliseconds = heartbeatMilliseconds
    self.livenessMilliseconds = livenessMilliseconds
    self.numbers = numbers
    self.jobsMax = jobsMax
    self.bytesMax = bytesMax
  }

  enum CodingKeys: Int, CodingKey {
    case broker = 1
    case release, heartbeatMilliseconds, livenessMilliseconds, numbers, jobsMax, bytesMax
  }
}

/// One row of the broker's answer about itself.
public struct BrokerStatus: Codable, Hashable, Sendable {
  public struct Worker: Codable, Hashable, Sendable {
    public var name: String
    public var process: Int
    public var services: [String]
    public var inFlight: Int
    public var done: UInt64
    public var credit: Int
    public var silentMilliseconds: Int
    public var draining: Bool

    enum CodingKeys: Int, CodingKey {
      case name = 1
      case process, services, inFlight, done, credit, silentMilliseconds, draining
    }
  }

  public struct Queue: Codable, Hashable, Sendable {
    public var service: String
    public var queued: Int
    public var inFlight: Int
    public var oldestMilliseconds: Int

    enum CodingKeys: Int, CodingKey {
      case service = 1
      case queued, inFlight, oldestMilliseconds
    }
  }

  public var release: String
  public var upMilliseconds: Int
  public var workers: [Worker]
  public var queues: [Queue]
  public var finished: UInt64
  public var requeued: UInt64
  public var deadLetters: UInt64
  public var duplicates: UInt64
  public var heldBytes: Int
  public var topics: Int

  enum CodingKeys: Int, CodingKey {
    case release = 1
    case upMilliseconds, workers, queues, finished, requeued, deadLetters, duplicates, heldBytes
    case topics
  }
}
