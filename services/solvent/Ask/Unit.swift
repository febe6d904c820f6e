// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

struct Unit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Unit economics: cost, revenue and margin per request, million tokens, user, payer.")

  @OptionGroup var options: StatementOptions

  @Option(help: "Usage of this model only; revenue and other costs stay.")
  var model: String?

  func run() async throws {
    let material = try await options.material(model: model)
    let statement = try options.statement(material, material.period)
    var facts = Facts("solvent.unit/v1", currency: material.currency)
    let months = UInt64(statement.months)
    func perMonth(_ count: UInt64?) -> UInt64? { count.map { $0 * months } }
    facts.add(
      "period", "period",
      .words("\(material.period.lowerBound) to \(material.period.upperBound)"))
    facts.addUnpriced(statement)
    facts.add("requests", "requests", .count(statement.requests))
    facts.add("tokens", "tokens", .count(statement.tokens))
    for (key, label, amount) in [
      ("cost", "serving cost", statement.knowsServing ? statement.serving : nil),
      ("revenue", "revenue", statement.revenue),
      ("margin", "gross margin", statement.knowsServing ? statement.grossMargin : nil),
      (
        "contribution", "contribution margin",
        statement.knowsServing ? statement.contributionMargin : nil
      ),
    ] as [(String, String, Money?)] {
      facts.add(
        "\(key)_per_request", "\(label) a request",
        .money(amount.flatMap { Statement.each($0, statement.requests) }, decimals: 6))
      facts.add(
        "\(key)_per_million_tokens", "\(label) a million tokens",
        .money(amount.flatMap { $0.perMillion(of: statement.tokens) }, decimals: 4))
      facts.add(
        "\(key)_per_user", "\(label) a user and month",
        .money(amount.flatMap { Statement.each($0, perMonth(statement.users)) }, decimals: 4),
        key == "revenue" ? "ARPU" : "")
      facts.add(
        "\(key)_per_payer", "\(label) a payer and month",
        .money(amount.flatMap { Statement.each($0, perMonth(statement.payers)) }, decimals: 2),
        key == "revenue" ? "ARPPU" : "")
    }
    let conversion: Double? =
      if let users = statement.users, let payers = statement.payers, users > 0 {
        Double(payers) / Double(users)
      } else { nil }
    facts.add("conversion", "conversion", .percent(conversion), "payers of users")
    facts.add("churn", "churn a month", .percent(statement.churn), "payers lost of those before")
    facts.add("coverage", "coverage", .ratio(statement.coverage), "revenue over all costs")
    facts.add(
      "improvement", "model improvement", .money(statement.improvement, decimals: 0),
      "beside \(Facts.text(statement.serving, 0, material.currency)) of serving")
    facts.add("gross_burn", "gross burn a month", .money(statement.grossBurn, decimals: 0))
    facts.add("net_burn", "net burn a month", .money(statement.netBurn, decimals: 0))
    facts.add("runway", "runway", .months(statement.runwayMonths))
    facts.add(
      "break_even_requests", "break-even requests a month", .count(statement.breakEvenRequests),
      "where revenue covers all costs")
    facts.add(
      "break_even_price", "break-even price", .money(statement.breakEvenPrice, decimals: 2),
      "a payer and month")
    facts.print(options.output.format)
  }
}
