// SPDX-License-Identifier: Apache-2.0

import Economics
public import Reporting

/// What a stream says, a line of JSON for each update.
public struct CostUpdatePrinter {
  private let topic: String

  public init(topic: String) { self.topic = topic }

  /// `solvent.cost-update/v1`
  private struct UpdateJSON: Encodable {
    var topic: String
    var ledger: Int64
    /// Whether the rows are all of the topic, not the changed ones.
    var snapshot: Bool
    /// Whether everything that was there when we joined has been shown.
    var caughtUp: Bool
    /// Absent as long as nothing is booked.
    var currency: String?
    var rows: [RowJSON]
    var total: TotalsJSON
  }

  private struct RowJSON: Encodable {
    var time: String
    var name: String
    var requests: UInt64
    var inputTokens: UInt64
    var outputTokens: UInt64
    /// Absent where nothing of it has a price.
    var cost: String?
    var unpriced: Bool

    init(_ row: CostUpdate.Row) {
      let totals = TotalsJSON(row.totals)
      time = Instant.text(row.time)
      name = row.name
      requests = totals.requests
      inputTokens = totals.inputTokens
      outputTokens = totals.outputTokens
      cost = totals.cost
      unpriced = totals.unpriced
    }
  }

  private struct TotalsJSON: Encodable {
    var requests: UInt64
    var inputTokens: UInt64
    var outputTokens: UInt64
    var cost: String?
    var unpriced: Bool

    init(_ totals: CostTotals) {
      requests = totals.quantity(.requests)
      inputTokens = totals.quantity(.inputTokens)
      outputTokens = totals.quantity(.outputTokens)
      cost = totals.hasPriced ? totals.cost.decimal : nil
      unpriced = totals.hasUnpriced
    }
  }

  /// Prints an update, or what is known when everything was shown.
  /// - Parameters:
  ///   - isSnapshot: the update's rows are all of the topic.
  ///   - isCaughtUp: what was there when the subscriber joined has been shown.
  public func print(
    _ update: CostUpdate, isSnapshot: Bool, isCaughtUp: Bool, on page: Page
  ) {
    page.json(
      "solvent.cost-update/v1",
      UpdateJSON(
        topic: topic, ledger: update.ledger, snapshot: isSnapshot, caughtUp: isCaughtUp,
        currency: update.currency.isEmpty ? nil : update.currency,
        rows: update.rows.map { RowJSON($0) }, total: TotalsJSON(update.total)))
  }
}
