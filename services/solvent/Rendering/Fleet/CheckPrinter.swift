// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

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
