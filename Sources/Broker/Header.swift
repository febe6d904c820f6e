// SPDX-License-Identifier: Apache-2.0

/// What a message asks for or reports. Numbers are never reused (`docs/PROTOCOL.md`).
public enum Command: UInt8, Sendable, CaseIterable {
  /// Peer to broker: who I am, what I offer or want.
  case hello = 1
  /// Broker to peer: accepted; intervals, numbers of services or routes, credit.
  case welcome = 2
  /// Worker to broker: ready for `argument` jobs.
  case ready = 3
  /// Work. `argument` is the lease in milliseconds on the way to a worker.
  case job = 4
  /// The outcome of a stage.
  case result = 5
  /// The effect of a job is durable; the job is over.
  case commit = 6
  /// A stage failed. `argument` is a ``FailureCode``.
  case fail = 7
  /// A worker is alive within a long job. `argument` is permille done.
  case progress = 8
  /// A worker takes `argument` more jobs.
  case credit = 9
  /// Nobody wants the job any more. Only the producer that submitted a job can cancel it.
  case cancel = 10
  /// Still here.
  case heartbeat = 11
  /// Broker to a peer it does not know: say HELLO.
  case who = 12
  /// The sender is leaving.
  case bye = 13
  /// Broker to publisher: publish the snapshot of your topics.
  case snapshot = 14
  /// The peer broke the protocol and is ignored. `argument` is an ``ErrorCode``.
  case error = 16
  /// Publisher to broker to subscribers: a delta or a snapshot of a topic.
  case publish = 15
  /// Producer to broker: results of the worker with the number `argument` are not to be taken any more.
  case quarantine = 17
  /// Broker to a subscriber that joined: what follows is news.
  case caughtUp = 18
}

/// A job's name for ever: the producer's epoch and a number that the producer never uses twice.
public struct JobID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Distinguishes one producer, or one journal, from all others.
  public var epoch: UInt64
  /// Counts the producer's jobs; never reused within an epoch.
  public var sequence: UInt64

  public init(epoch: UInt64, sequence: UInt64) {
    self.epoch = epoch
    self.sequence = sequence
  }

  /// The id in messages that are about no job.
  public static let none = JobID(epoch: 0, sequence: 0)

  public static func < (a: JobID, b: JobID) -> Bool {
    (a.epoch, a.sequence) < (b.epoch, b.sequence)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(epoch ^ (sequence &* 0x9E37_79B9_7F4A_7C15))
  }

  /// `EPOCH/SEQUENCE`, the epoch in hexadecimal.
  public var description: String { "\(String(epoch, radix: 16))/\(sequence)" }
}

/// The fixed head of every message. 32 bytes stay inside `zmq_msg_t`, so no allocation.
///
///     byte   0    1     2      3        4      5        6    7     8 … 15   16 … 23   24 … 31
///          [ 'S' 'V' | major | command | flags | attempt | service | epoch  | sequence | argument ]
///
/// Numbers are little-endian.
public struct Header: Hashable, Sendable {
  /// The protocol's major version. Peers of different versions refuse each other.
  public static let major: UInt8 = 2
  /// The length of every header.
  public static let byteCount = 32

  /// `publish`: the payload is the snapshot of the topic, not a change.
  public static let snapshot: UInt8 = 1
  /// `job`: the job may have run before.
  public static let redelivered: UInt8 = 2
  /// `fail`: another attempt may succeed.
  public static let retryable: UInt8 = 4
  /// `job`: it waits for a worker also while nobody offers the service.
  public static let waits: UInt8 = 8

  /// What the message asks for or reports.
  public var command: Command
  /// ``snapshot``, ``redelivered``, ``retryable`` and ``waits``, combined by `|`.
  public var flags: UInt8 = 0
  /// How often the job was handed out before, 0 at first.
  public var attempt: UInt8 = 0
  /// The place of a route (from and to a producer) or of a service (from and to a worker) in the HELLO.
  public var service: UInt16 = 0
  /// The job that the message is about; on streams its epoch is the publisher's.
  public var job: JobID = .none
  /// A number whose meaning depends on the command (`docs/PROTOCOL.md`).
  public var argument: UInt64 = 0

