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

  @Option(help: "Time zone in which months of usage begin (IANA name).")
  var zone = "UTC"

  @Option(help: "Only this product.")
  var product: String?

  @Option(help: "Only this customer.")
  var customer: String?

  func validate() throws {
    for text in [since, until].compactMap({ $0 }) {
      guard Month(text) != nil else {
        throw ValidationError("'\(text)' is not a valid month; write 2023-07")
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

  /// Asks the report service for a scenario from the books.
  func draft(name: String, over months: Int) async throws -> DraftAnswer {
    let query = DraftQuery(name: name, books: query(.unitEconomics, burnMonths: months))
    return try await cluster.ask(SharedMessage(encoding: ReportRequest.draft(query)))
      .decode(DraftAnswer.self)
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
