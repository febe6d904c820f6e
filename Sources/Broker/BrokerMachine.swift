// SPDX-License-Identifier: Apache-2.0

/// The broker's decisions: which worker gets which job, what happens when one falls silent, and what
/// a late subscriber receives. No socket, clock or disk: events come in, actions go out.
///
///     a job             queued ──hand out──> running ──RESULT──> queued for the next stage …
///                          ^                    │   └─COMMIT, or RESULT of the last stage─> over
///                          └──── requeue ───────┤
///                                               └─ attempts used up, or FAIL for good ─> dead letter
///
///     requeue, at the head, attempt + 1, when: the worker is unreachable, silent for longer than
///     the liveness, leaves, lets the lease run out, or fails in a way that may pass.
///
/// `docs/PROTOCOL.md` has the table of states and events. An answer counts only from a worker that was
/// given the job at the stage where the job is, and COMMIT only at a service that commits
/// (``AccessTable``).
///
/// Memory: what is held for producers, topics and unread answers is counted in ``BrokerStatus/heldBytes``
/// as long as it is there, and stays below ``Settings/memoryMax`` and what workers answer to jobs that
/// were accepted before.
///
/// ```swift
/// var broker = BrokerMachine<String>(
///   settings: .init(access: access), release: "1.0", identity: 7, now: clock)
/// let hello = Hello(
///   role: .worker, name: "worker-1", process: 42, release: "1.0", services: ["x-double"],
///   instance: .random())
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
  var connections: [PeerRole: Int] = [:]
  var owners: [PeerRole: Owner] = [:]
  var quarantined: [Instance] = []
  var services: [String: Service] = [:]
  var jobs: [JobID: Job] = [:]
  var jobBytes = 0
  var topics: [String: Topic] = [:]
  var topicBytes = 0
  var unreadBytes = 0
  var joining = JoinQueue()
  /// Services of which a special job was taken in this event.
  var unsettled: [Service] = []
  /// Workers from which a job was taken that they had alone.
  var freed: [Worker] = []
  var lastTick: UInt64
  var lastHeads: UInt64
  var finished: UInt64 = 0
  var requeued: UInt64 = 0
  var deadLetters: UInt64 = 0
  var duplicates: UInt64 = 0

  /// - Parameters:
  ///   - identity: a number that no other life of a broker has.
  ///   - now: the monotonic clock, in nanoseconds, as in every call.
  public init(settings: Settings, release: String, identity: UInt64, now: UInt64) {
    self.settings = settings
    self.release = release
    self.identity = identity
    bornAt = now
    lastTick = now
    lastHeads = now
  }

  /// A message could not be read, comes from another version, or asks for what its sender may not.
  public func refuse(
    _ peer: PeerID, _ code: ErrorCode, _ reason: String, _ actions: inout [Action]
  ) {
    // It counts what it is told; what the shell leaves out does no harm, what is not counted does.
    producers[peer]?.sent &+= 1
    actions.append(.refuse(peer, code, reason))
    actions.append(.note(.refused(peer, code, reason)))
  }

  // MARK: Messages

  /// A message other than HELLO or PUBLISH.
  /// - Parameters:
  ///   - control: what a JOB's producer wants checked by the last service of the route.
  ///   - controlBytes: its size.
  ///   - bytes: the size of payload and control together.
  public mutating func received(
    _ header: Header, _ payload: Payload?, control: Payload? = nil, controlBytes: Int = 0,
    bytes: Int, from peer: PeerID, now: UInt64, _ actions: inout [Action]
  ) {
    switch peer.side {
    case .worker:
      guard let worker = workers[peer] else { return askWho(peer, &actions) }
      worker.lastHeard = now
      receivedFromWorker(header, payload, bytes, worker, now, &actions)
    case .client:
      guard let producer = producers[peer] else { return askWho(peer, &actions) }
      producer.lastHeard = now
      receivedFromProducer(
        header, payload, (control, controlBytes), bytes, producer, now, &actions)
    }
    settle(now, &actions)
  }

  func askWho(_ peer: PeerID, _ actions: inout [Action]) {
    actions.append(.send(peer, Header(.who, argument: identity), nil))
  }

  mutating func receivedFromWorker(
    _ header: Header, _ payload: Payload?, _ bytes: Int, _ worker: Worker, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    switch header.command {
    case .ready:
      worker.granted = min(settings.slotsMax, Int(clamping: header.argument))
      serve(worker, now, &actions)
    case .credit:
      let more = min(settings.slotsMax, Int(clamping: header.argument))
      worker.granted = min(settings.slotsMax, worker.granted + more)
      serve(worker, now, &actions)
    case .result, .commit, .fail:
      answered(header, payload, bytes, worker, now, &actions)
    case .progress:
      progressed(header, payload, worker, now, &actions)
    case .bye:
      worker.isDraining = true
      endDrainIfIdle(worker, &actions)
    case .heartbeat:
      // Its queue may have room again; nothing else tells.
      guard worker.isFull, !isPlanted(.brokerKeepsFull) else { return }
      worker.isFull = false
      serve(worker, now, &actions)
    case .hello, .welcome, .job, .cancel, .who, .snapshot, .error, .publish, .quarantine, .caughtUp:
      refuse(worker.id, .role, "a worker does not say \(header.command)", &actions)
    }
  }

  mutating func receivedFromProducer(
    _ header: Header, _ payload: Payload?, _ control: (payload: Payload?, bytes: Int), _ bytes: Int,
    _ producer: Producer, _ now: UInt64, _ actions: inout [Action]
  ) {
    switch header.command {
    case .job:
      guard let payload else {
        return refuse(producer.id, .malformed, "a job without a payload", &actions)
      }
      submitted(header, payload, control, bytes, producer, now, &actions)
    case .cancel:
      cancelled(header.job, by: producer, &actions)
    case .bye:
      drop(producer, &actions)
      actions.append(.send(producer.id, Header(.bye), nil))
      actions.append(.note(.left(producer.id, name: producer.name)))
    case .heartbeat:
      hasRead(header.argument, producer)
    case .quarantine:
      quarantine(header.argument, by: producer, now, &actions)
    case .hello, .welcome, .ready, .result, .commit, .fail, .progress, .credit, .who, .snapshot,
      .error, .publish, .caughtUp:
      refuse(producer.id, .role, "a producer does not say \(header.command)", &actions)
    }
  }
}
