// SPDX-License-Identifier: Apache-2.0

import Cluster
import Reporting

/// Follows cost topics: decodes what a subscriber receives and keeps the rows.
struct CostFollower {
  private var state = CostStreamRows()

  var ledger: Int64 { state.ledger }
  var currency: String { state.currency }
  func rows(of topic: String) -> [CostUpdate.Row] { state.rows(of: topic) }

  /// - Returns: the rows that changed.
  mutating func take(_ update: SubscriberNode.Update) throws -> [CostUpdate.Row] {
    switch update {
    case .replace(_, _, let payload):
      state.take(try payload.decode(CostUpdate.self), isSnapshot: true)
    case .apply(_, _, let payload):
      state.take(try payload.decode(CostUpdate.self), isSnapshot: false)
    }
  }
}
