// SPDX-License-Identifier: Apache-2.0

import Economics
public import Reporting

/// Rows of a stream as they change, a line of JSON each.
public struct CostUpdatePrinter {
  private let topic: String
  private let ledger: Int64
  private let currency: String

  /// - Parameters:
  ///   - ledger: the last batch that the rows contain.
  ///   - currency: ISO 4217; of the rows' amounts.
  public init(topic: String, ledger: Int64, currency: String) {
    self.topic = topic
    self.ledger = ledger
    self.currency = currency
  }

  /// `solvent.cost-update/v1`
  private struct UpdateJSON: Encodable {
    var topic: String
    var ledger: Int64
    var time: String
    var name: String
    var requests: UInt64
    var inputTokens: UInt64
    var outputTokens: UInt64
    /// Absent where nothing of it has a price.
    var cost: String?
    var currency: String
    var unpriced: Bool
  }

  public func print(_ rows: [CostUpdate.Row], on page: Page) {
    for row in rows {
      let totals = row.totals
      page.json(
        "solvent.cost-update/v1",
        UpdateJSON(
          topic: topic, ledger: ledger, time: Instant.text(row.time), name: row.name,
          requests: totals.quantity(.requests), inputTokens: totals.quantity(.inputTokens),
          outputTokens: totals.quantity(.outputTokens),
          cost: totals.hasPriced ? totals.cost.decimal : nil, currency: currency,
          unpriced: totals.hasUnpriced))
    }
  }
}
