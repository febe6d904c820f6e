// SPDX-License-Identifier: Apache-2.0

extension BrokerMachine {
  /// What is going on, for people and metrics.
  public func status(now: UInt64) -> BrokerStatus {
    func milliseconds(since then: UInt64) -> Int { Int((now &- then) / 1_000_000) }
    return BrokerStatus(
      release: release,
      upMilliseconds: milliseconds(since: bornAt),
      workers: workers.values.map {
        .init(
          name: $0.name, process: $0.process, services: $0.services.map(\.name),
          inFlight: $0.held.count, done: $0.done, credit: max(0, $0.granted - $0.held.count),
          silentMilliseconds: milliseconds(since: $0.lastHeard), draining: $0.isDraining)
      }.sorted { ($0.name, $0.process) < ($1.name, $1.process) },
      queues: services.map { service in
        let waiting = service.queue.filter { $0.isQueued && $0.service === service }
        return .init(
          service: service.name, queued: waiting.count, inFlight: service.inFlight,
          oldestMilliseconds: waiting.map { milliseconds(since: $0.queuedAt) }.max() ?? 0)
      },
      finished: finished, requeued: requeued, deadLetters: deadLetters, duplicates: duplicates,
      heldBytes: producers.values.reduce(0) { $0 + $1.bytes }, topics: topics.count)
  }
}
