// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Logging
import Synchronization
public import ZeroMQ

/// Why a question to a cluster has no answer.
public struct ClientError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What went wrong, for a program to act on.
  public enum Kind: Equatable, Sendable {
    /// No broker answers.
    case unreachable
    /// The broker does, the service does not.
    case noAnswer
    /// Nobody offers the service.
    case unserved
    /// The service refused, or the broker does not take us.
    case refused
    /// The broker speaks another version.
    case version
  }

  /// Decides the exit code of a command.
  public let kind: Kind
  /// The reason in words for a person, with what to do.
  public let description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// Asks services of a cluster: a producer whose jobs are questions.
///
/// ```swift
/// let client = try await ClusterClient(
///   address: address, name: "example", process: 42, release: "1.0", services: ["broker"],
///   logger: logger)
/// let answer = try await client.ask("broker", SharedMessage([]), timeout: .seconds(3))
/// let status = try answer.decode(BrokerStatus.self)
/// await client.close()
/// ```
/// The example is compiled in `Tests/ExampleTests/ClusterExamples.swift`.
public final class ClusterClient: Sendable {
  private struct Waiting {
    let continuation: CheckedContinuation<SharedMessage?, any Error>
    let progress: (@Sendable (Int, SharedMessage?) -> Void)?
    let unserved: @Sendable () -> Void
  }

  private struct State {
    var waiting: [JobID: Waiting] = [:]
    /// Given up before they were waited for.
    var abandoned: Set<JobID> = []
    var isJoined = false
    var refusal: (code: ErrorCode?, reason: String)?
    var isClosed = false
    var next: UInt64 = 0

    /// - Returns: whether it was open.
    mutating func close() -> Bool {
      defer { isClosed = true }
      return !isClosed
    }
  }

  /// The routes that it can ask, in the order of their numbers.
  private let routes: [String]
  private let address: BrokerAddress
  private let loop: PollLoop
  private let node: ProducerNode
  private let outbox: ProducerOutbox
  private let state: Mutex<State>
  private let epoch = UInt64.random(in: 1...UInt64.max)

  /// Begins to connect.
  /// - Parameters:
  ///   - role: decides which services it may ask.
  ///   - name: what the client is called in lists and logs.
  ///   - process: its process id, for the same lists.
  ///   - release: its release, as every greeting says it.
  ///   - services: the services that it can ask.
  ///   - instance: the run of the program, for one that has an exclusive role.
  /// - Throws: ``ZeroMQError`` when no socket can be made, `EndpointError` for an address that may
  ///   not be used.
  public init(
    address: BrokerAddress, role: PeerRole = .client, name: String, process: Int, release: String,
    services: [String], instance: Instance = .random(), logger: Logger
  ) async throws {
    self.address = address
    routes = services
    loop = PollLoop(name: "solvent-client")
    state = Mutex(State())
    let hub = EventHub()
    node = try ProducerNode(
      loop: loop, context: Context(), address: address,
      hello: Hello(
        role: role, name: name, process: process, release: release,
        routes: services.map { [$0] }, instance: instance),
      logger: logger,
      events: .init(
        ended: { id, outcome, _ in hub.client?.ended(id, outcome) },
        progress: { hub.client?.progressed($0, $1, $2) },
        unserved: { hub.client?.unserved($0) },
        connection: { hub.client?.connected($0) }))
    outbox = ProducerOutbox(node)
    hub.set(self)
    loop.start()
    await node.start()
  }

  /// Ends the connection.
  public func close() async {
    // Its loop ends with the first call, and whoever waited for the loop then would wait for ever.
    guard state.withLock({ $0.close() }) else { return }
    await outbox.close()
    await node.stop()
    loop.stop()
  }

