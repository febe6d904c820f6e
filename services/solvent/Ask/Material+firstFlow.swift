// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting

extension StatementOptions.Material {
  /// The first month of a period in which anything was earned or spent: empty months at the start
  /// are not months without burn.
  func firstFlow(in period: ClosedRange<Month>) -> Month {
    let flows =
      books.entries.filter { entry in
        entry.lines.contains { $0.account.kind == .revenue || $0.account.kind == .expense }
      }.map { Month(day: $0.day) } + usage.map(\.month)
    return flows.filter(period.contains).min() ?? period.lowerBound
  }
}
