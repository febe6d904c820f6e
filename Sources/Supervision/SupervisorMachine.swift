// SPDX-License-Identifier: Apache-2.0

/// What a supervisor decides: when a child is started again, in which order children are stopped, and
/// which are killed. No process, clock or file: events come in, actions go out, time is an argument.
///
///     state      event                            becomes                          action
///     waiting    started                          running                          members changed
///     waiting    not started                      waiting, a second                start later
///     running    ended, by itself or killed       waiting                          start, report
///     any        stop                             stopping, stage by stage         SIGTERM to a stage
///     stopping   ended; none left in the stage    the next stage                   SIGTERM to it
///     stopping   the stage's time is over         the same                         SIGKILL to the rest
///     stopping   none left                        stopped                          finished
///
/// A child that ends within a second of its start three times in a row is given more and more time, up
/// to five seconds. SIGKILL comes from outside: nothing is wrong with the program.
///
/// ```swift
/// let worker = SupervisorMachine.Child("worker-1", .worker)
/// var machine = SupervisorMachine([worker])
/// let first = machine.started(worker, pid: 42, now: 0)  // members changed
/// let next = machine.ended(worker, .signal(9), now: 5_000_000_000)  // start it again at once
/// ```
/// The example is compiled in `Tests/ExampleTests/SupervisionExamples.swift`.
public struct SupervisorMachine: Sendable {
  /// A service's process.
  public struct Child: Hashable, Sendable {
    public var name: String
    public var kind: Kind

    public init(_ name: String, _ kind: Kind) {
      self.name = name
      self.kind = kind
    }
  }

  /// In the order in which they are stopped: intake, workers, books, broker.
  public enum Kind: String, CaseIterable, Comparable, Sendable {
    case ingest, worker, report, broker

    private var stage: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    public static func < (a: Kind, b: Kind) -> Bool { a.stage < b.stage }
  }

  /// How a process ended.
  public enum Exit: Hashable, Sendable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)

    public var description: String {
      switch self {
      case .status(let status): "ended with status \(status)"
      case .signal(let signal): "was killed by signal \(signal)"
      }
    }
  }

  public enum Action: Hashable, Sendable {
    /// Start the child's process after this many milliseconds.
    case start(Child, afterMilliseconds: Int)
    /// Send SIGTERM.
    case terminate(pid: Int32)
    /// Send SIGKILL.
    case kill(pid: Int32)
    /// Tell the operator.
    case report(String)
    /// Who runs has changed.
    case membersChanged
    /// Nothing runs any more, and nothing will.
    case finished
  }

  private enum State: Hashable {
    case waiting
    /// Nanoseconds on the caller's clock.
    case running(pid: Int32, since: UInt64)
  }

  private enum Phase: Hashable {
    case keeping
    /// Until the time at which what is left of the stage is killed.
    case stopping(Kind, killsAt: UInt64)
    case stopped
  }

  /// A child that ends sooner after its start ended by itself, and is given time.
  static let quickEnd: UInt64 = 1_000_000_000
  /// What a stage has to end in order, before it is killed.
  static let stagePatience: UInt64 = 6_000_000_000

  private let children: [Child]
  private var states: [Child: State] = [:]
  private var quickEnds: [Child: Int] = [:]
  private var phase = Phase.keeping

  public init(_ children: [Child]) {
    self.children = children
    for child in children { states[child] = .waiting }
  }

  /// Those that run, in the order of their names.
  public var members: [(name: String, pid: Int32)] {
    children.compactMap { child in
      if case .running(let pid, _) = states[child] { (child.name, pid) } else { nil }
    }.sorted { $0.name < $1.name }
  }

  private var isStopping: Bool { phase != .keeping }

  /// Starts everything, the broker first.
  public func begin() -> [Action] {
    children.sorted { $0.kind > $1.kind }.map { .start($0, afterMilliseconds: 0) }
  }

  /// A child's process runs.
  public mutating func started(_ child: Child, pid: Int32, now: UInt64) -> [Action] {
    states[child] = .running(pid: pid, since: now)
    // It was started before the stop was asked for, and must hear of it.
    return isStopping ? [.terminate(pid: pid)] : [.membersChanged]
  }

  /// The kernel had no memory or process to give.
  public mutating func failedToStart(_ child: Child, _ reason: String) -> [Action] {
    guard !isStopping else { return advance(now: 0) }
    return [
      .report("\(child.name) cannot be started: \(reason)"),
      .start(child, afterMilliseconds: 1_000),
    ]
  }

  /// A child's process ended.
  public mutating func ended(_ child: Child, _ exit: Exit, now: UInt64) -> [Action] {
    guard case .running(let pid, let since) = states[child] else { return [] }
    states[child] = .waiting
    guard !isStopping else { return advance(now: now) }
    let wasQuick = now &- since < Self.quickEnd && exit != .signal(9)
    let count = wasQuick ? quickEnds[child, default: 0] + 1 : 0
    quickEnds[child] = count
    return [
      .report("\(child.name) (process \(pid)) \(exit); starting it again"),
      .start(child, afterMilliseconds: Self.delay(afterQuickEnds: count)),
    ]
  }

  /// Milliseconds before a child is started again: none for the first three quick ends.
  static func delay(afterQuickEnds count: Int) -> Int {
    count > 3 ? min(5_000, 100 << min(6, count - 3)) : 0
  }

  /// Everything is to end in order.
  public mutating func stop(now: UInt64) -> [Action] {
    guard phase == .keeping else { return [] }
    return enter(.ingest, now: now)
  }

  /// Call now and then while stopping: what took too long is killed.
  public mutating func tick(now: UInt64) -> [Action] {
    guard case .stopping(let kind, let killsAt) = phase, now >= killsAt else { return [] }
    phase = .stopping(kind, killsAt: .max)
    return pids(of: kind).map { .kill(pid: $0) }
  }

  private func pids(of kind: Kind) -> [Int32] {
    children.compactMap { child in
      if child.kind == kind, case .running(let pid, _) = states[child] { pid } else { nil }
    }
  }

  /// Begins a stage, or a later one when nothing of it runs.
  private mutating func enter(_ first: Kind, now: UInt64) -> [Action] {
    for kind in Kind.allCases where kind >= first {
      let pids = pids(of: kind)
      guard !pids.isEmpty else { continue }
      phase = .stopping(kind, killsAt: now &+ Self.stagePatience)
      return pids.map { .terminate(pid: $0) }
    }
    phase = .stopped
    return [.finished]
  }

  private mutating func advance(now: UInt64) -> [Action] {
    guard case .stopping(let kind, _) = phase, pids(of: kind).isEmpty else { return [] }
    return enter(kind, now: now)
  }
}
