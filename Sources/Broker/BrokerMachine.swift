// SPDX-License-Identifier: Apache-2.0

/// The broker's decisions: which worker gets which job, what happens when one falls silent, and what
/// a late subscriber receives. No socket, clock or disk: events come in, actions go out.
///
///     a job             queued ──hand out──> in flight ──RESULT──> queued for the next stage …
///                          ^                    │      └─COMMIT, or RESULT of the last stage─> over
///                          └──── requeue ───────┤
///                                               └─ attempts used up, or FAIL for good ─> dead letter
///
///     requeue, at the head, attempt + 1, when: the worker is unreachable, silent for longer than
///     the liveness, leaves, lets the lease run out, or fails in a way that may pass.
///
/// What comes too late is counted and dropped: a RESULT counts while its job waits at the same
/// stage, whoever sends it, since equal jobs have equal results.
///
/// Memory: at most `producers x bytesMax` of payload, and ``Settings/topicBytesMax`` a topic.
///
/// ```swift
/// var broker = BrokerMachine<String>(release: "1.0", identity: 7, now: clock)
/// let hello = Hello(
///   role: .worker, name: "worker-1", process: 42, release: "1.0", services: ["price"])
/// var actions: [BrokerMachine<String>.Action] = []
/// broker.greeted(hello, by: PeerID(.worker, 1), now: clock, &actions)
/// // A shell carries them out in order: here WELCOME to the worker, and a note for the log.
/// ```
/// The example is compiled in `Tests/ExampleTests/BrokerExamples.swift`.
public struct BrokerMachine<Payload>: ~Copyable {
  /// The service that the broker offers itself: a route of this name alone is answered with a
  /// ``BrokerStatus``.
  public static var statusService: String { "broker" }

  let settings: Settings
  let release: String
  let identity: UInt64
  let bornAt: UInt64
  var workers: [PeerID: Worker] = [:]
  var producers: [PeerID: Producer] = [:]
  var services: [Service] = []
  var jobs: [JobID: Job] = [:]
  var topics: [String: Topic] = [:]
  var lastTick: UInt64
  var lastHeads: UInt64
  var finished: UInt64 = 0
  var requeued: UInt64 = 0
  var deadLetters: UInt64 = 0
  var duplicates: UInt64 = 0

  /// - Parameters:
  ///   - identity: a number that no other life of a broker has.
  ///   - now: the monotonic clock, in nanoseconds, as in every call.
  public init(settings: Settings = .init(), release: String, identity: UInt64, now: UInt64) {
    self.settings = settings
    self.release = release
    self.identity = identity
    bornAt = now
    lastTick = now
    lastHeads = now
  }

  /// A message could not be read, or comes from another version.
  public mutating func refuse(
    _ peer: PeerID, _ code: ErrorCode, _ actions: inout [Action]
  ) {
    actions.append(.send(peer, Header(.error, argument: code.rawValue), nil))
    actions.append(.note(.refused(peer, code)))
  }

  // MARK: Messages

  /// A message other than HELLO or PUBLISH.
  /// - Parameter bytes: the size of `payload`.
  public mutating func received(
    _ header: Header, _ payload: Payload?, bytes: Int, from peer: PeerID, now: UInt64,
    _ actions: inout [Action]
  ) {
    switch peer.side {
    case .worker:
      guard let worker = workers[peer] else { return askWho(peer, &actions) }
      worker.lastHeard = now
      receivedFromWorker(header, payload, worker, now, &actions)
    case .client:
      guard let producer = producers[peer] else { return askWho(peer, &actions) }
      producer.lastHeard = now
      receivedFromProducer(header, payload, bytes, producer, now, &actions)
    }
  }

  func askWho(_ peer: PeerID, _ actions: inout [Action]) {
    actions.append(.send(peer, Header(.who, argument: identity), nil))
  }

  mutating func receivedFromWorker(
    _ header: Header, _ payload: Payload?, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    switch header.command {
    case .ready:
      worker.granted = Int(clamping: header.argument)
      list(worker)
      for service in worker.services { handOut(service, now, &actions) }
    case .credit:
      worker.granted += Int(clamping: header.argument)
      list(worker)
      for service in worker.services { handOut(service, now, &actions) }
    case .result, .commit, .fail:
      stageEnded(header, payload, worker, now, &actions)
    case .progress:
      guard let job = jobs[header.job], job.worker === worker else { return }
      job.leaseEnds = now &+ job.leaseMilliseconds &* 1_000_000
      reply(job, header, payload, &actions)
    case .bye:
      worker.isDraining = true
      endDrainIfIdle(worker, &actions)
    case .heartbeat:
      break
    case .hello, .welcome, .job, .cancel, .who, .snapshot, .error, .publish:
      refuse(worker.id, .role, &actions)
    }
  }

  mutating func receivedFromProducer(
    _ header: Header, _ payload: Payload?, _ bytes: Int, _ producer: Producer, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    switch header.command {
    case .job:
      guard let payload else { return refuse(producer.id, .malformed, &actions) }
      submitted(header, payload, bytes, producer, now, &actions)
    case .cancel:
      cancelled(header.job, &actions)
    case .bye:
      drop(producer)
      actions.append(.send(producer.id, Header(.bye), nil))
      actions.append(.note(.left(producer.id, name: producer.name)))
    case .heartbeat:
      break
    case .hello, .welcome, .ready, .result, .commit, .fail, .progress, .credit, .who, .snapshot,
      .error, .publish:
      refuse(producer.id, .role, &actions)
    }
  }
}
