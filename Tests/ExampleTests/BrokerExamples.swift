// SPDX-License-Identifier: Apache-2.0

import Broker
import Testing

/// The examples in the doc comments of Broker, compiled and run.
@Suite("Broker examples")
struct BrokerExamples {
  @Test func aWorkerIsWelcomed() throws {
    let clock: UInt64 = 1_000_000_000
    let access = AccessTable(
      roles: [.worker: .init(name: "worker", peersMax: 10, hasOwnServices: true)], services: [:])
    var broker = BrokerMachine<String>(
      settings: .init(access: access), release: "1.0", identity: 7, now: clock)
    let hello = Hello(
      role: .worker, name: "worker-1", process: 42, release: "1.0", services: ["x-double"],
      instance: .random())
    var actions: [BrokerMachine<String>.Action] = []
    broker.greeted(hello, by: PeerID(.worker, 1), now: clock, &actions)
    // A shell carries them out in order: here WELCOME to the worker, and a note for the log.
    guard case .welcome(PeerID(.worker, 1), _)? = actions.first else {
      Issue.record("no welcome")
      return
    }
  }
}
