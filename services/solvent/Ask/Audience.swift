// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Reporting
import ZeroMQ

struct Audience: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Visits, users and payers by month. Visits are not users.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let material = try await options.material()
    let months = Set(material.books.figures.map { Month(day: $0.day) })
      .filter(material.period.contains).sorted()
    var table = Table(columns: [
      .init(title: "MONTH"), .init(title: "VISITS", isNumber: true),
      .init(title: "A MONTH", isNumber: true), .init(title: "USERS", isNumber: true),
      .init(title: "PAYERS", isNumber: true), .init(title: "KNOWN", rank: 1),
      .init(title: "SOURCE", rank: 2),
    ])
    var objects: [JSONText] = []
    var before: (month: Month, visits: UInt64)?
    for month in months {
      func latest(
        _ measure: AudienceMeasure
      ) -> (value: UInt64, evidence: Evidence, source: String)? {
        material.books.audience(measure, in: month, product: options.product)
      }
      let known = AudienceMeasure.allCases.compactMap { measure in
        latest(measure).map { (measure: measure, figure: $0) }
      }
      let visits = latest(.visits)?.value
      // A month: figures may be missing in between.
      let change = visits.flatMap { now in
        before.map {
          pow(Double(now) / Double($0.visits), 1 / Double(month.index - $0.month.index)) - 1
        }
      }
      if let visits { before = (month, visits) }
      table.rows.append([
        month.description, visits.map { Text.grouped($0) } ?? "–",
        change.map { String(format: "%+.1f %%", $0 * 100) } ?? "",
        latest(.users).map { Text.grouped($0.value) } ?? "–",
        latest(.payers).map { Text.grouped($0.value) } ?? "–",
        known.map(\.figure.evidence).max()?.name ?? "", known.first?.figure.source ?? "",
      ])
      for (measure, figure) in known {
        objects.append(
          .object([
            ("month", .string(month.description)), ("measure", .string(measure.rawValue)),
            ("product", .string(options.product ?? "")), ("value", .number("\(figure.value)")),
            ("evidence", .string(figure.evidence.name)), ("source", .string(figure.source)),
          ]))
      }
    }
    switch options.output.format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.audience/v1")), ("figures", .array(objects)),
        ]).text)
    case .csv:
      Terminal.print("month,visits,users,payers")
      for row in table.rows {
        Terminal.print(
          [row[0], row[1], row[3], row[4]].map { $0.filter { $0 != "," && $0 != "–" } }
            .joined(separator: ","))
      }
    case .table, .md: table.print(as: options.output.format)
    }
  }
}
