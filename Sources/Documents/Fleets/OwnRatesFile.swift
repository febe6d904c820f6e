// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Files that make what own hardware costs part of prices and books.
public enum OwnRatesFile {
  /// The name of the price book of own hardware.
  public static let name = "own-fleet"

  /// A price book with one model.
  public struct Rates: Sendable {
    public var provider: String
    public var model: String
    /// The day from which the rates hold, `2026-12-01`.
    public var from: String
    /// The day on which they were worked out.
    public var today: String
    /// US dollars per million input tokens.
    public var input: Double
    /// US dollars per million output tokens.
    public var output: Double
    public var source: String
    /// `measured`, `estimated` or `assumed`.
    public var evidence: String
    public var note: String

    public init(
      provider: String, model: String, from: String, today: String, input: Double, output: Double,
      source: String, evidence: String, note: String
    ) {
      self.provider = provider
      self.model = model
      self.from = from
      self.today = today
      self.input = input
      self.output = output
      self.source = source
      self.evidence = evidence
      self.note = note
    }
  }

  /// The price book as YAML, which `PriceBookFile` reads.
  public static func book(_ rates: Rates) -> String {
    """
    # Written by solvent fleet. To price usage of this provider and model with it:
    # solvent ingest LOG.csv --prices THIS_FILE
    book: \(name)
    version: \(rates.today)
    currency: USD
    models:
      - provider: \(quoted(rates.provider))
        model: \(quoted(rates.model))
        rates:
          - from: \(rates.from)
            per_million_tokens: {input: \(decimal(rates.input, 9)), output: \(decimal(rates.output, 9))}
            source: \(quoted(rates.source))
            retrieved: \(rates.today)
            evidence: \(rates.evidence)
            note: \(quoted(rates.note))

    """
  }

  /// GPU time that was paid for and idle, as books, which `BooksFile` reads. Usage at the rates of
  /// ``book(_:)`` and this entry come to what was paid, to about a millionth.
  /// - Parameter dollars: to a millionth.
  public static func idleEntry(
    _ dollars: Double, day: String, evidence: String, note: String
  ) -> String {
    """
    # GPU time that was paid for and idle: solvent book THIS_FILE
    books: own fleet
    currency: USD
    source: metered GPU-hours and vLLM's counters
    entries:
      - {date: \(day), cost: \(decimal(dollars, 6)), account: hosting, evidence: \(evidence), note: \(quoted(note))}

    """
  }

  /// Without zeros at the end.
  static func decimal(_ value: Double, _ decimals: Int) -> String {
    var text = String(format: "%.\(decimals)f", value)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''") + "'"
  }
}
