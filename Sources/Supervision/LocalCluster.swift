// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Cluster
import ClusterAccess
import Foundation
public import Host
import Logging
import Synchronization
import SystemPackage
import ZeroMQ

/// A running local cluster, as `cluster.json` describes it to other commands.
public struct ClusterFile: Codable {
  public struct Member: Codable {
    public var name: String
    public var pid: Int32
  }

  public var supervisor: Int32
  public var release: String
  public var broker: String
  public var members: [Member]

  public static func read(_ dataDirectory: DataDirectory) -> ClusterFile? {
    guard let data = FileManager.default.contents(atPath: dataDirectory.cluster) else { return nil }
    return try? JSONDecoder().decode(ClusterFile.self, from: data)
  }

  /// Replaces the file of a data directory as a whole.
  /// - Throws: `CocoaError` when the file cannot be written.
  public func write(_ dataDirectory: DataDirectory) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(
      to: URL(fileURLWithPath: dataDirectory.cluster), options: .atomic)
  }
}

/// Holds a data directory for one supervisor.
public final class ClusterLock: Sendable {
  private let file: FileDescriptor

  /// - Returns: `nil` when another process holds it.
  public init?(_ dataDirectory: DataDirectory) {
    let opened = try? FileDescriptor.open(
      FilePath("\(dataDirectory.data)/cluster.lock"), .readWrite,
      options: [.create, .closeOnExec], permissions: .ownerReadWrite)
    guard let opened else { return nil }
    guard flock(opened.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      try? opened.close()
      return nil
    }
    file = opened
  }

  deinit { try? file.close() }
}

/// Starts a supervised cluster and waits until it works.
public final class LocalCluster: Sendable {
  public let dataDirectory: DataDirectory
  /// Where its broker listens.
  public let address: BrokerAddress
  private let supervisor: Supervisor
  private let lock: ClusterLock
  private let workers: Int
  private let running = Mutex<Task<Void, Never>?>(nil)
  private let ready: ReadyFlag

  /// - Parameters:
  ///   - address: where the broker is to listen; `nil` for the directory's local sockets.
  ///   - report: called with one line when a process had to be started again.
  /// - Throws: ``Failure`` when a cluster runs on the directory already, a program is missing, or nobody
  ///   may listen at the address.
  public init(
    dataDirectory: DataDirectory, address: BrokerAddress? = nil, workers: Int,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    do {
      self.address = try address ?? BrokerAddress(dataDirectory.broker)
      try self.address.mayBeListenedAt()
    } catch {
      throw Failure(ExitStatus.badConfiguration, "\(error)")
    }
    try dataDirectory.create()
    guard let lock = ClusterLock(dataDirectory) else {
      throw Failure(
        ExitStatus.tryAgain,
        "a cluster is already running on \(dataDirectory.data); stop it with: solvent down --data "
          + "\(dataDirectory.data)"
      )
    }
    // Of processes that have ended: they would be taken for running ones.
    for file in (try? FileManager.default.contentsOfDirectory(atPath: dataDirectory.metrics)) ?? []
    {
      unlink("\(dataDirectory.metrics)/\(file)")
    }
    self.lock = lock
    self.dataDirectory = dataDirectory
    self.workers = workers
    let ready = ReadyFlag()
    self.ready = ready
    supervisor = try Supervisor(
      dataDirectory: dataDirectory, address: self.address, workers: workers,
      events: .init(
        report: report,
        membersChanged: { [address = self.address] members in
          // Before it is ready the file is not there: `up --detach` waits for it.
          guard ready.isSet else { return }
          do {
            try Self.writeFile(dataDirectory, address, members)
          } catch {
            report("\(dataDirectory.cluster) cannot be written: \(error)")
          }
        }))
  }

  /// Starts all processes and returns when every one has joined the broker.
  /// - Throws: ``Failure`` when not all processes join in time, or the cluster cannot be listed.
  public func start(timeout: Duration = .seconds(20)) async throws -> BrokerStatus {
    running.withLock { $0 = Task { [supervisor] in await supervisor.run() } }
    let deadline = ContinuousClock.now + timeout
    let client = try await ClusterClient(
      address: address, name: "up", process: Int(getpid()),
      release: solventRelease,
      services: ["broker"], logger: Logger(label: "solvent") { _ in SwiftLogNoOpLogHandler() })
    let status: BrokerStatus
    do {
      status = try await complete(client, by: deadline)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
    ready.set()
    do {
      try Self.writeFile(dataDirectory, address, supervisor.processes)
    } catch {
      throw Failure(
        ExitStatus.storage,
        "\(dataDirectory.cluster) cannot be written: \(error.localizedDescription)")
    }
    return status
  }

  /// Waits until every process has joined.
  private func complete(
    _ client: ClusterClient, by deadline: ContinuousClock.Instant
  ) async throws -> BrokerStatus {
    while ContinuousClock.now < deadline {
      if let status = try? await client.brokerStatus(), isComplete(status) { return status }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failure(
      ExitStatus.failed, "the cluster did not start; see the logs in \(dataDirectory.log)")
  }

  private func isComplete(_ status: BrokerStatus) -> Bool {
    func count(_ service: String) -> Int {
      status.workers.count { $0.services.contains(service) }
    }
    return count(ServiceName.price) >= workers && count(ServiceName.ledger) >= 1
      && count(ServiceName.ingest) >= 1
  }

  /// Writes who runs, for `down` and `doctor`: at the start, and whenever a process was replaced.
  private static func writeFile(
    _ dataDirectory: DataDirectory, _ address: BrokerAddress,
    _ members: [(name: String, pid: Int32)]
  ) throws {
    try ClusterFile(
      supervisor: getpid(), release: solventRelease, broker: "\(address)",
      members: members.map { .init(name: $0.name, pid: $0.pid) }
    ).write(dataDirectory)
  }

  /// Stops everything in order, and returns when nothing runs any more.
  public func stop() async {
    ready.clear()
    supervisor.stop()
    await running.withLock { $0 }?.value
    unlink(dataDirectory.cluster)
  }
}

/// Whether the cluster was complete once.
private final class ReadyFlag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
  func clear() { value.store(false, ordering: .releasing) }
}
