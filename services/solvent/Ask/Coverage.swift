// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

struct Coverage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Does revenue cover the cost, and on whom does the company depend?")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let material = try await options.material()
    let statement = try options.statement(material, material.period)
    let independence = try await options.independence(material)
    var facts = Facts("solvent.coverage/v1", currency: material.currency)
    facts.addUnpriced(statement)
    facts.add("revenue", "revenue", .money(statement.revenue, decimals: 0))
    facts.add("costs", "all costs", .money(statement.costs, decimals: 0))
    facts.add("coverage", "coverage", .ratio(statement.coverage), "revenue over all costs")
    facts.add(
      "serving_coverage", "coverage of serving", .ratio(statement.servingCoverage),
      "revenue over usage and hosting")
    facts.add("gross_margin", "gross margin", .percent(statement.grossMarginRatio))
    facts.add("improvement", "model improvement", .money(statement.improvement, decimals: 0))
    for (index, deal) in independence.deals.enumerated() {
      let terms = deal.entry.terms
      let words = [
        terms?.stake.map { "stake \(Self.percent($0))" },
        terms?.profitShare.map { "profit share \(Self.percent($0))" },
        deal.outstanding.map {
          "\(Facts.text($0, 0, material.currency)) of it outstanding"
        },
        deal.entry.evidence.name,
      ].compactMap { $0 }.joined(separator: ", ")
      facts.add(
        "deal_\(index + 1)",
        "funding \(Instant.date(day: deal.entry.day)) \(deal.entry.counterparty)",
        .money(deal.amount, decimals: 0), words)
    }
    facts.add(independence)
    facts.print(options.output.format)
  }

  private static func percent(_ millionths: Int) -> String {
    String(format: "%.1f %%", Double(millionths) / 10_000)
  }
}
