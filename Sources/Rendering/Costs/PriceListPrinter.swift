// SPDX-License-Identifier: Apache-2.0

public import Economics

/// The rates of a price book, with the time for which they hold and where they are from.
public struct PriceListPrinter {
  private let book: PriceBook
  private let rates: [(entry: PriceBook.Entry, rate: PriceBook.Rate)]

  public init(_ book: PriceBook, rates: [(entry: PriceBook.Entry, rate: PriceBook.Rate)]) {
    self.book = book
    self.rates = rates
  }

  private static let names = [
    "provider", "model", "from", "until", "input", "cached_input", "output", "image",
    "evidence", "retrieved", "source",
  ]
  /// The columns that hold prices.
  private static let priceColumns = 4...7
  private static let ranks = [0, 0, 2, 5, 0, 1, 0, 1, 4, 3, 6]

  private var cells: [[String]] {
    rates.map { entry, rate in
      [
        entry.provider, entry.model, Self.date(rate.from), rate.until.map(Self.date) ?? "",
        Self.price(rate, .inputTokens), Self.price(rate, .cachedInputTokens),
        Self.price(rate, .outputTokens), Self.price(rate, .images), rate.evidence.name,
        rate.retrieved, rate.source,
      ]
    }
  }

  private static func date(_ bucket: TimeBucket) -> String {
    String(Instant.text(bucket.start).prefix(10))
  }

  /// What a price is called that no amount can hold a million times; files cannot say one.
  private static let tooLarge = "too large"

  /// Per million tokens, or per image.
  private static func price(_ rate: PriceBook.Rate, _ meter: Meter) -> String {
    guard let price = rate.prices[meter] else { return "" }
    guard meter.countsTokens else { return price.decimal }
    return (try? price.times(1_000_000))?.decimal ?? tooLarge
  }

  public func print(on page: Page) {
    switch page.format {
    case .csv:
      page.csv(Self.names)
      for row in cells { page.csv(row) }
    case .json:
      page.json("solvent.prices/v1", json)
    case .table, .md:
      var table = Table(
        columns: Self.names.indices.map {
          .init(
            title: Self.names[$0].uppercased(), isNumber: Self.priceColumns.contains($0),
            rank: Self.ranks[$0])
        })
      table.rows = cells
      table.print(on: page)
      page.line(
        page.dim("\(book.name) \(book.version) · \(book.currency) per million tokens or per image"))
    }
  }

  /// `solvent.prices/v1`
  private struct ListJSON: Encodable {
    var book: String
    var version: String
    var currency: String
    var rates: [[String: JSON.Value]]
  }

  private var json: ListJSON {
    ListJSON(
      book: book.name, version: book.version, currency: book.currency,
      rates: cells.map { row in
        let fields = zip(Self.names, row).map { name, cell in
          (name, cell.isEmpty || cell == Self.tooLarge ? JSON.Value.null : .text(cell))
        }
        return Dictionary(fields, uniquingKeysWith: { $1 })
      })
  }
}
