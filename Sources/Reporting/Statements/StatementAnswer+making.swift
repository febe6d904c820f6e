// SPDX-License-Identifier: Apache-2.0

import Economics

extension StatementAnswer {
  /// Makes the statement that is asked for.
  /// - Throws: ``QueryError`` where the question has no answer, ``MoneyError/overflow`` where an
  ///   amount cannot hold a sum.
  public init(_ inputs: StatementInputs) throws {
    switch inputs.query.kind {
    case .profitAndLoss: try self.init(profitAndLoss: inputs)
    case .unitEconomics: try self.init(unitEconomics: inputs)
    case .coverage: try self.init(coverage: inputs)
    case .runway: try self.init(runway: inputs)
    case .balance: try self.init(balance: inputs)
    case .audience: self.init(audience: inputs)
    }
  }

  /// A statement with one column, the period.
  init(
    _ inputs: StatementInputs, _ period: ClosedRange<Month>, lines: [StatementLine],
    isUnpriced: Bool
  ) {
    self.init(
      inputs.query.kind, currency: inputs.currency, period: period,
      columns: ["\(period.lowerBound) to \(period.upperBound)"], lines: lines,
      isUnpriced: [isUnpriced])
  }
}