  /// Waits until the broker answers.
  /// - Throws: ``ClientError`` `unreachable` or `version`.
  public func join(within timeout: Duration = .seconds(5)) async throws {
    let deadline = ContinuousClock.now + timeout
    while true {
      let (isJoined, refusal) = state.withLock { ($0.isJoined, $0.refusal) }
      if isJoined { return }
      if let refusal { throw Self.error(refusal.code, refusal.reason, address) }
      guard ContinuousClock.now < deadline else {
        throw ClientError(.unreachable, address.reasonForSilence())
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// What the broker's refusal means for whoever asked.
  private static func error(
    _ code: ErrorCode?, _ reason: String, _ address: BrokerAddress
  ) -> ClientError {
    if code == .version {
      return ClientError(
        .version,
        "the broker at \(address) speaks another version of the protocol; use the same release")
    }
    return ClientError(.refused, "the broker at \(address) refuses: \(reason)")
  }

  /// Asks a service and waits for its answer.
  /// - Parameters:
  ///   - timeout: how long to wait without an answer or a sign of progress.
  ///   - patience: how long to wait for somebody to offer the service: it may be starting again.
  /// - Throws: ``ClientError``.
  public func ask(
    _ service: String, _ question: SharedMessage, timeout: Duration = .seconds(30),
    patience: Duration = .seconds(5),
    progress: (@Sendable (Int, SharedMessage?) -> Void)? = nil
  ) async throws -> SharedMessage {
    guard let route = routes.firstIndex(of: service) else {
      preconditionFailure("the client was not made to ask '\(service)'")
    }
    try await join()
    let id = state.withLock { state in
      state.next += 1
      return JobID(epoch: epoch, sequence: state.next)
    }
    let sign = LastSign()
    let watch = Task { [self] in
      while !Task.isCancelled {
        try await Task.sleep(for: .milliseconds(200))
        if sign.isUnserved(for: patience) {
          fail(id, ClientError(.unserved, "nobody offers the service '\(service)'"))
          outbox.cancel(id)
          return
        }
        if sign.isOlder(than: timeout) {
          fail(id, ClientError(.noAnswer, "the service '\(service)' does not answer"))
          outbox.cancel(id)
          return
        }
      }
    }
    defer { watch.cancel() }
    let answer = try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isWaiting = state.withLock { state in
          // Cancelled before it began: nobody would end the wait.
          if state.abandoned.remove(id) != nil { return false }
          state.waiting[id] = Waiting(
            continuation: continuation,
            progress: { permille, payload in
              sign.renew()
              progress?(permille, payload)
            }, unserved: { sign.unserved() })
          return true
        }
        guard isWaiting else { return continuation.resume(throwing: CancellationError()) }
        outbox.submit(id, NewJob(route: route, question))
      }
    } onCancel: {
      let waiting = state.withLock { state in
        let waiting = state.waiting.removeValue(forKey: id)
        if waiting == nil { state.abandoned.insert(id) }
        return waiting
      }
      waiting?.continuation.resume(throwing: CancellationError())
      outbox.cancel(id)
    }
    state.withLock { _ = $0.abandoned.remove(id) }
    guard let answer else { throw ClientError(.noAnswer, "'\(service)' answered nothing") }
    return answer
  }

  private func take(_ id: JobID) -> Waiting? {
    state.withLock { $0.waiting.removeValue(forKey: id) }
  }

  private func fail(_ id: JobID, _ error: any Error) {
    take(id)?.continuation.resume(throwing: error)
  }

  fileprivate func ended(_ id: JobID, _ outcome: ProducerOutcome) {
    guard let waiting = take(id) else { return }
    switch outcome {
    case .result(let payload), .committed(let payload):
      waiting.continuation.resume(returning: payload)
    case .failed(let code, let payload):
      let reason = payload.map(\.text) ?? Self.reason(code)
      waiting.continuation.resume(throwing: ClientError(.refused, reason))
    }
  }

  private static func reason(_ code: FailureCode?) -> String {
    switch code {
    case .poison: "the job was given up: each process that took it died or did not answer"
    case let code?: "the job failed (\(code))"
    case nil: "the job failed for an unknown reason"
    }
  }

  fileprivate func progressed(_ id: JobID, _ permille: Int, _ payload: SharedMessage?) {
    state.withLock { $0.waiting[id]?.progress }?(permille, payload)
  }

  fileprivate func unserved(_ id: JobID) {
    state.withLock { $0.waiting[id]?.unserved }?()
  }

  fileprivate func connected(_ note: ConnectionNote) {
    state.withLock { state in
      switch note {
      case .joined:
        state.isJoined = true
        state.refusal = nil
      case .lost: state.isJoined = false
      case .refused(let code, let reason): state.refusal = (code, reason)
      }
    }
  }
}

/// When a service was last heard, and since when nobody offers it.
private final class LastSign: Sendable {
  private struct State {
    var heard = ContinuousClock.now
    var unservedSince: ContinuousClock.Instant?
    var unservedLast: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  func renew() {
    state.withLock { state in
      state.heard = .now
      state.unservedSince = nil
    }
  }

  /// The broker says so twice a second while it is so.
  func unserved() {
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.unservedLast, last + .seconds(2) < now { state.unservedSince = nil }
      state.unservedSince = state.unservedSince ?? now
      state.unservedLast = now
    }
  }

  func isUnserved(for patience: Duration) -> Bool {
    state.withLock { state in
      guard let since = state.unservedSince, let last = state.unservedLast else { return false }
      return last + .seconds(2) > .now && since + patience < .now
    }
  }

  func isOlder(than duration: Duration) -> Bool { state.withLock { $0.heard } + duration < .now }
}

/// Breaks the circle between a node, which needs its events when it is made, and the client.
private final class EventHub: Sendable {
  private struct Weak: Sendable {
    weak var client: ClusterClient?
  }
  private let held = Mutex(Weak())

  var client: ClusterClient? { held.withLock { $0.client } }
  func set(_ client: ClusterClient) { held.withLock { $0.client = client } }
}
