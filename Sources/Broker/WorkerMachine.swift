// SPDX-License-Identifier: Apache-2.0

/// The decisions of a worker: one that computes jobs, but also the ledger, whose outcome
/// is a commit, and the importer, which reports progress.
///
///     greeting ──WELCOME──> live ──drain()──> draining ──BYE──> left
///        ^                   │ silence, WHO      │
///        └───────────────────┴───────────────────┘
///
/// READY grants `slots` jobs at once. Jobs that run while the broker is lost are finished, and their
/// results offered to whoever is broker then; until they are, the worker holds them besides what it
/// granted the new one.
public struct WorkerMachine<Payload>: ~Copyable {
  /// What the shell must do, in order.
  public enum Action {
    case hello(Hello)
    case send(Header, Payload?)
    /// Carry out the job; answer with ``WorkerMachine/finished(_:_:_:_:)``.
    /// - Parameter control: what the job's producer wants the outcome compared with.
    case run(Header, service: String, Payload, control: Payload?)
    /// Nobody wants the outcome any more; answer all the same.
    case cancel(JobID)
    /// The broker wants the snapshot of the topics that this peer publishes.
    case publishAll
    case connection(ConnectionNote)
    /// Drained: nothing runs and the broker knows.
    case left
  }

  /// How a job ended.
  public enum Outcome {
    case result(Payload)
    case committed(Payload?)
    case failed(FailureCode, retryable: Bool, Payload?)
  }

  enum State: Equatable {
    case greeting(lastHello: UInt64)
    case live
    case draining
    case left
  }

  struct Running {
    /// Its place in the greeting.
    let service: UInt16
    let attempt: UInt8
  }

  #if PLANTED_FAULTS
    /// For the simulator only.
    public var fault: PlantedFault?
  #endif

  let hello: Hello
  let slots: Int
  var state: State
  var liveness: Liveness
  var running: [JobID: Running] = [:]
  var isDraining = false

  /// - Parameter slots: how many jobs it takes at once, those that wait inside it included.
  public init(_ hello: Hello, slots: Int, now: UInt64) {
    precondition(slots > 0, "a worker takes at least one job")
    self.hello = hello
    self.slots = slots
    state = .greeting(lastHello: 0)
    liveness = Liveness(now: now)
  }

  /// Whether the broker has accepted the worker and is not silent.
  public var isLive: Bool { state == .live || state == .draining }
  /// Jobs that are being computed or wait inside the worker.
  public var runningCount: Int { running.count }

  /// The broker accepted us.
  public mutating func welcomed(_ welcome: Welcome, now: UInt64, _ actions: inout [Action]) {
    liveness.welcomed(welcome, now)
    state = isDraining ? .draining : .live
    actions.append(.connection(.joined))
    if isDraining {
      actions.append(.send(Header(.bye), nil))
    } else {
      actions.append(.send(Header(.ready, argument: UInt64(slots)), nil))
      actions.append(.publishAll)
    }
  }

  /// A message from the broker.
  /// - Parameters:
  ///   - control: of a JOB.
  ///   - reason: of an ERROR, in the broker's words.
  public mutating func received(
    _ header: Header, _ payload: Payload?, control: Payload? = nil, reason: String = "",
    now: UInt64,
    _ actions: inout [Action]
  ) {
    liveness.heard(now)
    switch header.command {
    case .who:
      guard state != .left else { return }
      greetAgain(now, &actions)
    case .job:
      start(header, payload, control, &actions)
    case .cancel:
      if running[header.job] != nil { actions.append(.cancel(header.job)) }
    case .snapshot:
      actions.append(.publishAll)
    case .bye:
      if isDraining && running.isEmpty {
        state = .left
        actions.append(.left)
      } else {
        greetAgain(now, &actions)
      }
    case .error:
      actions.append(.connection(.refused(ErrorCode(rawValue: header.argument), reason)))
    case .hello, .welcome, .ready, .result, .commit, .fail, .progress, .credit, .heartbeat,
      .publish, .quarantine, .caughtUp:
      break
    }
  }

  private mutating func start(
    _ header: Header, _ payload: Payload?, _ control: Payload?, _ actions: inout [Action]
  ) {
    guard let payload, Int(header.service) < hello.services.count else {
      let answer = Header(
        .fail, attempt: header.attempt, service: header.service, job: header.job,
        argument: UInt64(FailureCode.rejected.rawValue))
      actions.append(.send(answer, nil))
      return
    }
    // The lease ran out while we were still at it and it came back to us: one run is enough, and its
    // end is that of this attempt.
    let isRunning = running[header.job] != nil
    running[header.job] = Running(service: header.service, attempt: header.attempt)
    if isRunning { return }
    let service = hello.services[Int(header.service)]
    actions.append(.run(header, service: service, payload, control: control))
  }

  /// A job ended.
  public mutating func finished(
    _ id: JobID, _ outcome: Outcome, _ actions: inout [Action]
  ) {
    #if PLANTED_FAULTS
      if fault == .workerKeepsResults && id.sequence % 7 == 3 { return }
    #endif
    guard let job = running.removeValue(forKey: id) else { return }
    var header = Header(.result, attempt: job.attempt, service: job.service, job: id)
    switch outcome {
    case .result(let payload):
      actions.append(.send(header, payload))
    case .committed(let payload):
      header.command = .commit
      actions.append(.send(header, payload))
    case .failed(let code, let retryable, let payload):
      header.command = .fail
      header.flags = retryable ? Header.retryable : 0
      header.argument = UInt64(code.rawValue)
      actions.append(.send(header, payload))
    }
  }

  /// A long job is alive: its lease starts anew.
  public func progressed(
    _ id: JobID, permille: Int, _ payload: Payload?, _ actions: inout [Action]
  ) {
    guard isLive, let job = running[id] else { return }
    let header = Header(
      .progress, service: job.service, job: id, argument: UInt64(max(0, permille)))
    actions.append(.send(header, payload))
  }

  /// Takes no more jobs, finishes what runs, then leaves.
  public mutating func drain(_ actions: inout [Action]) {
    guard !isDraining else { return }
    isDraining = true
    if isLive {
      state = .draining
      actions.append(.send(Header(.bye), nil))
    } else if running.isEmpty {
      state = .left
      actions.append(.left)
    }
  }

  /// Call about every 50 ms; it greets, keeps the connection alive, and notices silence.
  public mutating func tick(now: UInt64, _ actions: inout [Action]) {
    switch state {
    case .left:
      return
    case .greeting(let lastHello):
      if isDraining && running.isEmpty {
        state = .left
        actions.append(.left)
      } else if now &- lastHello >= Liveness.helloInterval {
        greetAgain(now, &actions)
      }
    case .live, .draining:
      if liveness.isSilent(now) {
        actions.append(.connection(.lost))
        greetAgain(now, &actions)
      } else if liveness.shouldBeat(now) {
        actions.append(.send(Header(.heartbeat), nil))
      }
    }
  }

  private mutating func greetAgain(_ now: UInt64, _ actions: inout [Action]) {
    state = .greeting(lastHello: now)
    actions.append(.hello(hello))
  }
}

extension WorkerMachine.Outcome: Sendable where Payload: Sendable {}
