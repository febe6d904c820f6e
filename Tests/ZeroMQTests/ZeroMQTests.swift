// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import ZeroMQ

@Suite("ZeroMQ", .timeLimit(.minutes(1)))
struct ZeroMQTests {
  @Test(
    "Endpoints are checked",
    arguments: [
      // address, is allowed, is local
      ("ipc:///tmp/x", true, true), ("ipc://@name", true, true), ("inproc://a", true, true),
      ("tcp://127.0.0.1:7400", true, true), ("tcp://127.1.2.3:*", true, true),
      ("tcp://[::1]:7400", true, true), ("tcp://0.0.0.0:7400", true, false),
      ("tcp://*:7400", true, false), ("tcp://10.0.0.1:7400", true, false),
      ("tcp://localhost:7400", true, false), ("tcp://127.0.0.1", false, false),
      ("tcp://127.0.0.1:99999", false, false), ("udp://127.0.0.1:1", false, false),
      ("ipc://", false, false), ("nonsense", false, false),
      ("ipc:///" + String(repeating: "x", count: 107), false, false),
    ])
  func endpoints(_ address: String, _ isAllowed: Bool, _ isLocal: Bool) {
    let endpoint = try? Endpoint(address)
    #expect((endpoint != nil) == isAllowed)
    if let endpoint { #expect(endpoint.isLocal == isLocal) }
  }

  @Test func bindingBeyondThisMachineIsRefused() throws {
    let context = try Context()
    let socket = try Socket(context, .router)
    let error = #expect(throws: EndpointError.self) { try socket.bind(Endpoint("tcp://0.0.0.0:0")) }
    #expect(error?.description.contains("keys") == true)
  }

  @Test func loopbackIsRefusedWithoutKeysUnlessThatIsAskedFor() throws {
    let context = try Context()
    let socket = try Socket(context, .router)
    for address in ["tcp://127.0.0.1:*", "tcp://[::1]:*"] {
      let error = #expect(throws: EndpointError.self) { try socket.bind(Endpoint(address)) }
      for word in ["every user of this machine", "keys", "ipc://DIRECTORY", "--insecure-tcp"] {
        #expect(error?.description.contains(word) == true)
      }
    }
    #expect(throws: EndpointError.self) {
      try socket.bind(Endpoint("tcp://0.0.0.0:*", insecureTCP: true))
    }
    try socket.bind(Endpoint("tcp://127.0.0.1:*", insecureTCP: true))
    #expect(try socket.lastEndpoint().address.hasPrefix("tcp://127.0.0.1:"))
  }

  @Test func framesGoThereAndBack() throws {
    let context = try Context()
    let router = try Socket(context, .router)
    try router.bind(Endpoint("inproc://there"))
    let dealer = try Socket.dealer(context, to: Endpoint("inproc://there"))
    var frame = try Message([1, 2, 3])
    try dealer.send(&frame)
    var peer = Message()
    var body = Message()
    try router.waitReceive(into: &peer)
    let isFollowed = peer.isFollowed
    #expect(isFollowed)
    try router.waitReceive(into: &body)
    let bytes = body.withUnsafeBytes { Array($0) }
    #expect(bytes == [1, 2, 3])
    try router.send(&peer, followed: true)
    try router.send(&body)
    try dealer.waitReceive(into: &frame)
    let (count, isMore) = (frame.count, frame.isFollowed)
    #expect(count == 3 && !isMore)
  }

  @Test func sendingToAStrangerIsAnError() throws {
    let context = try Context()
    let router = try Socket(context, .router)
    try router.bind(Endpoint("inproc://lonely"))
    var peer = try Message([0, 1, 2, 3, 4])
    let error = #expect(throws: ZeroMQError.self) { try router.send(&peer, followed: true) }
    #expect(error?.isUnreachable == true)
  }

  @Test("A shared message keeps its bytes", arguments: [0, 1, 33, 34, 100_000])
  func sharing(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let shared = try SharedMessage(bytes)
    let first = shared.copy()
    do {
      let second = shared.copy()
      let copied = second.withUnsafeBytes { Array($0) }
      #expect(copied == bytes)
    }
    let kept = first.withUnsafeBytes { Array($0) }
    #expect(kept == bytes)
    #expect(shared.array == bytes)
  }

  // MARK: The loop

  actor Counter {
    nonisolated let loop: PollLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    var count = 0
    init(_ loop: PollLoop) { self.loop = loop }
    func add() { count += 1 }
  }

  @Test func anActorRunsOnItsLoop() async throws {
    let loop = PollLoop(name: "test")
    loop.start()
    let counter = Counter(loop)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<100 { group.addTask { for _ in 0..<10 { await counter.add() } } }
    }
    #expect(await counter.count == 1_000)
    loop.stop()
  }

  /// Timers of 1, 2 and 3 ms; the fastest is cancelled by its own second tick, all by the slowest's.
  @Test func timersFireInTurnUntilTheyAreCancelled() async throws {
    actor Clock {
      nonisolated let loop: PollLoop
      nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
      private var timers: [Int] = []
      private(set) var ticks = [0, 0, 0]

      init(_ loop: PollLoop) { self.loop = loop }

      func start(_ done: @escaping @Sendable () -> Void) {
        for index in 0..<3 {
          let timer = loop.every(milliseconds: UInt64(index + 1)) { [unowned self] in
            assumeIsolated { clock in
              clock.ticks[index] += 1
              if index == 0 && clock.ticks[0] == 2 { clock.loop.cancelTimer(clock.timers[0]) }
              if index == 2 && clock.ticks[2] == 4 {
                for timer in clock.timers { clock.loop.cancelTimer(timer) }
                done()
              }
            }
          }
          timers.append(timer)
        }
      }
    }
    let loop = PollLoop(name: "test")
    loop.start()
    let clock = Clock(loop)
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    await clock.start { continuation.finish() }
    for await _ in stream {}
    let ticks = await clock.ticks
    #expect(ticks[0] == 2 && ticks[2] == 4)
    // Late or not, the faster one has ticked at least as often.
    #expect(ticks[1] >= ticks[2])
    loop.stop()
  }

  /// A closed socket among those that are watched makes zmq_poll fail at once, for ever.
  @Test func aClosedSocketIsDroppedAndTheOthersGoOn() async throws {
    actor Pair {
      nonisolated let loop: PollLoop
      nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
      private var closing: Socket?
      private let open: Socket
      private var message = Message()

      init(_ loop: PollLoop, _ context: Context, _ endpoint: Endpoint) throws {
        self.loop = loop
        closing = try Socket(context, .router)
        open = try Socket(context, .router)
        try open.bind(endpoint)
      }

      func start(_ received: @escaping @Sendable () -> Void) {
        if let pollable = closing?.pollable { loop.watch(pollable) {} }
        loop.watch(open.pollable) { [unowned self] in
          assumeIsolated { pair in
            while (try? pair.open.receive(into: &pair.message)) == true {
              if !pair.message.isFollowed { received() }
            }
          }
        }
      }

      func close() { closing = nil }
    }
    let context = try Context()
    let loop = PollLoop(name: "test")
    loop.start()
    let endpoint = try Endpoint("inproc://pair")
    let pair = try Pair(loop, context, endpoint)
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    await pair.start { continuation.yield() }
    await pair.close()
    let dealer = try Socket.dealer(context, to: endpoint)
    for number in 1...2 as ClosedRange<UInt8> {
      var message = try Message([number])
      try dealer.send(&message)
      for await _ in stream { break }
    }
    loop.stop()
  }
}
