// SPDX-License-Identifier: Apache-2.0

import Reporting

/// Follows cost topics: decodes what a subscriber receives and keeps the rows.
struct CostFollower {
  private var state = CostStreamRows()

  var ledger: Int64 { state.ledger }
  var currency: String { state.currency }
  func rows(of topic: String) -> [CostUpdate.Row] { state.rows(of: topic) }

  var total: CostTotals { state.total }

  /// Takes an update.
  /// - Returns: the rows that changed, or all of a snapshot, and the ledger's total.
  mutating func take(
    _ update: CostUpdate, isSnapshot: Bool
  ) -> CostUpdate {
    var shown = update
    let changed = state.take(update, isSnapshot: isSnapshot)
    if !isSnapshot { shown.rows = changed }
    return shown
  }
}
