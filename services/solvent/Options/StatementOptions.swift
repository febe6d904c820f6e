// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import Economics
import Foundation
import Host
import Rendering
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
        throw ValidationError("'\(text)' is not a month such as 2023-07")
      }
    }
  }

  /// The question for a statement.
  func query(_ kind: StatementQuery.Kind, model: String? = nil, burnMonths: Int = 3)
    -> StatementQuery
  {
    StatementQuery(
      kind, since: since.flatMap { Month($0) }, until: until.flatMap { Month($0) }, zone: zone,
      product: product, customer: customer, model: model, burnMonths: burnMonths)
  }

  /// Asks the report service for a statement.
  func answer(_ query: StatementQuery) async throws -> StatementAnswer {
    try await cluster.ask(SharedMessage(encoding: ReportRequest.statement(query)))
      .decode(StatementAnswer.self)
  }

  /// What the books hold, for a scenario.
  func material() async throws -> StatementMaterial {
    let query = query(.unitEconomics)
    let books = try await cluster.ask(SharedMessage(encoding: ReportRequest.books))
      .decode(BooksBatch.self)
    var filters: [String: String] = [:]
    filters[Dimension.product] = product
    filters[Dimension.customer] = customer
    func ask(_ by: String, _ filters: [String: String]) async throws -> CostAnswer {
      try await cluster.ask(CostQuery(by: [by], zone: zone, filters: filters).message())
        .costAnswer()
    }
    return try await StatementMaterial(
      query, books: books, usage: ask("month", filters), allUsage: ask("month", [:]),
      providers: ask(Dimension.provider, [:]))
  }

  /// Asks, and writes the answer.
  func show(_ query: StatementQuery) async throws {
    StatementPrinter(try await answer(query)).print(on: output.page)
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
