// SPDX-License-Identifier: Apache-2.0

extension BrokerMachine {
  /// What is going on, for people and metrics.
  public func status(now: UInt64) -> BrokerStatus {
    func milliseconds(since then: UInt64) -> Int { Int((now &- then) / 1_000_000) }
    var oldest: [ObjectIdentifier: UInt64] = [:]
    for job in jobs.values {
      guard case .queued(let since) = job.state else { continue }
      oldest[ObjectIdentifier(job.service)] = min(
        oldest[ObjectIdentifier(job.service)] ?? since, since)
    }
    return BrokerStatus(
      release: release,
      upMilliseconds: milliseconds(since: bornAt),
      workers: workers.values.map {
        .init(
          name: $0.name, process: $0.process, number: $0.id.number,
          services: $0.services.map(\.name), inFlight: $0.used, done: $0.done,
          credit: max(0, $0.granted - $0.used),
          silentMilliseconds: milliseconds(since: $0.lastHeard),
          draining: $0.isDraining, quarantined: $0.isQuarantined)
      }.sorted { ($0.name, $0.process) < ($1.name, $1.process) },
      queues: services.values.sorted { $0.name < $1.name }.map { service in
        .init(
          service: service.name, queued: service.waiting, inFlight: service.inFlight,
          oldestMilliseconds: oldest[ObjectIdentifier(service)].map { milliseconds(since: $0) }
            ?? 0,
          workers: service.offering.count)
      },
      finished: finished, requeued: requeued, deadLetters: deadLetters, duplicates: duplicates,
      heldBytes: heldBytes, topics: topics.count)
  }

  /// Bytes of everything that is held for somebody.
  var heldBytes: Int { jobBytes + topicBytes + unreadBytes }
}
