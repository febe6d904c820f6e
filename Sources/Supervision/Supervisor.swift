// SPDX-License-Identifier: Apache-2.0

public import Cluster
import Foundation
public import Host
import Subprocess
import Synchronization
import SystemPackage
import ZeroMQ

/// Runs a local cluster: each service its own process, started again when it ends.
///
/// The kernel tells a child that its parent ended when the *thread* that started it ends (prctl(2),
/// PR_SET_PDEATHSIG). Subprocess starts children on one thread of its own, which lives as long as this
/// process does.
public final class Supervisor: Sendable {
  /// How children are started and stopped, and how that is reported.
  public struct Events: Sendable {
    /// Called with one line when a child had to be started again.
    public var report: @Sendable (String) -> Void
    /// Called when another process runs than before.
    public var membersChanged: @Sendable ([(name: String, pid: Int32)]) -> Void

    public init(
      report: @escaping @Sendable (String) -> Void,
      membersChanged: @escaping @Sendable ([(name: String, pid: Int32)]) -> Void = { _ in }
    ) {
      self.report = report
      self.membersChanged = membersChanged
    }
  }

  private let dataDirectory: DataDirectory
  private let folder: String
  private let options: [String]
  private let machine: Mutex<SupervisorMachine>
  private let events: Events
  private let logs: LogKeeper
  private let actions: AsyncStream<SupervisorMachine.Action>
  private let continuation: AsyncStream<SupervisorMachine.Action>.Continuation

  /// - Parameter address: where the broker is to listen.
  /// - Throws: ``Failure`` when a program of a service is not there.
  public init(
    dataDirectory: DataDirectory, address: BrokerAddress, workers: Int, events: Events
  ) throws {
    self.dataDirectory = dataDirectory
    self.events = events
    folder = try Self.binaryFolder()
    options =
      [
        "--data", dataDirectory.data, "--broker", "\(address)", "--end-with-parent", "\(getpid())",
      ] + (address.client.isOpenToAll ? ["--insecure-tcp"] : [])
    for kind in SupervisorMachine.Kind.allCases {
      let binary = "\(folder)/solvent-\(kind)"
      guard access(binary, X_OK) == 0 else {
        throw Failure(ExitStatus.failed, "\(binary) is missing; build all products")
      }
    }
    var children: [SupervisorMachine.Child] = [
      .init("broker", .broker), .init("report", .report), .init("ingest", .ingest),
    ]
    children += (1...max(1, workers)).map { .init("worker-\($0)", .worker) }
    machine = Mutex(SupervisorMachine(children))
    // Its own as well: it may be detached from its terminal.
    logs = LogKeeper(
      (children.map(\.name) + ["up"]).map { Self.log($0, dataDirectory) }, report: events.report)
    (actions, continuation) = AsyncStream.makeStream()
  }

  /// The directory of this program: the services lie beside it.
  /// - Throws: ``Failure`` when `/proc` does not say it.
  public static func binaryFolder() throws -> String {
    do {
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(fileURLWithPath: program).deletingLastPathComponent().path
    } catch {
      throw Failure(ExitStatus.failed, "cannot find this program's directory: \(error)")
    }
  }

  /// Name and process of everything that runs.
  public var processes: [(name: String, pid: Int32)] { machine.withLock { $0.members } }

  private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

  private func decide(_ event: (inout SupervisorMachine) -> [SupervisorMachine.Action]) {
    // Yielded under the lock: two threads must not change the order of what was decided.
    machine.withLock { machine in
      for action in event(&machine) { continuation.yield(action) }
    }
  }

  private static func log(_ name: String, _ dataDirectory: DataDirectory) -> LogFile {
    LogFile(path: "\(dataDirectory.log)/\(name).log")
  }

  /// Keeps everything running until it was stopped.
  public func run() async {
    await logs.whileRunning { await runChildren() }
  }

  private func runChildren() async {
    decide { $0.begin() }
    await withDiscardingTaskGroup { group in
      for await action in actions {
        switch action {
        case .start(let child, let milliseconds):
          group.addTask {
            if milliseconds > 0 { try? await Task.sleep(for: .milliseconds(milliseconds)) }
            await self.run(child)
          }
        case .terminate(let pid): kill(pid, SIGTERM)
        case .kill(let pid): kill(pid, SIGKILL)
        case .report(let line): events.report(line)
        case .membersChanged: events.membersChanged(processes)
        case .finished: continuation.finish()
        }
      }
      group.cancelAll()
    }
  }

  /// Runs a child's process from its start to its end.
  private func run(_ child: SupervisorMachine.Child) async {
    guard !Task.isCancelled else { return }
    var platform = PlatformOptions()
    // Sessions, and so process groups, of their own: Ctrl-C in a terminal reaches only us, and we stop them
    // in order; and workers can give way to everybody else (`WorkerService`).
    platform.createSession = true
    do {
      let log = try Self.log(child.name, dataDirectory).open()
      let result = try await Subprocess.run(
        .path(FilePath("\(folder)/solvent-\(child.kind)")),
        arguments: Arguments(["--name", child.name] + options), platformOptions: platform,
        input: .none, output: .fileDescriptor(log, closeAfterSpawningProcess: true),
        error: .combinedWithOutput
      ) { execution in
        let pid = execution.processIdentifier.value
        decide { $0.started(child, pid: pid, now: Self.now) }
      }
      let exit: SupervisorMachine.Exit =
        switch result.terminationStatus {
        case .exited(let status): .status(status)
        case .signaled(let signal): .signal(signal)
        }
      decide { $0.ended(child, exit, now: Self.now) }
    } catch {
      decide { $0.failedToStart(child, "\(error)") }
    }
  }

  /// Has everything end in order: intake, workers, books, broker. What does not end within six seconds
  /// is killed. Returns at once; ``run()`` returns when nothing runs any more.
  public func stop() {
    decide { $0.stop(now: Self.now) }
    Task.detached { [weak self] in
      // Until `run` has ended, and the supervisor with it.
      while let self {
        self.decide { $0.tick(now: Self.now) }
        try? await Task.sleep(for: .milliseconds(100))
        if self.processes.isEmpty { return }
      }
    }
  }
}
