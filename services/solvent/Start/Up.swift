// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Dispatch
import Documents
import Economics
import Foundation
import Host
import Supervision
import Synchronization

struct Up: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Starts a cluster on this machine and keeps it running.",
    discussion: """
      Each service is its own process and is restarted if it exits. More workers can be started by \
      hand: solvent-worker --data DIR
      """)

  @Option(
    help: ArgumentHelp(
      "Data directory.",
      discussion:
        "Default: $SOLVENT_DATA, otherwise $XDG_DATA_HOME/solvent or ~/.local/share/solvent."))
  var data: String?

  @Option(help: "Number of workers.")
  var workers = 2

  @Flag(help: "Keep the data in a temporary directory and remove it at the end.")
  var ephemeral = false

  @Flag(help: "Return once the cluster is running; stop it with: solvent down.")
  var detach = false

  @Flag(
    name: .customLong("insecure-tcp"),
    help: ArgumentHelp(
      "Let the broker of $SOLVENT_BROKER listen at a tcp port, which every user of this machine can enter.",
      discussion: "Default: $SOLVENT_INSECURE_TCP."))
  var insecureTCP = false

  func validate() throws {
    guard (1...256).contains(workers) else {
      throw ValidationError("--workers must be from 1 to 256")
    }
    guard !(ephemeral && detach) else {
      throw ValidationError(
        "--ephemeral data ends with this command, so it cannot be combined with --detach")
    }
  }

  func run() async throws {
    let limit = DescriptorLimit.raise()
    guard limit.soft >= DescriptorLimit.leastForCluster else {
      throw Failure(
        ExitStatus.failed,
        """
        this process may have only \(limit.soft) files open, too few for a cluster (at least \
        \(DescriptorLimit.leastForCluster)); raise the hard limit: ulimit -n 4096
        """)
    }
    if detach { return try await runDetached() }
    let started = ContinuousClock.now
    let dataDirectory =
      ephemeral ? DataDirectory(data: try Self.temporaryDirectory()) : DataDirectory(data: data)
    let cluster = try LocalCluster(
      dataDirectory: dataDirectory, address: try address(), workers: workers,
      report: Terminal.note)
    let signals = StopSignal.watch()
    defer { if ephemeral { try? FileManager.default.removeItem(atPath: dataDirectory.data) } }
    do {
      _ = try await cluster.start()
    } catch {
      await cluster.stop()
      throw error
    }
    try announce(cluster, started.duration(to: .now))
    for await _ in signals { break }
    Terminal.note("stopping")
    await cluster.stop()
  }

  static func temporaryDirectory() throws -> String {
    let path = "\(NSTemporaryDirectory())/solvent-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Where the broker is to listen; `nil` for the data directory's local sockets.
  private func address() throws -> BrokerAddress? {
    let settings = Settings()
    guard !ephemeral, let broker = settings.broker else { return nil }
    do {
      return try BrokerAddress(broker, insecureTCP: insecureTCP || settings.insecureTCP)
    } catch {
      throw Failure(ExitStatus.badConfiguration, "\(error)")
    }
  }

  private func announce(_ cluster: LocalCluster, _ duration: Duration) throws {
    let data = cluster.dataDirectory.data
    let book = try PriceBookFile.shipped()
    let milliseconds = Int(duration / .milliseconds(1))
    Terminal.print(
      """
      solvent \(solventRelease)   broker \(cluster.address)   \(workers) workers
      data       \(data)\(ephemeral ? "   (removed at the end)" : "   (survives restarts)")
      prices     \(book.version), \(book.entries.count) models   keys  none needed on this machine
      ready in \(milliseconds) ms — Ctrl-C stops everything in order
      """)
  }

  /// Starts this command again in a session of its own, and waits until it is ready.
  private func runDetached() async throws {
    let dataDirectory = DataDirectory(data: data)
    try dataDirectory.create()
    let folder = try Supervisor.binaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
    process.arguments = [
      "\(folder)/solvent", "up", "--data", dataDirectory.data, "--workers", "\(workers)",
    ]
    if insecureTCP { process.arguments?.append("--insecure-tcp") }
    let log = "\(dataDirectory.log)/up.log"
    // Appending: it is cut off when it is too long.
    let descriptor = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw Failure(ExitStatus.storage, "\(log): \(String(cString: strerror(errno)))")
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      if let file = ClusterFile.read(dataDirectory), kill(file.supervisor, 0) == 0 {
        let option = data.map { _ in " --data '\(dataDirectory.data)'" } ?? ""
        Terminal.print("running on \(dataDirectory.data); stop it with: solvent down\(option)")
        return
      }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    throw Failure(ExitStatus.failed, "the cluster did not start: \(text)")
  }
}
