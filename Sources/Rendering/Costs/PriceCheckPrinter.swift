// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Reporting

/// What a price book holds, and what of the booked usage has no price in it.
public struct PriceCheckPrinter {
  private let book: PriceBook
  private let unpriced: [CostAnswer.Row]?

  /// - Parameter usage: by provider and model; `nil` where only the book was checked.
  public init(_ book: PriceBook, usage: CostAnswer?) {
    self.book = book
    unpriced = usage.map { $0.rows.filter { $0.totals.hasUnpriced } }
  }

  /// Whether some booked usage has no price.
  public var hasUnpriced: Bool { unpriced?.isEmpty == false }

  private var rateCount: Int { book.entries.reduce(0) { $0 + $1.rates.count } }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.price-check/v1", json)
    case .csv:
      page.csv(["provider", "model", "unpriced_tokens", "unpriced_images", "unpriced_requests"])
      for row in unpriced ?? [] {
        let counts = Self.counts(row)
        page.csv(row.key + ["\(counts.tokens)", "\(counts.images)", "\(counts.requests)"])
      }
    case .table, .md: printLines(on: page)
    }
  }

  private static func counts(
    _ row: CostAnswer.Row
  ) -> (tokens: UInt64, images: UInt64, requests: UInt64) {
    let tokens = row.totals.tokens
    return (
      tokens.all - tokens.priced, row.totals.unpriced(.images), row.totals.unpriced(.requests)
    )
  }

  private func printLines(on page: Page) {
    page.line(
      """
      ok    \(book.name) \(book.version): \(Text.counted(book.entries.count, "model")), \
      \(Text.counted(rateCount, "rate")), each with source and date
      """)
    guard let unpriced else { return }
    for row in unpriced {
      let name = row.key.map { $0.isEmpty ? "(no name)" : $0 }.joined(separator: " ")
      let counts = Self.counts(row)
      page.line(
        """
        warn  \(name): \(Text.grouped(counts.tokens)) tokens, \(Text.grouped(counts.images)) images \
        and \(Text.grouped(counts.requests)) requests are unpriced   fix: add rates to a price book, \
        docs/PRICES.md
        """)
    }
    if unpriced.isEmpty { page.line("ok    all booked usage has a price") }
  }

  /// `solvent.price-check/v1`
  private struct CheckJSON: Encodable {
    struct Unpriced: Encodable {
      var provider: String
      var model: String
      var tokens: UInt64
      var images: UInt64
      var requests: UInt64
    }

    var book: String
    var version: String
    var currency: String
    var models: Int
    var rates: Int
    var unpriced: [Unpriced]?
  }

  private var json: CheckJSON {
    CheckJSON(
      book: book.name, version: book.version, currency: book.currency,
      models: book.entries.count, rates: rateCount,
      unpriced: unpriced?.map { row in
        let counts = Self.counts(row)
        return .init(
          provider: row.key[0], model: row.key[1], tokens: counts.tokens, images: counts.images,
          requests: counts.requests)
      })
  }
}
