// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// Tables of errors.
enum ErrorRows {
  static func table(_ title: String, _ rows: [ErrorTable.Row]) -> Table {
    var table = Table(columns: [
      .init(title: title), .init(title: "POINTS", isNumber: true),
      .init(title: "MEDIAN ERROR", isNumber: true), .init(title: "90% WITHIN", isNumber: true),
      .init(title: "BIAS", isNumber: true),
    ])
    for row in rows {
      table.rows.append([
        row.label, "\(row.points)", Percent.text(row.median), Percent.text(row.p90),
        String(format: "%+.1f%%", row.bias * 100),
      ])
    }
    return table
  }
}

/// A row of a table of errors.
struct ErrorRowJSON: Encodable {
  var label: String
  var points: Int
  /// Absent without points to take it of.
  var medianError: Double?
  var p90Error: Double?
  var bias: Double?

  static func rows(_ rows: [ErrorTable.Row]) -> [ErrorRowJSON] {
    rows.map {
      ErrorRowJSON(
        label: $0.label, points: $0.points, medianError: known($0.median),
        p90Error: known($0.p90), bias: known($0.bias))
    }
  }
}

private func known(_ value: Double) -> Double? { value.isFinite ? value : nil }

/// What a fit is worth, by what was left out of it.
public struct FitPrinter {
  private let report: FitReport
  private let points: [MeasuredPoint]
  private let seconds: Double

  /// - Parameter seconds: what the fit took.
  public init(report: FitReport, points: [MeasuredPoint], seconds: Double) {
    self.report = report
    self.points = points
    self.seconds = seconds
  }

  private var tables: [(title: String, key: String, rows: [ErrorTable.Row])] {
    [
      ("FITTED", "fitted", report.byKind), ("BY GPU", "by_gpu", report.byAccelerator),
      ("WITHOUT AN EIGHTH", "without_an_eighth", report.withoutFold),
      ("WITHOUT THE GPU", "without_the_gpu", report.withoutAccelerator),
      ("WITHOUT THE MODEL", "without_the_model", report.withoutArchitecture),
      ("WITHOUT THE SOURCE", "without_the_source", report.withoutSource),
    ]
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.fleet.fit/v1", json)
    case .csv:
      page.line("table,label,points,median_error,p90_error,bias")
      for table in tables {
        for row in table.rows {
          page.line(
            CSVText.line([
              table.key, row.label, "\(row.points)", "\(row.median)", "\(row.p90)", "\(row.bias)",
            ]))
        }
      }
    case .table, .md:
      for table in tables {
        ErrorRows.table(table.title, table.rows).print(on: page)
        page.line()
      }
      var coverage = Table(columns: [
        .init(title: "90% RANGE, WITHOUT"), .init(title: "POINTS", isNumber: true),
        .init(title: "COVERED", isNumber: true),
      ])
      for row in report.coverage {
        coverage.rows.append([row.leftOut, "\(row.points)", Percent.text(row.covered)])
      }
      coverage.print(on: page)
      page.line()
      page.line(
        String(
          format: "%d points · %d coefficients · %d fits in %.1f s", points.count,
          Coefficient.allCases.count, FitStudy(points).parts.count, seconds))
    }
  }

  /// `solvent.fleet.fit/v1`
  private struct FitJSON: Encodable {
    struct Coverage: Encodable {
      var without: String
      var points: Int
      var covered: Double
    }

    struct Figure: Encodable {
      var name: String
      var value: Double
    }

    var tables: [String: [ErrorRowJSON]]
    var coverage: [Coverage]
    var coefficients: [Figure]
    var seconds: Double
  }

  private var json: FitJSON {
    FitJSON(
      tables: Dictionary(
        tables.map { ($0.key, ErrorRowJSON.rows($0.rows)) }, uniquingKeysWith: { $1 }),
      coverage: report.coverage.map {
        .init(without: $0.leftOut, points: $0.points, covered: $0.covered)
      },
      coefficients: Coefficient.allCases.map {
        .init(name: $0.name, value: report.model.coefficients[$0])
      }, seconds: seconds)
  }
}
