// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

struct ProfitAndLoss: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pnl", abstract: "Profit and loss by month: revenue, costs, margin, cash.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let material = try await options.material()
    let currency = material.currency
    var months: [(name: String, statement: Statement)] = []
    var month = material.period.lowerBound
    while month <= material.period.upperBound {
      months.append((month.description, try options.statement(material, month...month)))
      month = month.advanced(by: 1)
    }
    let whole = try options.statement(material, material.period)
    let rows: [(key: String, label: String, value: (Statement) -> Money)] = [
      ("revenue", "revenue", \.revenue), ("serving", "serving (usage, hosting)", \.serving),
      ("gross_margin", "gross margin", \.grossMargin),
      ("improvement", "model improvement (research, training)", \.improvement),
      ("other_costs", "staff, sales, other", \.otherCosts),
      ("profit_share", "profit share paid", \.profitShare), ("result", "result", \.result),
      ("capital", "capital in", \.capital), ("cash", "cash at the end", \.cash),
      ("payable", "owed for usage at the end", \.payable),
    ]
    switch options.output.format {
    case .json:
      let objects = (months + [("total", whole)]).map { name, statement in
        JSONText.object(
          [("month", .string(name))]
            + rows.map { ($0.key, .string($0.value(statement).decimal)) }
            + [("unpriced", .bool(statement.usage.hasUnpriced))])
      }
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.pnl/v1")), ("currency", .string(currency)),
          ("months", .array(objects)),
        ]).text)
    case .csv:
      Terminal.print("month," + rows.map(\.key).joined(separator: ",") + ",unpriced")
      for (name, statement) in months {
        let cells = rows.map { $0.value(statement).decimal }
        Terminal.print(
          ([name] + cells + ["\(statement.usage.hasUnpriced)"]).joined(separator: ","))
      }
    case .table, .md:
      // The newest months that fit, and the whole.
      let shown = months.suffix(max(1, (Terminal.width - 58) / 18))
      var table = Table(
        columns: [.init(title: "")]
          + shown.map { .init(title: $0.name, isNumber: true) }
          + [.init(title: "\(whole.months) MONTHS", isNumber: true)])
      for row in rows {
        table.rows.append(
          [row.label]
            + (shown.map(\.statement) + [whole]).map { statement in
              // Nobody has told of cash: then there is no such number.
              let isKnown = row.key != "cash" || statement.hasCash
              return Facts.text(isKnown ? row.value(statement) : nil, 0, currency)
            })
      }
      table.print(as: options.output.format)
      if whole.usage.hasUnpriced {
        Terminal.print("some usage is unpriced and in no sum; see: solvent prices check")
      }
    }
  }
}
