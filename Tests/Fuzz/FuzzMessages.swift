// SPDX-License-Identifier: Apache-2.0

import CBOR
import ClusterAPI
import Documents
import Economics
import Fleet
import Foundation
import Ledger
import Pricing
import Rendering
import Reporting
import Runway
import Usage

@testable import Broker

/// A page in every format, which nobody reads.
private func printed(_ body: (Page) -> Void) {
  for format in OutputFormat.allCases {
    body(Page(format, width: 80, isEmphatic: false) { _ in })
  }
}

/// A ledger in memory files that holds what was taken, made anew after some hundreds of batches.
private final class FuzzLedger {
  private let folder = "/dev/shm/solvent-fuzz-\(getpid())"
  private var commits = 0
  private(set) var ledger: Ledger

  nonisolated(unsafe) static let shared = FuzzLedger()

  private init() { ledger = Self.made(folder) }

  private static func made(_ folder: String) -> Ledger {
    let files = FileManager.default
    try? files.removeItem(atPath: folder)
    do {
      try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
      return try Ledger(path: "\(folder)/ledger.sqlite")
    } catch {
      Fuzz.finding("no ledger: \(error)")
    }
  }

  func count() {
    commits += 1
    guard commits % 200 == 0 else { return }
    try? ledger.close()
    ledger = Self.made(folder)
  }
}

extension Fuzz {
  /// The messages of the protocol, each used as the service that gets it does.
  static let messages: [Target] = [
    cbor,
    message("hello", Hello.self) { _ in },
    message("welcome", Welcome.self) { _ in },
    message("pricing-job", PricingJob.self) { job in
      guard let outcome = try? Costing.price(job) else { return }
      if let difference = BatchControl(job).difference(to: outcome, digest: []) {
        finding("priced another batch: \(difference)")
      }
      guard decode(PricingOutcome.self, (try? CBOREncoder().encode(outcome)) ?? []) == outcome
      else { finding("an outcome does not travel") }
    },
    message("pricing-outcome", PricingOutcome.self) { outcome in
      let store = FuzzLedger.shared
      defer { store.count() }
      guard let bytes = try? CBOREncoder().encode(outcome) else { return }
      do {
        let (results, changes) = try store.ledger.commit([(outcome, bytes)])
        guard case .committed = results[0] else { return }
        var streams = try CostStreams(store.ledger)
        for change in changes { try streams.add(change) }
        _ = streams.takeChanges()
        let question = CostQuery(
          by: ["bucket", "week", "model", "meter", "source"], zone: "Asia/Tokyo")
        let answer = try CostSum.answer(question, from: store.ledger)
        printed { CostPrinter(answer, zone: question.zone).print(on: $0) }
        _ = try store.ledger.verify()
      } catch is MoneyError {
        // Sums beyond every amount: refused, not wrong.
      } catch {
        finding("booked, and then: \(error)")
      }
    },
    message("batch-control", BatchControl.self) { control in
      guard let outcome = try? Costing.price(job) else { finding("no outcome") }
      _ = control.difference(to: outcome, digest: [])
    },
    message("commit-receipt", CommitReceipt.self) { _ in },
    message("cost-update", CostUpdate.self) { update in
      var rows = CostStreamRows()
      _ = rows.take(update, isSnapshot: true)
      _ = (rows.take(update, isSnapshot: false), rows.rows(of: update.topic))
      printed { page in
        CostUpdatePrinter(topic: update.topic)
          .print(update, isSnapshot: true, isCaughtUp: true, on: page)
      }
    },
    message("cost-answer", CostAnswer.self) { answer in
      _ = answer.days
      printed { CostPrinter(answer, zone: "UTC").print(on: $0) }
    },
    message("report-request", ReportRequest.self) { request in
      let ledger = FuzzLedger.shared.ledger
      switch request {
      case .cost(let query): _ = try? CostSum.answer(query, from: ledger)
      case .draft(let query):
        _ = (try? StatementInputs(query.books, from: ledger)).map {
          $0.burnPeriod(query.books.burnMonths)
        }
      case .statement(let query): _ = try? StatementAnswer(StatementInputs(query, from: ledger))
      }
    },
    message("draft-answer", DraftAnswer.self) { _ in },
    message("statement-answer", StatementAnswer.self) { answer in
      printed { StatementPrinter(answer).print(on: $0) }
    },
    message("books-batch", BooksBatch.self, books),
    message("books-receipt", BooksReceipt.self) { _ in },
    message("simulation-job", SimulationJob.self) { job in
      var few = job
      few.count = min(8, job.count)
      few.scenarios = Array(job.scenarios.prefix(2))
      guard let outcome = try? few.run(), outcome.fits(few) else { finding("does not run") }
      let summary = RunwaySummary(outcome.counts[0], of: few.scenarios[0])
      _ = (summary.drivers, summary.runway(0.5), summary.breakEven(0.5))
      _ = (summary.cash(at: summary.months, 0.5), summary.meanCash(at: summary.months))
    },
    message("simulation-outcome", SimulationOutcome.self) { outcome in
      var sum = outcome
      try? sum.add(outcome)
      for difference in sum.differences { _ = difference.ruin(by: difference.steps) }
    },
    message("fleet-job", FleetJob.self) { job in
      guard let few = job.parts(8).first else { return }
      let outcome = few.run()
      guard outcome.fits(few),
        decode(FleetOutcome.self, (try? CBOREncoder().encode(outcome)) ?? []) == outcome
      else { finding("an outcome does not travel") }
      let search = FleetSearch(
        few, outcome, prices: few.accelerators.map { _ in 2 }, .init(requests: 40))
      let price = Interval(low: 1, estimate: 2, high: 3)
      printed { page in
        SearchPrinter(
          search: search, job: few, seconds: 1, top: 3, prices: few.accelerators.map { _ in price },
          guessed: []
        ).print(on: page)
      }
    },
    message("fleet-outcome", FleetOutcome.self) { outcome in
      var sum = outcome
      sum.add(outcome)
    },
    message("import-request", ImportRequest.self) { request in
      _ = try? request.options.priceBook()
      _ = try? request.options.mapping(for: ["timestamp", "model"], file: request.label)
    },
    message("import-report", ImportReport.self) { _ in },
    message("jobs-request", JobsRequest.self) { _ in },
    message("jobs-answer", JobsAnswer.self) { answer in
      printed { JobsPrinter(answer).print(on: $0) }
    },
    message("scenario-request", ScenarioRequest.self) { request in
      let shards = SimulationJob.shards(
        request.scenarios, paths: request.paths, workers: 4, shard: request.shard)
      guard shards.reduce(0, { $0 + $1.count }) >= request.paths else { finding("paths are lost") }
    },
    message("search-request", SearchRequest.self) { request in
      let count = request.job.parts(4_096).reduce(0) { $0 + $1.candidates.count }
      guard count == request.job.candidates.count else { finding("configurations are lost") }
    },
    message("spread-progress", SpreadProgress.self) { progress in
      guard (0...1_000).contains(progress.permille) else { finding("permille") }
      _ = progress.ruin
    },
    Target(name: "broker-status", isCBOR: true) {
      [
        try CBOREncoder().encode(
          BrokerStatus(
            release: "0.1.0", upMilliseconds: 7,
            workers: [
              .init(
                name: "w", process: 1, number: 2, services: ["price"], inFlight: 1, done: 9,
                credit: 3, silentMilliseconds: 4, draining: false, quarantined: false)
            ],
            queues: [
              .init(service: "price", queued: 1, inFlight: 1, oldestMilliseconds: 5, workers: 1)
            ], finished: 9, requeued: 1, deadLetters: 0, duplicates: 0, heldBytes: 99, topics: 1))
      ]
    } take: { bytes in
      guard let status = decode(BrokerStatus.self, bytes) else { return }
      printed { WorkersPrinter(status).print(on: $0) }
    },
    Target(name: "header", isCBOR: false) {
      [8, 3].map { command in
        var bytes = [UInt8](repeating: 0, count: Header.byteCount)
        let header = Header(Command.allCases[command], job: JobID(epoch: 1, sequence: 2))
        bytes.withUnsafeMutableBytes { header.write(to: $0) }
        return bytes
      }
    } take: { bytes in
      guard let header = try? bytes.withUnsafeBytes({ bytes in try Header(bytes) }) else { return }
      var again = [UInt8](repeating: 0, count: Header.byteCount)
      again.withUnsafeMutableBytes { header.write(to: $0) }
      guard (try? again.withUnsafeBytes({ bytes in try Header(bytes) })) == header else {
        finding("another header came back")
      }
    },
  ]

