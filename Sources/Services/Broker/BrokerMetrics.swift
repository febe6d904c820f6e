// SPDX-License-Identifier: Apache-2.0

import Broker
import Host
import Metrics

/// What the metrics say of a broker, taken from its status: nothing is counted on the way of a message.
struct BrokerMetrics {
  private let held = Meter(.brokerHeld)
  private let workers = Meter(.brokerWorkers)
  private let finished = Counter(.brokerFinished)
  private let requeued = Counter(.brokerRequeued)
  private let deadLetters = Counter(.brokerDeadLetters)
  private var last = (finished: UInt64(0), requeued: UInt64(0), deadLetters: UInt64(0))

  mutating func take(_ status: BrokerStatus) {
    held.set(status.heldBytes)
    workers.set(status.workers.count)
    for queue in status.queues {
      Meter(.brokerQueueDepth, queue.service).set(queue.queued)
      Meter(.brokerQueueAge, queue.service).set(Double(queue.oldestMilliseconds) / 1_000)
      Meter(.brokerInFlight, queue.service).set(queue.inFlight)
    }
    finished.increment(by: Int64(status.finished &- last.finished))
    requeued.increment(by: Int64(status.requeued &- last.requeued))
    deadLetters.increment(by: Int64(status.deadLetters &- last.deadLetters))
    last = (status.finished, status.requeued, status.deadLetters)
  }
}
