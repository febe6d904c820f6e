// SPDX-License-Identifier: Apache-2.0

import Broker
import CoreMetrics
import Host
import Testing
import ZeroMQ

@testable import BrokerService

@Suite("Metrics of a broker", .serialized)
struct BrokerMetricsTests {
  /// One for the process: metrics are bootstrapped once.
  static let registry: MetricsRegistry = {
    let registry = MetricsRegistry()
    MetricsSystem.bootstrap(registry)
    return registry
  }()

  static func status(
    _ services: [String], queued: Int = 1, finished: UInt64 = 0
  ) -> BrokerStatus {
    var actions: [BrokerMachine<SharedMessage>.Action] = []
    var machine = BrokerMachine<SharedMessage>(
      settings: .init(
        access: .init(
          roles: [.worker: .init(name: "worker", peersMax: 99, offers: Set(services))],
          services: [:])
      ), release: "1", identity: 1, now: 0)
    // A peer offers at most 32 services.
    for start in stride(from: 0, to: services.count, by: 32) {
      let some = Array(services[start..<min(start + 32, services.count)])
      machine.greeted(
        Hello(
          role: .worker, name: "w", process: 1, release: "1", services: some,
          instance: .init(low: 1, high: UInt64(start))),
        by: PeerID(.worker, UInt32(start)), now: 0, &actions)
    }
    var status = machine.status(now: 0)
    for index in status.queues.indices { status.queues[index].queued = queued }
    status.finished = finished
    return status
  }

  static func samples() -> [String: Double] {
    var samples: [String: Double] = [:]
    for line in registry.text().split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      samples[String(parts[0])] = Double(parts[1])
    }
    return samples
  }

  @Test("Only so many services have labels of their own, whatever peers call theirs")
  func labelsAreBounded() {
    _ = Self.registry
    var metrics = BrokerMetrics()
    let names = (0..<201).map { "service-\($0)" } + ["other"]
    metrics.take(Self.status(names, queued: 2))
    let depths = Self.samples().filter { $0.key.hasPrefix("solvent_broker_queue_depth") }
    #expect(depths.count == 17)
    #expect(depths["solvent_broker_queue_depth{service=\"other\"}"] == Double(2 * (202 - 16)))
    #expect(depths.values.reduce(0, +) == 2 * 202)
    #expect(!depths.keys.contains { $0.contains("\"broker\"") })
    // A flood of names again adds none.
    metrics.take(Self.status((200..<400).map { "service-\($0)" }, queued: 1))
    #expect(Self.samples().filter { $0.key.hasPrefix("solvent_broker_queue_depth") }.count == 17)
  }

  @Test("Counters rise by what came since the last look")
  func counters() {
    _ = Self.registry
    var metrics = BrokerMetrics()
    let before = Self.samples()["solvent_broker_jobs_finished_total"] ?? 0
    for finished in [3, 3, 10] as [UInt64] {
      metrics.take(Self.status(["price"], finished: finished))
    }
    #expect(Self.samples()["solvent_broker_jobs_finished_total"] == before + 10)
  }
}
