// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

struct RunwayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runway",
    abstract: "How long does the money last at the present burn, with and without funding?",
    discussion: """
      A division, not a forecast: nothing grows or shrinks in it. How likely ruin is, is simulated:
      solvent scenario new > mine.yaml; solvent scenario run mine.yaml
      """)

  @OptionGroup var options: StatementOptions

  @Option(help: "Months over which burn is averaged.")
  var over = 3

  func validate() throws {
    guard (1...120).contains(over) else { throw ValidationError("--over is 1 to 120") }
  }

  func run() async throws {
    let material = try await options.material()
    let last = material.period.upperBound
    let window = max(material.period.lowerBound, last.advanced(by: 1 - over))...last
    let first = material.firstFlow(in: window)
    let statement = try options.statement(material, first...last)
    var unfunded = material
    unfunded.books.entries.removeAll { entry in
      entry.lines.contains { $0.account == .capital }
    }
    let without = try options.statement(unfunded, first...last)
    var facts = Facts("solvent.runway/v1", currency: material.currency)
    facts.add("burn_over", "burn over", .words("\(first) to \(last)"))
    facts.addUnpriced(statement)
    facts.add("gross_burn", "gross burn a month", .money(statement.grossBurn, decimals: 0))
    facts.add("net_burn", "net burn a month", .money(statement.netBurn, decimals: 0))
    facts.add("cash", "cash", .money(statement.hasCash ? statement.cash : nil, decimals: 0))
    facts.add("payable", "owed for usage", .money(statement.payable, decimals: 0))
    facts.add("runway", "runway with funding", .months(statement.runwayMonths))
    facts.add("runway_without", "runway without funding", .months(without.runwayMonths))
    facts.add(try await options.independence(material))
    if statement.netBurn == nil {
      facts.add("note", "", .words("revenue covers all costs: nothing is burnt"))
    }
    facts.print(options.output.format)
  }
}
