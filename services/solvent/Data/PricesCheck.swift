// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import Economics
import Foundation
import Host
import Ledger
import Reporting
import ZeroMQ

extension Prices {
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a price book, and lists booked usage that has no price.",
      discussion: "With --prices the file is checked. Exit 65 when usage is unpriced.")

    @OptionGroup var cluster: ClusterOptions

    @Option(help: "A price book to check.")
    var prices: String?

    func run() async throws {
      try checkBook()
      if prices != nil { return }
      let query = CostQuery(by: [Dimension.provider, Dimension.model])
      try tellUnpriced(in: await cluster.ask(query.message()).costAnswer())
    }

    private func checkBook() throws {
      let book = try Prices.book(prices)
      let rates = book.entries.reduce(0) { $0 + $1.rates.count }
      Terminal.print(
        """
        ok    \(book.name) \(book.version): \(book.entries.count) models, \(rates) rates, each with \
        source and date
        """)
    }

    private func tellUnpriced(in answer: CostAnswer) throws {
      let unpriced = answer.rows.filter { $0.totals.hasUnpriced }
      for row in unpriced {
        let name = row.key.map { $0.isEmpty ? "(no name)" : $0 }.joined(separator: " ")
        let tokens = row.totals.tokens
        Terminal.print(
          """
          warn  \(name): \(Text.grouped(tokens.all - tokens.priced)) tokens and \
          \(Text.grouped(row.totals.unpriced(.images))) images have no price   \
          fix: add it to a book, docs/PRICES.md
          """)
      }
      guard unpriced.isEmpty else { throw Failure(ExitStatus.dataError, "") }
      Terminal.print("ok    everything that is booked has a price")
    }
  }
}
