// SPDX-License-Identifier: Apache-2.0

import CZeroMQ
import Glibc
import Synchronization

/// One thread that waits for sockets, timers and Swift jobs: an actor that names it as its executor
/// owns its sockets without locks, and `await actor.method()` reaches it from anywhere.
///
///       enqueue(job) ──┐
///                      v
///     run: swap the job queue, run the jobs ─> zmq_poll(sockets + wake-up, next timer)
///            ^                                    │
///            └── due timers <── readable sockets <┘
///
/// Handlers run on the loop thread; they must not block, and computing belongs on other threads, so
/// that heartbeats never wait for it.
///
/// ```swift
/// let loop = PollLoop(name: "example")
/// loop.start()
/// let receiver = try Receiver(loop, at: Endpoint("inproc://example"), in: context)
/// await receiver.start()
/// ```
/// The example is compiled in `Tests/ExampleTests/ZeroMQExamples.swift`, with an actor `Receiver` on the
/// loop.
public final class PollLoop: SerialExecutor, @unchecked Sendable {
  // Sendable: `jobs` and `stopping` are behind a Mutex; everything below "loop thread only" is
  // touched by the loop thread alone, which `checkIsolated` enforces at each entry point. `thread` is
  // written by `start` and read by `stop`, which whoever owns the loop calls one after the other.
  private struct Shared {
    var jobs: [UnownedJob] = []
    var stopping = false
  }

  private struct Source {
    let handle: UnsafeMutableRawPointer
    let readable: () -> Void
  }

  private struct Timer {
    let id: Int
    var due: UInt64
    let interval: UInt64
    let fire: () -> Void
  }

  private let shared = Mutex(Shared())
  private let wakeUp: Int32
  private let name: String
  private let started = Atomic<Bool>(false)
  private let threadID = Atomic<UInt>(0)
  private var thread = pthread_t()

  // Loop thread only.
  private var sources: [Source] = []
  private var timers: [Timer] = []
  private var nextTimer = 0
  private var pollItems: [zmq_pollitem_t] = []
  private var sourcesChanged = true

  /// Makes a loop; ``start()`` gives it its thread.
  public init(name: String) {
    self.name = name
    wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    precondition(wakeUp >= 0, "eventfd failed: the process has no file descriptor left")
  }

  deinit { close(wakeUp) }

  /// The time on the monotonic clock, in nanoseconds. Leases and timeouts never use wall time.
  public static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  // MARK: Life

