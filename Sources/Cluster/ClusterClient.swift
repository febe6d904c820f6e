// SPDX-License-Identifier: Apache-2.0

import Broker
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
    /// The service refused.
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
  }

  private struct State {
    var waiting: [JobID: Waiting] = [:]
    /// Given up before they were waited for.
    var abandoned: Set<JobID> = []
    var isJoined = false
    var isRefused = false
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
  ///   - name: what the client is called in lists and logs.
  ///   - process: its process id, for the same lists.
  ///   - release: its release, as every greeting says it.
  ///   - services: the services that it can ask.
  /// - Throws: ``ZeroMQError`` when no socket can be made, `EndpointError` for an address that may
  ///   not be used.
  public init(
    address: BrokerAddress, name: String, process: Int, release: String, services: [String],
    logger: Logger
  ) async throws {
    self.address = address
    routes = services
    loop = PollLoop(name: "solvent-client")
    state = Mutex(State())
    let hub = EventHub()
    node = try ProducerNode(
      loop: loop, context: Context(), address: address,
      hello: Hello(
        role: .producer, name: name, process: process, release: release,
        routes: services.map { [$0] }),
      logger: logger,
      events: .init(
        ended: { hub.client?.ended($0, $1) },
        progress: { hub.client?.progressed($0, $1, $2) },
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
      let (isJoined, isRefused) = state.withLock { ($0.isJoined, $0.isRefused) }
      if isJoined { return }
      if isRefused {
        throw ClientError(
          .version,
          "the broker at \(address) speaks another version of the protocol; use the same release")
      }
      guard ContinuousClock.now < deadline else {
        throw ClientError(
          .unreachable, "no broker answers at \(address); start one with: solvent up")
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Asks a service and waits for its answer.
  /// - Parameters:
  ///   - timeout: how long to wait without an answer or a sign of progress.
  /// - Throws: ``ClientError``.
  public func ask(
    _ service: String, _ question: SharedMessage, timeout: Duration = .seconds(30),
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
          state.waiting[id] = Waiting(continuation: continuation) { permille, payload in
            sign.renew()
            progress?(permille, payload)
          }
          return true
        }
        guard isWaiting else { return continuation.resume(throwing: CancellationError()) }
        outbox.submit(id, route: route, question)
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
      let reason =
        payload.map { String(decoding: $0.array, as: UTF8.self) }
        ?? "the job failed (\(code.map { "\($0)" } ?? "unknown"))"
      waiting.continuation.resume(throwing: ClientError(.refused, reason))
    }
  }

  fileprivate func progressed(_ id: JobID, _ permille: Int, _ payload: SharedMessage?) {
    state.withLock { $0.waiting[id]?.progress }?(permille, payload)
  }

  fileprivate func connected(_ note: ConnectionNote) {
    state.withLock { state in
      switch note {
      case .joined: state.isJoined = true
      case .lost: state.isJoined = false
      case .refused: state.isRefused = true
      }
    }
  }
}

/// When a service was last heard.
private final class LastSign: Sendable {
  private let time = Mutex(ContinuousClock.now)

  func renew() { time.withLock { $0 = .now } }
  func isOlder(than duration: Duration) -> Bool { time.withLock { $0 } + duration < .now }
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
