// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Ledger
import Reporting
import ZeroMQ

extension Prices {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists prices with the time for which they hold and where they are from.")

    @OptionGroup var output: OutputOptions

    @Option(help: "A price book of your own instead of the shipped one.")
    var prices: String?

    @Option(help: "Only models whose name or alias contains this.")
    var model: String?

    @Option(help: "Only this provider.")
    var provider: String?

    @Flag(help: "Past prices too.")
    var history = false

    func run() async throws {
      let book = try Prices.book(prices)
      let now = TimeBucket(containing: Int64(Date().timeIntervalSince1970 * 1_000))
      var rows: [(PriceBook.Entry, PriceBook.Rate)] = []
      for entry in book.entries where matches(entry) {
        for rate in entry.rates where history || (rate.until.map { now < $0 } ?? true) {
          rows.append((entry, rate))
        }
      }
      print(book, rows)
    }

    private func matches(_ entry: PriceBook.Entry) -> Bool {
      if let provider, entry.provider != provider { return false }
      guard let model = model?.lowercased() else { return true }
      return ([entry.model] + entry.aliases).contains { $0.lowercased().contains(model) }
    }

    private func print(_ book: PriceBook, _ rows: [(PriceBook.Entry, PriceBook.Rate)]) {
      func price(_ rate: PriceBook.Rate, _ meter: Meter) -> String {
        guard let price = rate.prices[meter] else { return "" }
        let shown = meter.countsTokens ? Money(quanta: price.quanta * 1_000_000) : price
        return shown.decimal
      }
      let names = [
        "provider", "model", "from", "until", "input", "cached_input", "output", "image",
        "evidence", "retrieved", "source",
      ]
      let cells = rows.map { entry, rate in
        [
          entry.provider, entry.model, String(Instant.text(rate.from.start).prefix(10)),
          rate.until.map { String(Instant.text($0.start).prefix(10)) } ?? "",
          price(rate, .inputTokens), price(rate, .cachedInputTokens), price(rate, .outputTokens),
          price(rate, .images), rate.evidence.name, rate.retrieved, rate.source,
        ]
      }
      switch output.format {
      case .csv:
        Terminal.print(names.joined(separator: ","))
        for row in cells { Terminal.print(row.map(CSVText.cell).joined(separator: ",")) }
      case .json:
        Terminal.print(
          JSONText.object([
            ("schema", .string("solvent.prices/v1")), ("book", .string(book.name)),
            ("version", .string(book.version)), ("currency", .string(book.currency)),
            (
              "rates",
              .array(cells.map { row in .object(zip(names, row).map { ($0, .string($1)) }) })
            ),
          ]).text)
      case .table, .md:
        let ranks = [0, 0, 2, 5, 0, 1, 0, 1, 4, 3, 6]
        var table = Table(
          columns: zip(names, ranks).map {
            .init(
              title: $0.uppercased(), isNumber: (4...7).contains(names.firstIndex(of: $0) ?? 0),
              rank: $1)
          })
        table.rows = cells
        table.print(as: output.format)
        Terminal.print(
          Terminal.dim(
            "\(book.name) \(book.version) · \(book.currency) per million tokens or per image"))
      }
    }
  }
}
