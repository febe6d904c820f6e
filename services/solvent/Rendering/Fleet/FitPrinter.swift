// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

/// Tables of errors.
enum ErrorRows {
  static func table(_ title: String, _ rows: [ErrorTable.Row]) -> Table {
    var table = Table(columns: [
      .init(title: title), .init(title: "POINTS", isNumber: true),
      .init(title: "MEDIAN ERROR", isNumber: true), .init(title: "90 % WITHIN", isNumber: true),
      .init(title: "BIAS", isNumber: true),
    ])
    for row in rows {
      table.rows.append([
        row.label, "\(row.points)", Percent.text(row.median), Percent.text(row.p90),
        String(format: "%+.1f %%", row.bias * 100),
      ])
    }
    return table
  }

  static func json(_ rows: [ErrorTable.Row]) -> JSONText {
    .array(
      rows.map { row in
        .object([
          ("label", .string(row.label)), ("points", .number("\(row.points)")),
          ("median_error", .number("\(row.median)")), ("p90_error", .number("\(row.p90)")),
          ("bias", .number("\(row.bias)")),
        ])
      })
  }
}

struct FitPrinter {
  let report: FitReport
  let points: [MeasuredPoint]
  let seconds: Double

  private var tables: [(title: String, key: String, rows: [ErrorTable.Row])] {
    [
      ("FITTED", "fitted", report.byKind), ("BY GPU", "by_gpu", report.byAccelerator),
      ("WITHOUT AN EIGHTH", "without_an_eighth", report.withoutFold),
      ("WITHOUT THE GPU", "without_the_gpu", report.withoutAccelerator),
      ("WITHOUT THE MODEL", "without_the_model", report.withoutArchitecture),
      ("WITHOUT THE SOURCE", "without_the_source", report.withoutSource),
    ]
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv:
      Terminal.print("table,label,points,median_error,p90_error,bias")
      for table in tables {
        for row in table.rows {
          Terminal.print(
            CSVText.line([
              table.key, row.label, "\(row.points)", "\(row.median)", "\(row.p90)", "\(row.bias)",
            ]))
        }
      }
    case .table, .md:
      for table in tables {
        ErrorRows.table(table.title, table.rows).print(as: format)
        Terminal.print()
      }
      var coverage = Table(columns: [
        .init(title: "90 % RANGE, WITHOUT"), .init(title: "POINTS", isNumber: true),
        .init(title: "COVERED", isNumber: true),
      ])
      for row in report.coverage {
        coverage.rows.append([row.leftOut, "\(row.points)", Percent.text(row.covered)])
      }
      coverage.print(as: format)
      Terminal.print()
      Terminal.print(
        String(
          format: "%d points · %d coefficients · %d fits in %.1f s", points.count,
          Coefficient.allCases.count, FitStudy(points).parts.count, seconds))
    }
  }

  private var json: JSONText {
    .object(
      [("schema", JSONText.string("solvent.fleet.fit/v1"))]
        + tables.map { ($0.key, ErrorRows.json($0.rows)) }
        + [
          (
            "coverage",
            .array(
              report.coverage.map {
                .object([
                  ("without", .string($0.leftOut)), ("points", .number("\($0.points)")),
                  ("covered", .number("\($0.covered)")),
                ])
              })
          ),
          (
            "coefficients",
            .object(
              Coefficient.allCases.map {
                ($0.name, .number("\(report.model.coefficients[$0])"))
              })
          ), ("seconds", .number("\(seconds)")),
        ])
  }
}
