// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// Makes the statement that is asked for.
  /// - Throws: ``QueryError`` where the question has no answer, ``MoneyError/overflow`` where an
  ///   amount cannot hold a sum.
  public init(_ material: StatementMaterial) throws {
    switch material.query.kind {
    case .profitAndLoss: try self.init(profitAndLoss: material)
    case .unitEconomics: try self.init(unitEconomics: material)
    case .coverage: try self.init(coverage: material)
    case .runway: try self.init(runway: material)
    case .balance: try self.init(balance: material)
    case .audience: self.init(audience: material)
    }
  }

  /// A statement with one column, the period.
  init(
    _ material: StatementMaterial, _ period: ClosedRange<Month>, lines: [StatementLine],
    isUnpriced: Bool
  ) {
    self.init(
      material.query.kind, currency: material.currency, period: period,
      columns: ["\(period.lowerBound) to \(period.upperBound)"], lines: lines,
      isUnpriced: [isUnpriced])
  }
}
