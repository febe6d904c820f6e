// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Ledger
import Rendering
import Reporting
import ZeroMQ

extension Prices {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists prices with their period of validity and source.")

    @OptionGroup var output: OutputOptions

    @Option(help: "Your own price book instead of the built-in one.")
    var prices: String?

    @Option(help: "Only models whose name or alias contains this text.")
    var model: String?

    @Option(help: "Only this provider.")
    var provider: String?

    @Flag(help: "Include past prices.")
    var history = false

    func run() async throws {
      let book = try Prices.book(prices)
      let now = TimeBucket(nearest: Int64(Date().timeIntervalSince1970 * 1_000))
      var rates: [(entry: PriceBook.Entry, rate: PriceBook.Rate)] = []
      for entry in book.entries where matches(entry) {
        for rate in entry.rates where history || (rate.until.map { now < $0 } ?? true) {
          rates.append((entry, rate))
        }
      }
      PriceListPrinter(book, rates: rates).print(on: output.page)
    }

    private func matches(_ entry: PriceBook.Entry) -> Bool {
      if let provider, entry.provider != provider { return false }
      guard let model = model?.lowercased() else { return true }
      return ([entry.model] + entry.aliases).contains { $0.lowercased().contains(model) }
    }
  }
}
