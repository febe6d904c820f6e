// SPDX-License-Identifier: Apache-2.0

public import ClusterAPI
import Economics

/// Batches that could not be booked.
public struct JobsPrinter {
  private let answer: JobsAnswer
  private let isDetailed: Bool
  private let verb: String?

  /// - Parameters:
  ///   - isDetailed: with sums and dimensions.
  ///   - verb: what became of the batches; `nil` when they are only listed.
  public init(_ answer: JobsAnswer, isDetailed: Bool = false, verb: String? = nil) {
    self.answer = answer
    self.isDetailed = isDetailed
    self.verb = verb
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.jobs/v1", JobsJSON(answer, verb, isDetailed: isDetailed))
    case .csv:
      page.csv(["batch", "source", "start", "end", "rows", "parked_at", "reason"])
      for batch in answer.parked {
        page.csv([
          "\(batch.batch)", batch.source, "\(batch.start)", "\(batch.end)", "\(batch.rows)",
          Instant.text(batch.parkedAt), batch.reason,
        ])
      }
    case .table, .md: printTable(on: page)
    }
  }

  private func printTable(on page: Page) {
    if let verb {
      return page.line("\(Text.counted(answer.parked.count, "batch", "batches")) \(verb)")
    }
    if answer.parked.isEmpty {
      return page.line(
        "no batch waits for a decision; \(answer.underWay) on the way to the ledger")
    }
    var table = Table(columns: [
      .init(title: "BATCH", isNumber: true), .init(title: "SOURCE"),
      .init(title: "ROWS", isNumber: true), .init(title: "SINCE", rank: 1), .init(title: "REASON"),
    ])
    for batch in answer.parked {
      table.rows.append([
        "\(batch.batch)", batch.source, Text.grouped(batch.rows), Instant.text(batch.parkedAt),
        batch.reason,
      ])
    }
    table.print(on: page)
    if isDetailed {
      page.line()
      for (meter, sum) in answer.quantities.sorted(by: { $0.key < $1.key }) {
        page.line("\(meter)  \(Text.grouped(sum))")
      }
      for series in answer.series { page.line(series.joined(separator: "  ")) }
    } else {
      page.line(
        page.dim("solvent jobs show BATCH · solvent jobs replay BATCH · solvent jobs discard BATCH")
      )
    }
  }
}

/// `solvent.jobs/v1`
private struct JobsJSON: Encodable {
  struct Batch: Encodable {
    var batch: UInt64
    var source: String
    var start: UInt64
    var end: UInt64
    var rows: Int
    var parkedAt: String
    var reason: String
  }

  var batches: [Batch]
  var underWay: Int
  /// What became of the batches.
  var outcome: String?
  var quantities: [String: UInt64]?
  var series: [[String]]?

  init(_ answer: JobsAnswer, _ outcome: String?, isDetailed: Bool) {
    batches = answer.parked.map {
      Batch(
        batch: $0.batch, source: $0.source, start: $0.start, end: $0.end, rows: $0.rows,
        parkedAt: Instant.text($0.parkedAt), reason: $0.reason)
    }
    underWay = answer.underWay
    self.outcome = outcome
    quantities = isDetailed ? answer.quantities : nil
    series = isDetailed ? answer.series : nil
  }
}
