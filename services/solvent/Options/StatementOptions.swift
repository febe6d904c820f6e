// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import Economics
import Foundation
import Host
import Reporting
import ZeroMQ

/// Which part of the books a statement is about.
struct StatementOptions: ParsableArguments {
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "First month: 2023-01.")
  var since: String?

  @Option(help: "Last month: 2023-07.")
  var until: String?

  @Option(help: "IANA time zone in which months of usage begin.")
  var zone = "UTC"

  @Option(help: "Only this product.")
  var product: String?

  @Option(help: "Only this customer.")
  var customer: String?

  func validate() throws {
    for text in [since, until].compactMap({ $0 }) {
      guard Month(text) != nil else {
        throw ValidationError("'\(text)' is no month such as 2023-07")
      }
    }
  }

  struct Material {
    var books: BooksBatch
    var usage: [(month: Month, totals: CostTotals)]
    /// Of the whole company, whatever the statement is about.
    var allUsage: [(month: Month, totals: CostTotals)]
    var currency: String
    var period: ClosedRange<Month>
  }

  /// Books and usage by month, and the period asked for; by default all of it.
  func material(model: String? = nil) async throws -> Material {
    let books = try await cluster.ask(SharedMessage(encoding: ReportRequest.books))
      .decode(BooksBatch.self)
    var query = CostQuery(by: ["month"], zone: zone)
    query.filters[Dimension.product] = product
    query.filters[Dimension.customer] = customer
    query.filters[Dimension.model] = model
    let answer = try await cluster.ask(query.message()).costAnswer()
    func byMonth(_ answer: CostAnswer) -> [(month: Month, totals: CostTotals)] {
      answer.rows.compactMap { row in Month(row.key[0]).map { ($0, row.totals) } }
    }
    let usage = byMonth(answer)
    let allUsage =
      query.filters.isEmpty
      ? usage
      : byMonth(try await cluster.ask(CostQuery(by: ["month"], zone: zone).message()).costAnswer())
    guard let span = Statement.span(books, allUsage) else {
      throw Failure(
        ExitStatus.failed,
        "the books are empty; fill them with: solvent book FILE, solvent ingest LOG")
    }
    let first = since.flatMap { Month($0) } ?? span.lowerBound
    let last = until.flatMap { Month($0) } ?? span.upperBound
    guard first <= last else { throw ValidationError("--since is after --until") }
    return Material(
      books: books, usage: usage, allUsage: allUsage,
      currency: books.currency.isEmpty ? answer.currency ?? "USD" : books.currency,
      period: first...last)
  }

  /// Who funds, who supplies, who owns.
  func independence(_ material: Material) async throws -> Independence {
    let providers = try await cluster.ask(CostQuery(by: [Dimension.provider]).message())
      .costAnswer()
    return try Independence(
      material.books,
      usageByProvider: providers.rows.map { ($0.key[0], $0.totals.cost) })
  }

  func statement(_ material: Material, _ period: ClosedRange<Month>) throws -> Statement {
    try Statement(
      material.books, usage: material.usage, allUsage: material.allUsage, in: period,
      product: product, customer: customer)
  }
}

extension ClusterOptions {
  /// Asks a service that only this command needs.
  func ask(_ question: SharedMessage, of service: String) async throws -> SharedMessage {
    let client = try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()), release: solventRelease,
      services: [service],
      logger: Self.quietLogger)
    do {
      let answer = try await client.ask(service, question)
      await client.close()
      return answer
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
  }
}
