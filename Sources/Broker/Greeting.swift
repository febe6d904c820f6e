// SPDX-License-Identifier: Apache-2.0

/// The payload of HELLO. Keys are the integers of `docs/protocol.cddl`.
public struct Hello: Codable, Hashable, Sendable {
  /// What a peer does. Raw values are sent; they are never reused.
  public enum Role: Int, Codable, Sendable {
    /// Submits jobs.
    case producer = 1
    /// Carries out jobs; also one that commits effects or publishes streams.
    case worker = 2
  }

  /// Decides which messages the broker accepts from this peer.
  public var role: Role
  /// For people: "worker-2", "ingest".
  public var name: String
  /// The peer's process id, for people.
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
  /// Distinguishes one run of a broker from the next.
  public var broker: UInt64
  /// The release of the broker's program.
  public var release: String
  /// Both sides send something at least this often.
  public var heartbeatMilliseconds: Int
  /// Silence of this length means that the peer is gone.
  public var livenessMilliseconds: Int
  /// The numbers of the routes or services, in the order of HELLO.
  public var numbers: [Int]
  /// Producer: how many jobs, and bytes in them, may be outstanding.
  public var jobsMax: Int
  /// Payload bytes that may be outstanding.
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

/// The broker's answer about itself.
public struct BrokerStatus: Codable, Hashable, Sendable {
  /// One worker or service that has joined.
  public struct Worker: Codable, Hashable, Sendable {
    /// The name in its HELLO.
    public var name: String
    /// Its process id.
    public var process: Int
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

    enum CodingKeys: Int, CodingKey {
      case name = 1
      case process, services, inFlight, done, credit, silentMilliseconds, draining
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

    enum CodingKeys: Int, CodingKey {
      case service = 1
      case queued, inFlight, oldestMilliseconds
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
  /// Payload bytes of the jobs that the broker holds.
  public var heldBytes: Int
  /// Topics that the broker keeps for late subscribers.
  public var topics: Int

  enum CodingKeys: Int, CodingKey {
    case release = 1
    case upMilliseconds, workers, queues, finished, requeued, deadLetters, duplicates, heldBytes
    case topics
  }
}
