// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CBOR
import Cluster
import ClusterAPI
import Documents
import Economics
import Foundation
import Host
import Pricing
import Rendering
import Reporting
import Usage
import ZeroMQ

struct Cost: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Adds up usage and its cost.",
    discussion: """
      Answered from the ledger of the running cluster or, with FILE, computed here from logs without \
      a cluster. Usage without a price is listed as unpriced, never as 0.
      """)

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var reading: ReadingArguments
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Columns, separated by commas: bucket, hour, day, week, month, meter, source, "
        + "provider, model, "
        + "product, customer, team, operation, or any tag.", valueName: "columns"))
  var by: String = "model"

  @Option(help: "Start: 7d, 12h, 2023-08-01 or a time with a zone.")
  var since: String?

  @Option(help: "End (exclusive), in the same forms.")
  var until: String?

  @Option(help: "Time zone in which days begin (IANA name).")
  var zone = "UTC"

  @Option(
    name: .customLong("where"), parsing: .singleValue,
    help: ArgumentHelp("Only rows with this value: product=chat.", valueName: "name=value"))
  var filters: [String] = []

  @Flag(help: "Exit with 65 if any usage is unpriced.")
  var strict = false

  @Argument(
    help: "Logs to compute from, without a cluster; - is standard input.", completion: .file())
  var files: [String] = []

  func run() async throws {
    let query = try query()
    let answer =
      files.isEmpty ? try await cluster.ask(query.message()).costAnswer() : try compute(query)
    CostPrinter(answer, zone: zone).print(on: output.page)
    if strict && answer.total.hasUnpriced {
      throw Failure(ExitStatus.dataError, "some usage is unpriced; see: solvent prices check")
    }
  }

  private func query() throws -> CostQuery {
    var query = CostQuery(
      by: by.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }, zone: zone)
    guard Set(query.by).count == query.by.count else {
      throw ValidationError("--by names a column twice: \(by)")
    }
    query.since = try since.map { try TimeArgument.milliseconds($0, zone: zone) }
    query.until = try until.map { try TimeArgument.milliseconds($0, zone: zone) }
    for filter in filters {
      let parts = filter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw ValidationError("--where needs name=value, not '\(filter)'")
      }
      guard query.filters.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
        throw ValidationError("--where names '\(parts[0])' twice; give it once")
      }
    }
    do {
      _ = try CostSum(query)
    } catch let error as QueryError {
      throw ValidationError(error.description)
    }
    return query
  }

  /// The same reading, pricing and adding as in the cluster, in this process.
  private func compute(_ query: CostQuery) throws -> CostAnswer {
    let options = try reading.options()
    let book = try options.priceBook()
    var sum = try CostSum(query)
    var quarantined = 0
    let ids = IDIndex()
    for file in files {
      do {
        quarantined += try compute(file, options, book, ids, &sum)
      } catch let error as FileProblem {
        throw Failure(ExitStatus.refused, error.description)
      } catch let error as ReadError {
        throw Failure(ExitStatus.refused, error.description)
      }
    }
    if quarantined > 0 {
      Terminal.note(
        "\(Text.grouped(quarantined)) row\(quarantined == 1 ? " was" : "s were") left out; "
          + "solvent ingest gives the reasons")
    }
    return sum.answer(currency: book.currency)
  }

  private func compute(
    _ file: String, _ options: ReadingOptions, _ book: PriceBook, _ ids: IDIndex,
    _ sum: inout CostSum
  ) throws -> Int {
    let reader = try UsageReader(
      path: file, source: options.source, batchRows: options.batchRows, ids: ids,
      now: Int64(Date().timeIntervalSince1970 * 1_000)
    ) { try options.mapping(for: $0, file: file) }
    let bar = ProgressBar(file, quiet: false)
    defer { bar.finish() }
    var quarantined = 0
    while let piece = try reader.next() {
      quarantined += piece.quarantined.count
      let job = try PricingJob(piece, source: reader.source, stream: [], book: book)
      try sum.add(Costing.price(job), seriesBase: 0)
      let (consumed, size) = reader.progress
      bar.update(
        permille: size.map { $0 > 0 ? Int(consumed * 1_000 / $0) : 0 } ?? 0,
        "\(Text.grouped(reader.totalRows)) rows")
    }
    return quarantined
  }
}
