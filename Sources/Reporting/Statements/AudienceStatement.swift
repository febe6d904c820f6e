// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation

extension StatementAnswer {
  /// Visits, users and paying customers by month. Visits are not users.
  init(audience inputs: StatementInputs) {
    let months = Set(inputs.books.figures.map { Month(day: $0.day) })
      .filter(inputs.period.contains).sorted()
    let product = inputs.query.product
    func figure(_ measure: AudienceMeasure, _ month: Month)
      -> (value: UInt64, evidence: Evidence, source: String)?
    { inputs.books.audience(measure, in: month, product: product) }
    func counts(_ key: String, _ label: String, _ measure: AudienceMeasure) -> StatementLine {
      StatementLine(
        key, label, .count, months.map { .count(ifKnown: figure(measure, $0)?.value) })
    }
    let known = months.map { month in
      AudienceMeasure.allCases.compactMap { figure($0, month) }
    }
    self.init(
      .audience, currency: inputs.currency, period: inputs.period,
      columns: months.map(\.description),
      lines: [
        counts("visits", "visits", .visits),
        StatementLine(
          "visits_change", "monthly change in visits", .share,
          Self.changes(months.map { ($0, figure(.visits, $0)?.value) }),
          note: "over missing months, the compound monthly rate across the gap"),
        counts("users", "users", .users), counts("payers", "paying customers", .payers),
        counts("churned", "paying customers lost", .churned),
        StatementLine(
          "evidence", "evidence", .text,
          known.map { $0.map(\.evidence).max().map { .text($0.name) } ?? .unknown }),
        StatementLine(
          "source", "source", .text,
          known.map { $0.first.map { .text($0.source) } ?? .unknown }),
      ], isUnpriced: months.map { _ in false })
  }

  /// The constant monthly change that leads from each figure to the next.
  private static func changes(_ figures: [(month: Month, value: UInt64?)]) -> [StatementValue] {
    var before: (month: Month, value: UInt64)?
    return figures.map { month, value in
      guard let value else { return .unknown }
      defer { before = (month, value) }
      guard let before, before.value > 0 else { return .unknown }
      let months = Double(month.index - before.month.index)
      return .number(ifKnown: pow(Double(value) / Double(before.value), 1 / months) - 1)
    }
  }
}
