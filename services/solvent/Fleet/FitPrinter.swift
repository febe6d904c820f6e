// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Modeling

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

/// Predictions beside measurements.
struct CheckPrinter {
  let results: [PointResult]
  let unsupported: Int
  let model: PerformanceModel
  let summary: Bool

  private var logs: [Double] { results.map { log($0.predicted.estimate / $0.point.measured) } }
  var all: ErrorTable.Row { ErrorTable.row("all", logs) }
  var covered: Double {
    Double(results.count(where: \.isCovered)) / Double(max(1, results.count))
  }

  private func rows(_ label: (MeasuredPoint) -> String) -> [ErrorTable.Row] {
    ErrorTable.by(results.map(\.point), logs, label)
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv where summary:
      Terminal.print("table,label,points,median_error,p90_error,bias")
      for (table, rows) in [
        ("by_kind", [all] + rows(\.kind.name)), ("by_gpu", rows(\.deployment.accelerator.name)),
      ] {
        for row in rows {
          Terminal.print(
            CSVText.line([
              table, row.label, "\(row.points)", "\(row.median)", "\(row.p90)", "\(row.bias)",
            ]))
        }
      }
    case .csv:
      Terminal.print("id,kind,model,gpu,gpus,measured,predicted,low,high,error,covered")
      for result in results {
        let deployment = result.point.deployment
        Terminal.print(
          CSVText.line([
            result.point.id, result.point.kind.name, deployment.architecture.name,
            deployment.accelerator.name, "\(deployment.gpus)", "\(result.point.measured)",
            "\(result.predicted.estimate)", "\(result.predicted.low)",
            "\(result.predicted.high)", "\(result.error)", "\(result.isCovered)",
          ]))
      }
    case .table, .md:
      if !summary {
        points.print(as: format)
        Terminal.print()
      }
      ErrorRows.table("KIND", [all] + rows(\.kind.name)).print(as: format)
      Terminal.print()
      ErrorRows.table("GPU", rows(\.deployment.accelerator.name)).print(as: format)
      Terminal.print()
      Terminal.print(
        "\(results.count) points predicted, \(unsupported) unsupported · \(Percent.text(covered)) "
          + "within the 90 % range · coefficients of \(model.version)")
    }
  }

  private var points: Table {
    var table = Table(columns: [
      .init(title: "ID"), .init(title: "KIND", rank: 3), .init(title: "MODEL"),
      .init(title: "GPU"), .init(title: "SHAPE", rank: 2),
      .init(title: "MEASURED", isNumber: true), .init(title: "PREDICTED", isNumber: true),
      .init(title: "90 % RANGE", isNumber: true, rank: 1), .init(title: "ERROR", isNumber: true),
    ])
    for result in results {
      let point = result.point
      let deployment = point.deployment
      table.rows.append([
        point.id, point.kind.name, "\(deployment.architecture.name) \(deployment.precision.name)",
        "\(deployment.gpus) x \(deployment.accelerator.name)",
        "\(Rate.text(point.shape.input)) in, \(Rate.text(point.shape.output)) out",
        Rate.text(point.measured), Rate.text(result.predicted.estimate),
        "\(Rate.text(result.predicted.low)) to \(Rate.text(result.predicted.high))",
        String(format: "%+.0f %%", result.error * 100),
      ])
    }
    return table
  }

  private var json: JSONText {
    .object([
      ("schema", .string("solvent.fleet.check/v1")), ("coefficients", .string(model.version)),
      ("points", .number("\(results.count)")), ("unsupported", .number("\(unsupported)")),
      ("covered", .number("\(covered)")), ("by_kind", ErrorRows.json([all] + rows(\.kind.name))),
      ("by_gpu", ErrorRows.json(rows(\.deployment.accelerator.name))),
      (
        "predictions",
        .array(
          summary
            ? []
            : results.map { result in
              .object([
                ("id", .string(result.point.id)), ("measured", .number("\(result.point.measured)")),
                ("predicted", .number("\(result.predicted.estimate)")),
                ("low", .number("\(result.predicted.low)")),
                ("high", .number("\(result.predicted.high)")),
              ])
            })
      ),
    ])
  }
}

/// `median>9%`
struct CheckCondition {
  private let text: String
  private let name: String
  private let isAbove: Bool
  private let limit: Double

  init(_ text: String) throws {
    self.text = text
    guard let sign = text.firstIndex(where: { $0 == ">" || $0 == "<" }) else {
      throw ValidationError("--fail-if is such as 'median>9%', not '\(text)'")
    }
    name = text[..<sign].trimmingCharacters(in: .whitespaces)
    isAbove = text[sign] == ">"
    let rest = text[text.index(after: sign)...].trimmingCharacters(in: .whitespaces)
    let number = Double(rest.hasSuffix("%") ? String(rest.dropLast()) : rest)
    guard ["median", "p90", "bias", "covered", "unsupported"].contains(name), let number else {
      throw ValidationError(
        "--fail-if '\(text)': there are median, p90, bias, covered, unsupported, with a number")
    }
    limit = rest.hasSuffix("%") ? number / 100 : number
  }

  /// The condition with the value that meets it.
  func met(by check: CheckPrinter) -> String? {
    let value: Double =
      switch name {
      case "median": check.all.median
      case "p90": check.all.p90
      case "bias": abs(check.all.bias)
      case "covered": check.covered
      default: Double(check.unsupported)
      }
    guard isAbove ? value > limit : value < limit else { return nil }
    return name == "unsupported"
      ? "\(text): \(Int(value))" : "\(text): it is \(Percent.text(value))"
  }
}

/// Rates and other numbers of three or so digits.
enum Rate {
  static func text(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    if abs(value) >= 1e15 { return String(format: "%.3g", value) }
    if abs(value) >= 100 { return Text.grouped(Int64(value.rounded())) }
    return String(format: abs(value) >= 10 ? "%.1f" : "%.2f", value)
  }
}
