// SPDX-License-Identifier: Apache-2.0

import Cluster
import Economics
public import Foundation
import Synchronization

/// Runs a local cluster: each service its own process, started again when it ends.
///
/// One thread starts and awaits all children. It must live as long as they do: the kernel tells a
/// child that its parent ended when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG).
public final class Supervisor: Sendable {
  public struct Child: Sendable {
    public var name: String
    public var binary: String
    var arguments: [String]
  }

  private struct Running {
    var child: Child
    var pid: pid_t
    var startedAt: ContinuousClock.Instant
    var restarts = 0
    var quickEnds = 0
  }

  private struct State {
    var running: [String: Running] = [:]
    var isStopping = false
  }

  private let places: DataDirectory
  private let children: [Child]
  private let state = Mutex(State())
  private let ended = DispatchSemaphore(value: 0)
  private let tell: @Sendable (String) -> Void

  /// - Parameter tell: called with one line when a child had to be started again.
  public init(
    places: DataDirectory, workers: Int, extra: [String] = [],
    tell: @escaping @Sendable (String) -> Void
  ) throws {
    self.places = places
    self.tell = tell
    let folder = try Self.binaryFolder()
    func child(_ kind: String, _ name: String) throws -> Child {
      let binary = "\(folder)/solvent-\(kind)"
      guard access(binary, X_OK) == 0 else {
        throw Failure(ExitStatus.failed, "\(binary) is missing; build all products")
      }
      return Child(
        name: name, binary: binary,
        arguments: [
          "--data", places.data, "--name", name, "--end-with-parent", "\(getpid())",
        ] + extra)
    }
    var children = [
      try child("broker", "broker"), try child("report", "report"),
      try child("ingest", "ingest"),
    ]
    for number in 1...max(1, workers) { children.append(try child("worker", "worker-\(number)")) }
    self.children = children
  }

  /// The directory of this program: the services lie beside it.
  public static func binaryFolder() throws -> String {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        readlink("/proc/self/exe", $0.baseAddress!, $0.count)
      }
    }
    guard count > 0 else {
      throw Failure(ExitStatus.failed, "cannot find this program's directory")
    }
    let path = String(decoding: buffer[0..<count], as: UTF8.self)
    return URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  /// Name and process of everything that runs.
  public var processes: [(name: String, pid: pid_t)] {
    state.withLock { $0.running.values.map { ($0.child.name, $0.pid) } }
      .sorted { $0.name < $1.name }
  }

  public func start() {
    let thread = Thread { [self] in supervise() }
    thread.name = "solvent-up"
    thread.start()
  }

  private func supervise() {
    for child in children { launch(child) }
    while true {
      var status: Int32 = 0
      let pid = waitpid(-1, &status, 0)
      if pid > 0 {
        childEnded(pid, status)
      } else if errno == ECHILD {
        if state.withLock({ $0.isStopping }) { break }
        sleep(1)
      }
      if state.withLock({ $0.isStopping && $0.running.isEmpty }) { break }
    }
    ended.signal()
  }

  private func launch(_ child: Child, restarts: Int = 0, quickEnds: Int = 0) {
    var started = spawn(child)
    while started == nil && !state.withLock({ $0.isStopping }) {
      // The kernel has no memory or process to give at this moment.
      sleep(1)
      started = spawn(child)
    }
    guard let pid = started else { return }
    let running = Running(
      child: child, pid: pid, startedAt: .now, restarts: restarts, quickEnds: quickEnds)
    let isLate = state.withLock { state in
      state.running[child.name] = running
      return state.isStopping
    }
    // Stopped between the check and the start.
    if isLate { kill(pid, SIGTERM) }
  }

  private func childEnded(_ pid: pid_t, _ status: Int32) {
    let (ended, isStopping) = state.withLock { state -> (Running?, Bool) in
      let found = state.running.values.first { $0.pid == pid }
      if let found { state.running[found.child.name] = nil }
      return (found, state.isStopping)
    }
    guard let ended, !isStopping else { return }
    // The first restarts are immediate; one that keeps ending by itself is given more and more time.
    // SIGKILL comes from outside: nothing is wrong with the program.
    let wasQuick =
      ContinuousClock.now - ended.startedAt < .seconds(1) && status & 0x7F != SIGKILL
    let quickEnds = wasQuick ? ended.quickEnds + 1 : 0
    tell("\(ended.child.name) (process \(pid)) \(Self.reason(status)); starting it again")
    // This thread only starts and awaits children, so it may wait.
    if quickEnds > 3 { usleep(UInt32(min(5_000_000, 100_000 << min(6, quickEnds - 3)))) }
    if state.withLock({ $0.isStopping }) { return }
    launch(ended.child, restarts: ended.restarts + 1, quickEnds: quickEnds)
  }

  private static func reason(_ status: Int32) -> String {
    let signal = status & 0x7F
    return signal == 0
      ? "ended with status \(status >> 8 & 0xFF)" : "was killed by signal \(signal)"
  }

  private func spawn(_ child: Child) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let log = "\(places.log)/\(child.name).log"
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Own process groups: Ctrl-C in a terminal reaches only us, and we stop them in order.
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in [SIGPIPE, SIGTERM, SIGINT] { sigaddset(&defaults, number) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    // Nor does a child inherit what this thread blocks: it must hear SIGTERM.
    var blocked = sigset_t()
    sigemptyset(&blocked)
    posix_spawnattr_setsigmask(&attributes, &blocked)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    let words = [child.binary] + child.arguments
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, child.binary, &actions, &attributes, &arguments, environ)
    guard result == 0 else {
      tell("\(child.name) cannot be started: \(String(cString: strerror(result)))")
      return nil
    }
    return pid
  }

  /// Stops everything in order: intake, workers, books, broker. What does not end within five
  /// seconds is killed.
  public func stop() {
    state.withLock { $0.isStopping = true }
    let order: [(String) -> Bool] = [
      { $0 == "ingest" }, { $0.hasPrefix("worker") }, { $0 == "report" }, { $0 == "broker" },
    ]
    for matches in order {
      let pids = processes.filter { matches($0.name) }.map(\.pid)
      for pid in pids { kill(pid, SIGTERM) }
      let deadline = ContinuousClock.now + .seconds(6)
      while processes.contains(where: { pids.contains($0.pid) }), ContinuousClock.now < deadline {
        usleep(5_000)
      }
      for process in processes where pids.contains(process.pid) { kill(process.pid, SIGKILL) }
    }
    _ = ended.wait(timeout: .now() + 2)
  }
}
