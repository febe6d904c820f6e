// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import ClusterAPI
import ClusterAccess
import Economics
import Fleet
import Reporting
import Runway

/// Questions to the services of a cluster, and their answers.
extension SampleMessages {
  static func questions(_ totals: CostTotals) throws -> [(rule: String, bytes: [UInt8])] {
    let encoder = CBOREncoder()
    let parked = ParkedBatch(
      batch: 7, source: "burstgpt", start: 64, end: 128, rows: 2,
      reason: "it has 3 requests, the batch 2",
      parkedAt: 1_795_640_400_000)
    return [
      (
        "cost-answer",
        try encoder.encode(
          CostAnswer(
            by: ["model"], rows: [.init(key: ["gpt-4"], totals: totals)], total: totals,
            currency: "USD", sequence: 9, chain: [UInt8](repeating: 3, count: 32),
            firstTime: 1_690_848_000_000, lastTime: 1_690_848_900_000))
      ),
      ("jobs-request", try encoder.encode(JobsRequest.list)),
      ("jobs-request", try encoder.encode(JobsRequest.show(7))),
      ("jobs-request", try encoder.encode(JobsRequest.replay([7, 8]))),
      ("jobs-request", try encoder.encode(JobsRequest.discard([7]))),
      ("jobs-answer", try encoder.encode(JobsAnswer(parked: [], underWay: 3))),
      (
        "jobs-answer",
        try encoder.encode(
          JobsAnswer(
            parked: [parked], underWay: 0, quantities: ["requests": 2, "input_tokens": 1_861],
            series: [["model=gpt-4", "provider=openai"], ["model=ada"]]))
      ),
      (
        "scenario-request",
        try encoder.encode(
          ScenarioRequest(
            scenarios: [.runway60], paths: 8_192, shard: 1_024, mayBeCached: false))
      ),
      ("search-request", try encoder.encode(SearchRequest(fleet, mayBeCached: true))),
      ("spread-progress", try encoder.encode(SpreadProgress(done: 1_024, of: 8_192, ruined: 37))),
      ("broker-status", try encoder.encode(status())),
    ]
  }

  /// Of a broker with a worker that has a job, and one that waits.
  private static func status() -> BrokerStatus {
    var broker = BrokerMachine<[UInt8]>(
      settings: .init(access: .cluster), release: "0.2.0", identity: 7, now: 0)
    var actions: [BrokerMachine<[UInt8]>.Action] = []
    let (worker, client) = (PeerID(.worker, 17), PeerID(.client, 3))
    broker.greeted(
      Hello(
        role: .worker, name: "worker-1", process: 4_711, release: "0.2.0",
        services: [ServiceName.simulate], instance: Instance(low: 1, high: 1)),
      by: worker, now: 0, &actions)
    broker.received(
      Header(.ready, argument: 1), nil, bytes: 0, from: worker, now: 0, &actions)
    broker.greeted(
      Hello(
        role: .client, name: "example", process: 4_712, release: "0.2.0",
        routes: [[ServiceName.simulate]], instance: Instance(low: 2, high: 2)),
      by: client, now: 0, &actions)
    for sequence in 1...2 as ClosedRange<UInt64> {
      broker.received(
        Header(.job, job: JobID(epoch: 1, sequence: sequence)), [0], bytes: 1, from: client,
        now: 0, &actions)
    }
    return broker.status(now: 1_500_000_000)
  }
}