  /// Starts the thread.
  public func start() {
    precondition(!started.exchange(true, ordering: .relaxed), "a loop starts once")
    let me = Unmanaged.passRetained(self)
    let result = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<PollLoop>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, me.toOpaque())
    precondition(result == 0, "no thread could be started")
  }

  /// Ends the loop after the jobs that are queued now, and waits for its thread.
  /// Call it from another thread.
  public func stop() {
    guard started.load(ordering: .relaxed) else { return }
    precondition(!isLoopThread, "a loop cannot wait for itself")
    let isFirst = shared.withLock { shared in
      defer { shared.stopping = true }
      return !shared.stopping
    }
    // A thread is waited for once.
    guard isFirst else { return }
    wake()
    pthread_join(thread, nil)
  }

  // MARK: Executor

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let isFirst = shared.withLock {
      $0.jobs.append(job)
      return $0.jobs.count == 1
    }
    if isFirst && !isLoopThread { wake() }
  }

  private var isLoopThread: Bool {
    threadID.load(ordering: .relaxed) == UInt(bitPattern: pthread_self().hashValueForLoop)
  }

  public func isIsolatingCurrentContext() -> Bool? { isLoopThread }

  public func checkIsolated() {
    precondition(isLoopThread, "not on the loop '\(name)'")
  }

  private func wake() {
    var one: UInt64 = 1
    _ = write(wakeUp, &one, MemoryLayout<UInt64>.size)
  }

  // MARK: Sockets and timers (loop thread only)

  /// Calls `readable` whenever `socket` has something to receive. The handler must drain a bounded
  /// number of messages; it is called again when more are left.
  public func watch(_ socket: Socket.Pollable, readable: @escaping () -> Void) {
    checkIsolated()
    sources.append(Source(handle: socket.handle, readable: readable))
    sourcesChanged = true
  }

  /// Stops watching. Call it before the socket is closed.
  public func unwatch(_ socket: Socket.Pollable) {
    checkIsolated()
    let handle = socket.handle
    sources.removeAll { $0.handle == handle }
    sourcesChanged = true
  }

  /// Calls `fire` every `milliseconds`. Missed beats are not made up for.
  /// - Returns: a number for ``cancelTimer(_:)``.
  @discardableResult
  public func every(milliseconds: UInt64, _ fire: @escaping () -> Void) -> Int {
    checkIsolated()
    nextTimer += 1
    let interval = milliseconds &* 1_000_000
    timers.append(
      Timer(id: nextTimer, due: Self.now() &+ interval, interval: interval, fire: fire))
    return nextTimer
  }

  /// Ends a timer.
  public func cancelTimer(_ id: Int) {
    checkIsolated()
    timers.removeAll { $0.id == id }
  }

  // MARK: The loop

  private func run() {
    threadID.store(UInt(bitPattern: pthread_self().hashValueForLoop), ordering: .relaxed)
    name.withCString { _ = czmq_name_this_thread($0) }
    var batch: [UnownedJob] = []
    while true {
      let stopping = shared.withLock {
        swap(&$0.jobs, &batch)
        return $0.stopping
      }
      for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
      let ranJobs = !batch.isEmpty
      batch.removeAll(keepingCapacity: true)
      if stopping && !ranJobs { return }
      poll(wait: !stopping && shared.withLock { $0.jobs.isEmpty })
      fireTimers()
    }
  }

  private func poll(wait: Bool) {
    if sourcesChanged {
      pollItems = [
        zmq_pollitem_t(socket: nil, fd: wakeUp, events: Int16(ZMQ_POLLIN), revents: 0)
      ]
      for source in sources {
        pollItems.append(
          zmq_pollitem_t(socket: source.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
      }
      sourcesChanged = false
    }
    guard zmq_poll(&pollItems, Int32(pollItems.count), wait ? timeoutMilliseconds() : 0) >= 0
    else {
      if zmq_errno() != EINTR { dropClosedSources() }
      return
    }
    if pollItems[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(wakeUp, &count, MemoryLayout<UInt64>.size)
    }
    // A handler may watch or unwatch; then the items no longer match and the rest waits a turn.
    for index in 1..<max(1, pollItems.count) where pollItems[index].revents != 0 {
      sources[index - 1].readable()
      if sourcesChanged { return }
    }
  }

  /// Somebody closed a socket that is still watched, or ended its context: polling it would fail for
  /// ever, in a loop without a pause. The others go on.
  private func dropClosedSources() {
    sources.removeAll { source in
      var item = zmq_pollitem_t(
        socket: source.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
      return zmq_poll(&item, 1, 0) < 0 && zmq_errno() != EINTR
    }
    sourcesChanged = true
  }

  private func timeoutMilliseconds() -> Int {
    guard let due = timers.lazy.map(\.due).min() else { return -1 }
    let now = Self.now()
    // Rounded up: waking a moment early would spin through a poll of zero length.
    return due <= now ? 0 : Int((due - now + 999_999) / 1_000_000)
  }

  private func fireTimers() {
    guard !timers.isEmpty else { return }
    let now = Self.now()
    for id in timers.filter({ $0.due <= now }).map(\.id) {
      guard let index = timers.firstIndex(where: { $0.id == id }) else { continue }
      timers[index].due = now &+ timers[index].interval
      timers[index].fire()
    }
  }
}

extension pthread_t {
  /// A thread as a number: with Glibc `pthread_t` is an integer.
  fileprivate var hashValueForLoop: OpaquePointer? {
    OpaquePointer(bitPattern: UInt(self))
  }
}
