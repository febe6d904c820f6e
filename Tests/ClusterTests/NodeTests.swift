// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import Logging
import Synchronization
import TestSupport
import Testing
import ZeroMQ

/// A broker, workers and clients in this process, over real local sockets, with the checks of debug builds
/// (arithmetic, bounds, isolation, and exclusive access but where a proof stands in its place).
@Suite("Nodes", .timeLimit(.minutes(2)))
struct NodeTests {
  static let access = AccessTable(
    roles: [
      .client: .init(
        name: "client", peersMax: 100, routes: [["echo"], ["a"], ["b"], ["known"], ["broker"]],
        hasOwnServices: true),
      .worker: .init(
        name: "worker", peersMax: 100, offers: ["echo", "a", "b", "known"], hasOwnServices: true,
        topics: [""]),
    ], services: [:])
  static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A broker on a directory of its own.
  final class TestBroker: Sendable {
    let address: BrokerAddress
    let loop = PollLoop(name: "test-broker")
    let node: BrokerNode
    let directory: TemporaryPath

    init(_ change: (inout BrokerMachine<SharedMessage>.Settings) -> Void = { _ in }) throws {
      directory = try TemporaryPath()
      address = try BrokerAddress("ipc://\(directory.path)")
      var settings = BrokerMachine<SharedMessage>.Settings(access: NodeTests.access)
      settings.heartbeatMilliseconds = 20
      settings.livenessMilliseconds = 200
      change(&settings)
      loop.start()
      node = try BrokerNode(
        loop: loop, context: Context(), address: address, settings: settings, release: "test",
        logger: NodeTests.quiet)
    }

    func stop() async {
      await node.stop()
      loop.stop()
    }
  }

  /// A worker whose answers a test decides.
  final class TestWorker: Sendable {
    let loop = PollLoop(name: "test-worker")
    let node: WorkerNode
    let jobs: AsyncStream<Job>
    let cancelled: AsyncStream<JobID>

    init(
      _ broker: TestBroker, name: String = "w", services: [String] = ["echo"], slots: Int = 4
    ) throws {
      let (jobs, taken) = AsyncStream<Job>.makeStream()
      let (cancelled, given) = AsyncStream<JobID>.makeStream()
      self.jobs = jobs
      self.cancelled = cancelled
      loop.start()
      node = try WorkerNode(
        loop: loop, context: Context(), address: broker.address,
        hello: Hello(
          role: .worker, name: name, process: 1, release: "test", services: services,
          instance: .random()),
        slots: slots, logger: NodeTests.quiet, cancelled: { given.yield($0) },
        handler: { taken.yield($0) })
    }

    func stop() async {
      await node.stop()
      loop.stop()
    }
  }

  static func client(_ broker: TestBroker, _ services: [String] = ["echo"]) async throws
    -> ClusterClient
  {
    try await ClusterClient(
      address: broker.address, name: "c", process: 1, release: "test", services: services,
      logger: quiet)
  }

  static func text(_ message: SharedMessage) -> String {
    String(decoding: message.array, as: UTF8.self)
  }

  @Test func aQuestionIsAnsweredByWhoOffersTheService() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let worker = try TestWorker(broker)
    await worker.node.start()
    let outbox = WorkerOutbox(worker.node)
    let client = try await Self.client(broker)
    async let answers = withThrowingTaskGroup(of: String.self) { group in
      for number in 0..<50 {
        group.addTask {
          Self.text(try await client.ask("echo", SharedMessage(Array("\(number)".utf8))))
        }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    var count = 0
    for await job in worker.jobs {
      outbox.finished(job.id, .result(job.payload))
      count += 1
      if count == 50 { break }
    }
    #expect(try await answers == Set((0..<50).map { "\($0)" }))
    await client.close()
    await outbox.close()
    await worker.stop()
    await broker.stop()
  }

  @Test func aRefusalReachesTheOneWhoAsked() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let worker = try TestWorker(broker)
    await worker.node.start()
    let client = try await Self.client(broker)
    let asking = Task { try await client.ask("echo", SharedMessage([1])) }
    for await job in worker.jobs {
      await worker.node.finished(
        job.id, .failed(.rejected, retryable: false, try SharedMessage(Array("no".utf8))))
      break
    }
    let error = await #expect(throws: ClientError.self) { try await asking.value }
    #expect(error == ClientError(.refused, "no"))
    await client.close()
    await worker.stop()
    await broker.stop()
  }

