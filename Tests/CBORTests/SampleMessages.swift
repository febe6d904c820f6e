// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import ClusterAPI
import Economics
import FileHandover
import Fleet
import Reporting
import Runway
import Testing
import Usage

/// One message of every kind, with the rule of `docs/protocol.cddl` that describes it.
enum SampleMessages {
  static func all() throws -> [(rule: String, bytes: [UInt8])] {
    let encoder = CBOREncoder()
    let batch = try UsageBatch(
      count: 2, baseTime: 1_690_848_000_000, timeDeltas: [0, 40],
      seriesTable: SeriesTable(
        count: 2,
        columns: [.init(dimension: "model", values: ["gpt-4", "ada"], codes: [0, 1])]),
      series: [0, 1],
      quantities: [.init(meter: .inputTokens, values: [1_602, 259])],
      evidence: .measured)
    let job = try PricingJob(
      key: BatchKey(
        source: "burstgpt", stream: [UInt8](repeating: 7, count: 32), start: 64, end: 128),
      rowsRead: 3, rowsQuarantined: 1, rowsDuplicate: 0, batch: batch,
      rates: [
        RateCard(
          provider: "openai", model: "gpt-4",
          rates: [
            .init(
              from: TimeBucket(index: 1), until: nil, meter: .inputTokens,
              price: try Money(perMillion: "30"), evidence: .reported)
          ])
      ], book: [1, 2], currency: "USD")
    var lines = PricingOutcome.Lines()
    try lines.append(
      bucket: 1_878_720, series: 0, .inputTokens, 1_602, .priced, .reported,
      Money(decimal: "48.06"))
    let outcome = try PricingOutcome(job: job, lines: lines)
    var totals = CostTotals()
    try totals.add(.inputTokens, 1_602, .priced, .reported, Money(decimal: "0.04806"))
    try totals.add(.outputTokens, 5, .unpriced, .measured, .zero)
    return [
      (
        "hello",
        try encoder.encode(
          Hello(
            role: .worker, name: "w", process: 1, release: "0.1.0", services: ["price"],
            instance: Instance(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)))
      ),
      (
        "welcome",
        try encoder.encode(
          Welcome(
            broker: 1, release: "0.1.0", heartbeatMilliseconds: 250, livenessMilliseconds: 2_500,
            jobsMax: 1_024, bytesMax: 1 << 25, number: 17))
      ),
      (
        "import-request",
        try encoder.encode(
          ImportRequest(
            file: #require(FileOfferName("solvent-file-0123456789abcdef0123456789abcdef")),
            label: "log.csv", options: ReadingOptions()))
      ),
      (
        "import-report",
        try encoder.encode(ImportReport(label: "log.csv", source: "s", mapping: "solvent"))
      ),
      ("pricing-job", try encoder.encode(job)),
      ("pricing-outcome", try encoder.encode(outcome)),
      ("batch-control", try encoder.encode(BatchControl(job))),
      (
        "batch-control",
        try encoder.encode(BatchControl(job).expecting([UInt8](repeating: 5, count: 32)))
      ),
      ("commit-receipt", try encoder.encode(CommitReceipt(sequence: 9, wasKnown: true))),
      (
        "cost-update",
        try encoder.encode(
          CostUpdate(
            topic: "cost/day/model", ledger: 3, currency: "USD",
            rows: [.init(time: 1_690_848_000_000, name: "gpt-4", totals: totals)], total: totals))
      ),
      ("report-request", try encoder.encode(ReportRequest.cost(CostQuery(by: ["day"])))),
      (
        "report-request",
        try encoder.encode(
          ReportRequest.draft(DraftQuery(name: "mine", books: StatementQuery(.unitEconomics))))
      ),
      ("draft-answer", try encoder.encode(DraftAnswer(text: "scenario: mine", missing: ["cash"]))),
      (
        "report-request",
        try encoder.encode(
          ReportRequest.statement(
            StatementQuery(.runway, since: Month("2023-01"), product: "chat", burnMonths: 6)))
      ),
      ("statement-answer", try encoder.encode(statement())),
      ("books-batch", try encoder.encode(books())),
      ("books-receipt", try encoder.encode(BooksReceipt(added: 1, known: 2))),
      ("simulation-job", try encoder.encode(simulation)),
      ("simulation-outcome", try encoder.encode(simulation.run())),
      ("fleet-job", try encoder.encode(fleet)),
      ("fleet-outcome", try encoder.encode(fleet.run())),
    ] + (try questions(totals))
  }

  private static func statement() throws -> StatementAnswer {
    let usage = CostAnswer(
      by: ["month"], rows: [], total: CostTotals(), currency: "USD", sequence: 1, chain: [],
      firstTime: nil, lastTime: nil)
    return try StatementAnswer(
      StatementInputs(
        StatementQuery(.coverage), books: books(), usage: usage, allUsage: usage,
        providers: usage))
  }

  private static func books() throws -> BooksBatch {
    var entry = try BookEntry(
      id: "a", day: 19_569,
      lines: [
        EntryLine(.cash, try Money(decimal: "10000000000")),
        EntryLine(.capital, try Money(decimal: "-10000000000")),
      ])
    entry.counterparty = "Fund"
    entry.terms = FundingTerms(
      stake: 490_000, profitShare: 750_000, profitShareCap: try Money(decimal: "13000000000"))
    return BooksBatch(
      currency: "USD", entries: [entry],
      figures: [try AudienceFigure(id: "f", day: 19_539, .visits, 1_500_000_000)])
  }

  static var fleet: FleetJob {
    let architecture = Architecture(
      name: "m", layers: 4, width: 512, heads: 8, cacheHeads: 8, headDimension: 96,
      innerWidth: 1_024,
      vocabulary: 1_000,
      latent: .init(cacheRank: 64, ropeDimension: 32, queryRank: 0, valueDimension: 64),
      experts: .init(count: 8, perToken: 2, width: 128, sharedWidth: 0, layers: 3),
      contextMax: 4_096)
    let none = PredictionErrors.Band(below: 0.3, above: 0.2)
    let record = PredictionErrors.Record(
      stack: "vllm-2026", month: "2026-05", source: "s", accelerator: "g", architecture: "m",
      precision: .fp8, gpus: 1, kind: .offline, points: 3, medianError: 0.05, greatestError: 0.1)
    var coefficients = Coefficients()
    coefficients.stacks["vllm-2026"] = 0.02
    var job = FleetJob(
      model: PerformanceModel(
        coefficients: coefficients,
        errors: PredictionErrors(
          base: none, newAccelerator: none, newArchitecture: none, newStack: none, shared: 0.5,
          records: [record]), version: "2026-11-23"), architecture: architecture,
      accelerators: [
        Accelerator(
          name: "g", vendor: "v", generation: .hopper, flops16: 1e15, memory: 8e10, bandwidth: 3e12,
          power: 700)
      ], precisions: [.bf16, .fp8], stack: .vllm, shape: RequestShape(input: 100.5, output: 20))
    job.fill(replicas: [1, 2], batches: [1, 300], spreadsExperts: true)
    return job
  }

  private static var simulation: SimulationJob {
    var other = RunwayScenario.runway60
    other.events.append(.init(month: 1, .audience, 0.88))
    return SimulationJob(scenarios: [.runway60, other], first: 0, count: 64)
  }
}