  /// The lower half of the argument: a lease in milliseconds, or a failure's code.
  public var lowArgument: UInt32 { UInt32(truncatingIfNeeded: argument) }
  /// The upper half of the argument: the number of a worker, 0 for none.
  public var workerNumber: UInt32 { UInt32(truncatingIfNeeded: argument >> 32) }

  /// An argument of two halves.
  public static func argument(_ low: UInt32, worker: UInt32) -> UInt64 {
    UInt64(worker) << 32 | UInt64(low)
  }

  public init(
    _ command: Command, flags: UInt8 = 0, attempt: UInt8 = 0, service: UInt16 = 0,
    job: JobID = .none, argument: UInt64 = 0
  ) {
    self.command = command
    self.flags = flags
    self.attempt = attempt
    self.service = service
    self.job = job
    self.argument = argument
  }

  /// Why 32 bytes are not a header that this version understands.
  public enum Problem: Error, Equatable, Sendable {
    /// Not 32 bytes, another magic or an unknown command.
    case malformed
    /// A Solvent peer of another major version.
    case version(UInt8)
  }

  /// Reads a header.
  /// - Throws: ``Problem``.
  public init(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
    guard bytes.count == Self.byteCount, bytes[0] == 0x53, bytes[1] == 0x56 else {
      throw .malformed
    }
    guard bytes[2] == Self.major else { throw .version(bytes[2]) }
    guard let command = Command(rawValue: bytes[3]) else { throw .malformed }
    func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
      Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
    self.command = command
    flags = bytes[4]
    attempt = bytes[5]
    service = number(6, UInt16.self)
    job = JobID(epoch: number(8, UInt64.self), sequence: number(16, UInt64.self))
    argument = number(24, UInt64.self)
  }

  /// Writes the header into 32 bytes.
  public func write(to bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count == Self.byteCount, "a header is 32 bytes")
    bytes[0] = 0x53
    bytes[1] = 0x56
    bytes[2] = Self.major
    bytes[3] = command.rawValue
    bytes[4] = flags
    bytes[5] = attempt
    bytes.storeBytes(of: service.littleEndian, toByteOffset: 6, as: UInt16.self)
    bytes.storeBytes(of: job.epoch.littleEndian, toByteOffset: 8, as: UInt64.self)
    bytes.storeBytes(of: job.sequence.littleEndian, toByteOffset: 16, as: UInt64.self)
    bytes.storeBytes(of: argument.littleEndian, toByteOffset: 24, as: UInt64.self)
  }
}

/// Why a job failed. Stable numbers, listed in `docs/PROTOCOL.md`.
public enum FailureCode: UInt32, Sendable {
  /// The worker refused the payload: it is malformed or breaks a rule.
  case rejected = 1
  /// The worker could not finish now. Retryable.
  case unavailable = 2
  /// Workers died over the job, or it was handed out ``BrokerMachine/Settings/attemptsMax`` times.
  case poison = 3
  /// Nobody offers the service. Retryable.
  case unserved = 4
  /// The producer has more outstanding than its credit, or the broker holds all that it may. Retryable.
  case full = 5
  /// The ledger holds another result for the same key: an alarm.
  case conflict = 6
  /// The outcome is not one of the batch: a worker computed wrongly.
  case mismatch = 7
}

/// Why a peer is refused. Stable numbers, listed in `docs/PROTOCOL.md`.
public enum ErrorCode: UInt64, Sendable {
  /// Another major version of the protocol.
  case version = 1
  /// Not a message of the protocol.
  case malformed = 2
  /// The peer's role may not do that.
  case role = 3
  /// The broker has as many peers, services or topics as it takes.
  case full = 4
  /// Another process has the role.
  case taken = 5
  /// The worker's results were found to be wrong.
  case quarantined = 6
}
