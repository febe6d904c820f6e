// SPDX-License-Identifier: Apache-2.0

import Testing
import ZeroMQ

/// The examples in the doc comments of ZeroMQ, compiled and run.
@Suite("ZeroMQ examples", .timeLimit(.minutes(1)))
struct ZeroMQExamples {
  /// An actor whose executor is the loop: the socket is a plain property of it.
  actor Receiver {
    nonisolated let loop: PollLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private let socket: Socket
    private var message = Message()
    private let found: AsyncStream<[UInt8]>.Continuation
    let received: AsyncStream<[UInt8]>

    init(_ loop: PollLoop, at endpoint: Endpoint, in context: Context) throws {
      self.loop = loop
      (received, found) = AsyncStream.makeStream()
      socket = try Socket(context, .router)
      try socket.bind(endpoint)
    }

    func start() {
      loop.watch(socket.pollable) { [unowned self] in assumeIsolated { $0.drain() } }
    }

    private func drain() {
      while (try? socket.receive(into: &message)) == true {
        if !message.isFollowed { found.yield(message.withUnsafeBytes { Array($0) }) }
      }
    }
  }

  @Test func anActorOwnsItsSocket() async throws {
    let context = try Context()
    let loop = PollLoop(name: "example")
    loop.start()
    let receiver = try Receiver(loop, at: Endpoint("inproc://example"), in: context)
    await receiver.start()
    let dealer = try Socket.dealer(context, to: Endpoint("inproc://example"))
    var message = try Message([1, 2, 3])
    try dealer.send(&message)
    for await bytes in receiver.received {
      #expect(bytes == [1, 2, 3])
      break
    }
    loop.stop()
  }
}
