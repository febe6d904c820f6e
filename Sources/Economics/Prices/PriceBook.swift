// SPDX-License-Identifier: Apache-2.0

/// List prices, each with the time for which it holds, where it is from and when it was read there.
public struct PriceBook: Sendable, Hashable {
  /// One price list of a model for a span of time.
  public struct Rate: Sendable, Hashable {
    /// The first instant, on a bucket's border.
    public var from: TimeBucket
    /// The first instant after it; `nil` while it is in force.
    public var until: TimeBucket?
    /// The price of one unit of each meter.
    public var prices: [Meter: Money]
    /// Where the price is published: an address or a document.
    public var source: String
    /// The date on which the source was read.
    public var retrieved: String
    /// How the price is known; a list price is `reported`.
    public var evidence: Evidence
    /// A remark for people; empty if there is none.
    public var note: String

    public init(
      from: TimeBucket, until: TimeBucket? = nil, prices: [Meter: Money], source: String,
      retrieved: String, evidence: Evidence = .reported, note: String = ""
    ) {
      self.from = from
      self.until = until
      self.prices = prices
      self.source = source
      self.retrieved = retrieved
      self.evidence = evidence
      self.note = note
    }
  }

  /// A model with all its rates, past and present.
  public struct Entry: Sendable, Hashable {
    /// Who sells the model, as in ``Dimension/provider``.
    public var provider: String
    /// The model's name at the provider.
    public var model: String
    /// Other names under which logs list the model.
    public var aliases: [String]
    /// By time, without overlap.
    public var rates: [Rate]

    public init(provider: String, model: String, aliases: [String] = [], rates: [Rate]) {
      self.provider = provider
      self.model = model
      self.aliases = aliases
      self.rates = rates
    }
  }

  /// The book's name.
  public var name: String
  /// The book's version, usually a date.
  public var version: String
  /// ISO 4217 code of all prices in the book.
  public var currency: String
  /// Earlier entries win where two name the same model.
  public private(set) var entries: [Entry]
  /// Distinguishes this book from any other: SHA-256 of its text, set by its reader.
  public var digest: [UInt8]

  // Lower-case "provider\0name", and "\0name" for the first entry of any provider.
  private var index: [String: Int] = [:]

  /// A book whose entries are found by name and alias; the first entry of a name wins.
  public init(
    name: String, version: String, currency: String, entries: [Entry], digest: [UInt8]
  ) {
    self.name = name
    self.version = version
    self.currency = currency
    self.digest = digest
    self.entries = []
    append(entries)
  }

  private mutating func append(_ more: [Entry]) {
    for entry in more {
      for name in [entry.model] + entry.aliases {
        for provider in [entry.provider, ""] {
          let key = Self.key(provider, name)
          if index[key] == nil { index[key] = entries.count }
        }
      }
      entries.append(entry)
    }
  }

  /// This book with `other` behind it, for models that this one does not hold.
  public func over(_ other: PriceBook) -> PriceBook {
    var both = self
    both.append(other.entries)
    both.name = "\(name) over \(other.name)"
    both.version = "\(version), \(other.version)"
    both.digest = digest + other.digest
    return both
  }

  private static func key(_ provider: String, _ model: String) -> String {
    "\(provider.lowercased())\0\(model.lowercased())"
  }

  /// The entry of a model, found by its name or an alias, in any spelling of case. Without a
  /// provider the first entry of that name counts.
  public func entry(provider: String, model: String) -> Entry? {
    index[Self.key(provider, model)].map { entries[$0] }
  }

  /// The rates of a model in a span of buckets; without rates when it is unknown.
  public func card(
    provider: String, model: String, in span: ClosedRange<TimeBucket>
  ) -> RateCard {
    var card = RateCard(provider: provider, model: model, rates: [])
    guard let entry = entry(provider: provider, model: model) else { return card }
    for rate in entry.rates
    where rate.from <= span.upperBound && (rate.until.map { span.lowerBound < $0 } ?? true) {
      for (meter, price) in rate.prices.sorted(by: { $0.key < $1.key }) {
        card.rates.append(
          .init(
            from: rate.from, until: rate.until, meter: meter, price: price,
            evidence: rate.evidence))
      }
    }
    return card
  }

  /// The cards for every (provider, model) pair of a batch.
  public func cards(for table: SeriesTable, in span: ClosedRange<TimeBucket>) -> [RateCard] {
    var seen: Set<String> = []
    var cards: [RateCard] = []
    for series in 0..<table.count {
      let provider = table.value(of: Dimension.provider, in: series)
      let model = table.value(of: Dimension.model, in: series)
      guard seen.insert("\(provider)\0\(model)").inserted else { continue }
      let card = card(provider: provider, model: model, in: span)
      if !card.rates.isEmpty { cards.append(card) }
    }
    return cards.sorted { ($0.provider, $0.model) < ($1.provider, $1.model) }
  }
}
