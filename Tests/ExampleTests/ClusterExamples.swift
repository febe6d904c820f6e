// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import ClusterAccess
import Logging
import TestSupport
import Testing
import ZeroMQ

/// The examples in the doc comments of Cluster, compiled and run.
@Suite("Cluster examples", .timeLimit(.minutes(1)))
struct ClusterExamples {
  @Test func aClientAsksTheBroker() async throws {
    let directory = try TemporaryDirectory()
    let address = try BrokerAddress("ipc://" + directory.path)
    let loop = PollLoop(name: "broker")
    let logger = Logger(label: "example") { _ in SwiftLogNoOpLogHandler() }
    let node = try BrokerNode(
      loop: loop, context: Context(), address: address, settings: .init(access: .cluster),
      release: "1.0", logger: logger)
    loop.start()
    await node.start()
    let client = try await ClusterClient(
      address: address, name: "example", process: 42, release: "1.0", services: ["broker"],
      logger: logger)
    let answer = try await client.ask("broker", SharedMessage([]), timeout: .seconds(3))
    let status = try answer.decode(BrokerStatus.self)
    await client.close()
    #expect(status.release == "1.0")
    loop.stop()
  }
}
