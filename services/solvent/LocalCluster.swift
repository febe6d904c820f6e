// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import Economics
import Foundation
import Ingestion
import Reporting
import ZeroMQ

/// A running local cluster, as `cluster.json` tells other commands.
struct ClusterFile: Codable {
  struct Member: Codable {
    var name: String
    var pid: Int32
  }

  var supervisor: Int32
  var release: String
  var broker: String
  var members: [Member]

  static func read(_ places: Places) -> ClusterFile? {
    guard let data = FileManager.default.contents(atPath: places.cluster) else { return nil }
    return try? JSONDecoder().decode(ClusterFile.self, from: data)
  }

  func write(_ places: Places) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(fileURLWithPath: places.cluster), options: .atomic)
  }
}

/// Holds a data directory for one supervisor.
final class ClusterLock: Sendable {
  private let descriptor: Int32

  /// - Returns: `nil` when another process holds it.
  init?(_ places: Places) {
    descriptor = open("\(places.data)/cluster.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}

/// Starts a supervised cluster and waits until it works.
final class LocalCluster: Sendable {
  let places: Places
  let supervisor: Supervisor
  private let lock: ClusterLock
  private let workers: Int

  init(
    places: Places, workers: Int, extra: [String] = [],
    tell: @escaping @Sendable (String) -> Void
  ) throws {
    try places.create()
    guard let lock = ClusterLock(places) else {
      throw Failure(
        ExitStatus.tryAgain,
        "a cluster runs on \(places.data) already; stop it with: solvent down --data \(places.data)"
      )
    }
    self.lock = lock
    self.places = places
    self.workers = workers
    supervisor = try Supervisor(places: places, workers: workers, extra: extra, tell: tell)
  }

  /// Starts all processes and returns when every one has joined the broker.
  func start(timeout: Duration = .seconds(20)) async throws -> BrokerStatus {
    supervisor.start()
    let deadline = ContinuousClock.now + timeout
    let client = try await ClusterClient(
      address: BrokerAddress(places.broker), name: "up", process: Int(getpid()),
      services: ["broker"], logger: ClusterOptions.quietLogger)
    defer { Task { await client.close() } }
    while ContinuousClock.now < deadline {
      if let status = try? await client.brokerStatus(), isComplete(status) {
        try writeFile()
        return status
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure(
      ExitStatus.failed, "the cluster did not start; see the logs in \(places.log)")
  }

  private func isComplete(_ status: BrokerStatus) -> Bool {
    func count(_ service: String) -> Int {
      status.workers.count { $0.services.contains(service) }
    }
    return count(ServiceName.price) >= workers && count(ServiceName.ledger) >= 1
      && count(ServiceName.ingest) >= 1
  }

  /// Writes who runs, for `down` and `doctor`.
  func writeFile() throws {
    try ClusterFile(
      supervisor: getpid(), release: solventRelease, broker: places.broker,
      members: supervisor.processes.map { .init(name: $0.name, pid: $0.pid) }
    ).write(places)
  }

  func stop() {
    supervisor.stop()
    unlink(places.cluster)
  }
}

extension ClusterClient {
  /// Has the ingest service read a file.
  /// - Parameter progress: permille and rows so far.
  func importFile(
    _ request: ImportRequest, progress: (@Sendable (Int, Int) -> Void)? = nil
  ) async throws -> ImportReport {
    let question = try SharedMessage(encoding: request)
    let answer = try await ask(ServiceName.ingest, question, timeout: .seconds(120)) {
      permille, payload in
      progress?(permille, payload.flatMap { try? $0.decode(Int.self) } ?? 0)
    }
    return try answer.decode(ImportReport.self)
  }

  /// Asks the broker about itself.
  func brokerStatus() async throws -> BrokerStatus {
    try await join(within: .seconds(1))
    let answer = try await ask("broker", SharedMessage([]), timeout: .seconds(3))
    return try answer.decode(BrokerStatus.self)
  }
}

extension CostQuery {
  /// The question to the report service.
  func message() throws -> SharedMessage {
    try SharedMessage(encoding: ReportRequest.cost(self))
  }
}

extension SharedMessage {
  /// The answer to a question about costs.
  func costAnswer() throws -> CostAnswer { try decode(CostAnswer.self) }
}