  /// A worker that stops without a word loses its jobs to another.
  @Test func theJobsOfASilentWorkerAreDoneElsewhere() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let silent = try TestWorker(broker, name: "silent", slots: 1)
    await silent.node.start()
    let client = try await Self.client(broker)
    async let answer = client.ask("echo", SharedMessage([7]))
    for await _ in silent.jobs { break }
    await silent.stop()
    let other = try TestWorker(broker, name: "other")
    await other.node.start()
    for await job in other.jobs {
      #expect(job.attempt == 1)
      await other.node.finished(job.id, .result(job.payload))
      break
    }
    #expect(try await answer.array == [7])
    await client.close()
    await other.stop()
    await broker.stop()
  }

  @Test func whoGivesUpIsToldAtOnceAndSoIsTheWorker() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let worker = try TestWorker(broker)
    await worker.node.start()
    let client = try await Self.client(broker)
    let asking = Task { try await client.ask("echo", SharedMessage([1])) }
    var held: JobID?
    for await job in worker.jobs {
      held = job.id
      break
    }
    asking.cancel()
    await #expect(throws: CancellationError.self) { try await asking.value }
    for await id in worker.cancelled {
      #expect(id == held)
      break
    }
    await client.close()
    await worker.stop()
    await broker.stop()
  }

  /// Cancelled before it began, a question waits for nothing.
  @Test func aQuestionCancelledBeforeItBeganEndsAtOnce() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let client = try await Self.client(broker)
    try await client.join()
    let asking = Task {
      // Held until the cancellation is there.
      try? await Task.sleep(for: .seconds(600))
      return try await client.ask("echo", SharedMessage([1]), timeout: .seconds(600))
    }
    asking.cancel()
    await #expect(throws: CancellationError.self) { try await asking.value }
    await client.close()
    await broker.stop()
  }

  @Test func aServiceThatNobodyOffersDoesNotAnswer() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let client = try await Self.client(broker)
    let error = await #expect(throws: ClientError.self) {
      try await client.ask("echo", SharedMessage([1]), timeout: .milliseconds(1))
    }
    #expect(error?.kind == .noAnswer)
    await client.close()
    await broker.stop()
  }

  @Test func withoutABrokerNobodyJoins() async throws {
    let broker = try TestBroker()
    let address = broker.address
    await broker.stop()
    let client = try await ClusterClient(
      address: address, name: "c", process: 1, release: "test", services: ["echo"],
      logger: Self.quiet)
    let error = await #expect(throws: ClientError.self) {
      try await client.join(within: .milliseconds(50))
    }
    #expect(error?.kind == .unreachable)
    await client.close()
  }

  @Test func aDrainedWorkerFinishesWhatItHas() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let worker = try TestWorker(broker)
    await worker.node.start()
    let client = try await Self.client(broker)
    async let answer = client.ask("echo", SharedMessage([3]))
    for await job in worker.jobs {
      async let left: Void = worker.node.drainAndLeave()
      await worker.node.finished(job.id, .result(job.payload))
      await left
      break
    }
    #expect(try await answer.array == [3])
    await client.close()
    await worker.stop()
    await broker.stop()
  }

  /// What is said on one topic arrives in its order, the state first for whoever joins late.
  @Test func publishedChangesArriveInTheirOrder() async throws {
    let broker = try TestBroker()
    await broker.node.start()
    let worker = try TestWorker(broker)
    await worker.node.start()
    let client = try await Self.client(broker)
    // It may publish once the broker knows it: a job shows that it does.
    async let known = client.ask("echo", SharedMessage([0]))
    for await job in worker.jobs {
      await worker.node.finished(job.id, .result(job.payload))
      break
    }
    _ = try await known
    let outbox = WorkerOutbox(worker.node)
    outbox.publish("t", epoch: 1, sequence: 0, isSnapshot: true, try SharedMessage(Array("0".utf8)))
    for number in 1...20 as ClosedRange<UInt64> {
      outbox.publish(
        "t", epoch: 1, sequence: number, isSnapshot: false,
        try SharedMessage(Array("\(number)".utf8)))
    }
    await outbox.close()
    let loop = PollLoop(name: "test-subscriber")
    loop.start()
    let (updates, given) = AsyncStream<SubscriberNode.Update>.makeStream()
    let subscriber = try SubscriberNode(
      loop: loop, context: Context(), address: broker.address, prefixes: ["t"],
      logger: Self.quiet
    ) { given.yield($0) }
    try await subscriber.start()
    var seen: [String] = []
    for await update in updates {
      switch update {
      case .replace(_, _, let payload): seen = [Self.text(payload)]
      case .apply(_, _, let payload): seen.append(Self.text(payload))
      case .caughtUp: continue
      }
      if seen.count == 21 { break }
    }
    #expect(seen == (0...20).map { "\($0)" })
    await subscriber.stop()
    loop.stop()
    await client.close()
    await worker.stop()
    await broker.stop()
  }
}
