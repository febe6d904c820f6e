// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import Economics
import Foundation
import Host
import Ledger
import Rendering
import Reporting
import ZeroMQ

extension Prices {
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a price book and lists booked usage without a price.",
      discussion: "With --prices, checks that file. Exits with 65 if usage is unpriced.")

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "A price book to check.")
    var prices: String?

    func run() async throws {
      let book = try Prices.book(prices)
      var usage: CostAnswer?
      if prices == nil {
        let query = CostQuery(by: [Dimension.provider, Dimension.model])
        usage = try await cluster.ask(query.message()).costAnswer()
      }
      let check = PriceCheckPrinter(book, usage: usage)
      check.print(on: output.page)
      if check.hasUnpriced { throw Failure(ExitStatus.dataError, "") }
    }
  }
}
