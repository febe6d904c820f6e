// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Economics

/// Reads price book files (YAML, and JSON, which is YAML too); the format is in `docs/PRICES.md`.
///
/// ```swift
/// let mine = try PriceBookFile.read(text, file: "prices.yaml")
/// let book = mine.over(try PriceBookFile.shipped())
/// let entry = book.entry(provider: "openai", model: "GPT-4")  // mine: the case does not matter
/// ```
/// The example is compiled in `Tests/ExampleTests/DocumentsExamples.swift`.
public enum PriceBookFile {
  /// The book that comes with the program.
  /// - Throws: ``FileProblem`` for a mistake in what ships, which tests rule out.
  public static func shipped() throws(FileProblem) -> PriceBook {
    try read(
      String(decoding: PackageResources.prices_yaml, as: UTF8.self), file: "built-in price book")
  }

  /// The book in a file's text.
  /// - Throws: ``FileProblem`` with line, key and remedy.
  public static func read(_ text: String, file: String) throws(FileProblem) -> PriceBook {
    let root = try StrictYAML(text, file: file)
    let map = try root.map(["book", "version", "currency", "models"])
    var entries: [PriceBook.Entry] = []
    var names: [String: String] = [:]
    for item in try root.require("models", in: map).items() {
      let entry = try entry(item)
      for name in [entry.model] + entry.aliases {
        let key = "\(entry.provider) \(name)".lowercased()
        if let earlier = names.updateValue(item.path, forKey: key) {
          throw item.problem("'\(name)' of \(entry.provider) is already in \(earlier)")
        }
      }
      entries.append(entry)
    }
    let currency = try root.require("currency", in: map).text()
    guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
      throw root.problem("'\(currency)' is not a valid ISO 4217 code; write USD")
    }
    return PriceBook(
      name: try root.require("book", in: map).text(),
      version: try root.require("version", in: map).text(), currency: currency, entries: entries,
      digest: Array(SHA256.hash(data: Array(text.utf8))))
  }

  private static func entry(_ yaml: StrictYAML) throws(FileProblem) -> PriceBook.Entry {
    let map = try yaml.map(["provider", "model", "aliases", "rates"])
    var entry = PriceBook.Entry(
      provider: try yaml.require("provider", in: map).text(),
      model: try yaml.require("model", in: map).text(), rates: [])
    for alias in try map["aliases"]?.items() ?? [] { entry.aliases.append(try alias.text()) }
    let rates = try yaml.require("rates", in: map)
    for item in try rates.items() { entry.rates.append(try rate(item)) }
    entry.rates.sort { $0.from < $1.from }
    for (index, rate) in entry.rates.enumerated() {
      if let until = rate.until, until <= rate.from {
        throw rates.problem("'until' must come after 'from'")
      }
      guard index + 1 < entry.rates.count else { continue }
      let next = entry.rates[index + 1].from
      guard rate.from < next, rate.until.map({ $0 <= next }) ?? true else {
        throw rates.problem(
          "the rates from \(Instant.text(rate.from.start)) and \(Instant.text(next.start)) overlap")
      }
      // A rate without an end is in force until the next one.
      if rate.until == nil { entry.rates[index].until = next }
    }
    return entry
  }

  private static func rate(_ yaml: StrictYAML) throws(FileProblem) -> PriceBook.Rate {
    let map = try yaml.map([
      "from", "until", "per_million_tokens", "per_image", "per_request", "source", "retrieved",
      "confidence", "evidence", "note",
    ])
    var rate = PriceBook.Rate(
      from: try yaml.require("from", in: map).bucket(), until: try map["until"]?.bucket(),
      prices: [:], source: try yaml.require("source", in: map).text(),
      retrieved: try yaml.require("retrieved", in: map).text(),
      evidence: try evidence(map), note: try map["note"]?.text() ?? "")
    if let tokens = map["per_million_tokens"] {
      let meters: [String: Meter] = [
        "input": .inputTokens, "cached_input": .cachedInputTokens, "output": .outputTokens,
      ]
      for (name, price) in try tokens.map(meters.keys.sorted()) {
        guard let meter = meters[name] else { continue }
        rate.prices[meter] = try price.money(perMillion: true)
      }
    }
    if let image = map["per_image"] { rate.prices[.images] = try image.money() }
    if let request = map["per_request"] { rate.prices[.requests] = try request.money() }
    guard !rate.prices.isEmpty else { throw yaml.problem("a rate needs a price") }
    for (_, price) in rate.prices where price < .zero {
      throw yaml.problem("a price cannot be negative")
    }
    return rate
  }

  private static func evidence(_ map: [String: StrictYAML]) throws(FileProblem) -> Evidence {
    if let confidence = map["confidence"] {
      guard try confidence.text() == "recalled" else {
        throw confidence.problem("expected 'recalled'")
      }
      return .estimated
    }
    guard let text = map["evidence"] else { return .reported }
    guard let known = Evidence(name: try text.text()) else {
      throw text.problem("expected measured, reported, estimated or assumed")
    }
    return known
  }
}
