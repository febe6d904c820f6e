// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Host
import Reporting
import ZeroMQ

struct Balance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The balance sheet: what is there, what is owed, whose it is.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    guard options.product == nil, options.customer == nil else {
      throw ValidationError("a balance sheet is of the whole company: no --product, no --customer")
    }
    let material = try await options.material()
    let last = material.period.upperBound
    var usage = CostTotals()
    for (month, totals) in material.allUsage where month <= last { try usage.add(totals) }
    let sheet = try BalanceSheet(
      material.books.entries.filter { Month(day: $0.day) <= last }, usage: usage.cost)
    var facts = Facts("solvent.balance/v1", currency: material.currency)
    facts.add("at", "at the end of", .words(last.description))
    if usage.hasUnpriced {
      facts.add("unpriced", "unpriced", .words("some usage"), "liabilities are at least this")
    }
    facts.add("assets", "assets", .money(sheet.assets, decimals: 2))
    facts.add("liabilities", "liabilities", .money(sheet.liabilities, decimals: 2))
    facts.add("retained", "retained earnings", .money(sheet.retained, decimals: 2))
    facts.add("equity", "equity", .money(sheet.equity, decimals: 2))
    facts.add("difference", "difference", .money(sheet.difference, decimals: 2), "0 in good books")
    facts.print(options.output.format)
    guard sheet.difference == .zero else {
      throw Failure(ExitStatus.storage, "the books do not balance")
    }
  }
}