  private static func message<Message: Codable & Sendable>(
    _ rule: String, _ type: Message.Type, _ use: @escaping @Sendable (Message) -> Void
  ) -> Target {
    Target(name: rule, isCBOR: true) {
      if rule == "cost-answer" { return [try CBOREncoder().encode(costAnswer())] }
      return try SampleMessages.all().filter { $0.rule == rule }.map(\.bytes)
    } take: { bytes in
      if let message = decode(type, bytes) { use(message) }
    }
  }

  /// The job of the samples.
  private static var job: PricingJob {
    get throws {
      let bytes = try SampleMessages.all().first { $0.rule == "pricing-job" }?.bytes ?? []
      return try CBORDecoder().decode(PricingJob.self, from: bytes)
    }
  }

  private static func costAnswer() throws -> CostAnswer {
    var totals = CostTotals()
    try totals.add(.inputTokens, 7, .priced, .reported, Money(decimal: "1.5"))
    try totals.add(.images, 3, .unpriced, .measured, .zero)
    return CostAnswer(
      by: ["day", "model"], rows: [.init(key: ["2026-01-01", "m"], totals: totals)], total: totals,
      currency: "USD", sequence: 3, chain: [1, 2], firstTime: 0, lastTime: 900_000)
  }

  /// Books entries, then makes every statement of them.
  @Sendable static func books(_ batch: BooksBatch) {
    let store = FuzzLedger.shared
    defer { store.count() }
    do {
      _ = try store.ledger.book(batch)
      _ = try store.ledger.verify()
    } catch is LedgerError {
      // Known under another content, or in another currency.
    } catch {
      finding("booked, and then: \(error)")
    }
    let none = CostAnswer(
      by: ["month"], rows: [], total: CostTotals(), currency: batch.currency, sequence: 1,
      chain: [], firstTime: nil, lastTime: nil)
    for kind in StatementQuery.Kind.allCases {
      // A line for each of 3,600 months and entries is long, not wrong.
      guard batch.entries.count + batch.figures.count <= 16,
        let inputs = try? StatementInputs(
          StatementQuery(kind), books: batch, usage: none, allUsage: none, providers: none),
        inputs.period.upperBound.index - inputs.period.lowerBound.index < 240,
        let answer = try? StatementAnswer(inputs)
      else { continue }
      printed { StatementPrinter(answer).print(on: $0) }
      guard decode(StatementAnswer.self, (try? CBOREncoder().encode(answer)) ?? []) != nil else {
        finding("a statement does not travel")
      }
    }
  }
}
