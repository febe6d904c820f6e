// SPDX-License-Identifier: Apache-2.0

import Broker
import Host
import Metrics
import ZeroMQ

/// What the metrics say of a broker, taken from its status: nothing is counted on the way of a message.
struct BrokerMetrics {
  /// What is measured of the jobs of a service.
  private struct Queue {
    let depth: Meter
    let age: Meter
    let inFlight: Meter

    init(_ label: String) {
      depth = Meter(.brokerQueueDepth, label)
      age = Meter(.brokerQueueAge, label)
      inFlight = Meter(.brokerInFlight, label)
    }

    func set(_ queued: Int, _ oldest: Int, _ running: Int) {
      depth.set(queued)
      age.set(Double(oldest) / 1_000)
      inFlight.set(running)
    }
  }

  /// Names of services come from whoever greets, so only so many have labels of their own.
  private static let labelsMax = 16
  private static let other = "other"

  private let held = Meter(.brokerHeld)
  private let workers = Meter(.brokerWorkers)
  private let finished = Counter(.brokerFinished)
  private let requeued = Counter(.brokerRequeued)
  private let deadLetters = Counter(.brokerDeadLetters)
  private var queues: [String: Queue] = [:]
  private var last = (finished: UInt64(0), requeued: UInt64(0), deadLetters: UInt64(0))

  mutating func take(_ status: BrokerStatus) {
    held.set(status.heldBytes)
    workers.set(status.workers.count)
    var rest = (queued: 0, oldest: 0, running: 0)
    for queue in status.queues where queue.service != BrokerMachine<SharedMessage>.statusService {
      if let known = own(queue.service) {
        known.set(queue.queued, queue.oldestMilliseconds, queue.inFlight)
      } else {
        rest.queued += queue.queued
        rest.oldest = max(rest.oldest, queue.oldestMilliseconds)
        rest.running += queue.inFlight
      }
    }
    if let other = queues[Self.other] { other.set(rest.queued, rest.oldest, rest.running) }
    finished.increment(by: Int64(clamping: status.finished &- last.finished))
    requeued.increment(by: Int64(clamping: status.requeued &- last.requeued))
    deadLetters.increment(by: Int64(clamping: status.deadLetters &- last.deadLetters))
    last = (status.finished, status.requeued, status.deadLetters)
  }

  /// The instruments of a service; `nil` for one beyond the bound, which counts as another.
  private mutating func own(_ service: String) -> Queue? {
    if service == Self.other { return nil }
    if let known = queues[service] { return known }
    guard queues.count < Self.labelsMax, service.utf8.count <= 64 else {
      if queues[Self.other] == nil { queues[Self.other] = Queue(Self.other) }
      return nil
    }
    let queue = Queue(service)
    queues[service] = queue
    return queue
  }
}
