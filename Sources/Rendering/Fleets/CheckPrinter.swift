// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// Predictions beside measurements.
public struct CheckPrinter {
  private let check: PredictionCheck
  private let isSummary: Bool

  /// - Parameter isSummary: the tables only, not each point.
  public init(_ check: PredictionCheck, isSummary: Bool) {
    self.check = check
    self.isSummary = isSummary
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.fleet.check/v1", CheckJSON(check, isSummary: isSummary))
    case .csv where isSummary:
      page.line("table,label,points,median_error,p90_error,bias")
      for (table, rows) in [
        ("by_kind", [check.all] + check.rows(\.kind.name)),
        ("by_gpu", check.rows(\.deployment.accelerator.name)),
      ] {
        for row in rows {
          page.line(
            CSVText.line([
              table, row.label, "\(row.points)", "\(row.median)", "\(row.p90)", "\(row.bias)",
            ]))
        }
      }
    case .csv:
      page.line("id,kind,model,gpu,gpus,measured,predicted,low,high,error,covered")
      for result in check.results {
        let deployment = result.point.deployment
        page.line(
          CSVText.line([
            result.point.id, result.point.kind.name, deployment.architecture.name,
            deployment.accelerator.name, "\(deployment.gpus)", "\(result.point.measured)",
            "\(result.predicted.estimate)", "\(result.predicted.low)",
            "\(result.predicted.high)", "\(result.error)", "\(result.isCovered)",
          ]))
      }
    case .table, .md:
      if !isSummary {
        points.print(on: page)
        page.line()
      }
      ErrorRows.table("KIND", [check.all] + check.rows(\.kind.name)).print(on: page)
      page.line()
      ErrorRows.table("GPU", check.rows(\.deployment.accelerator.name)).print(on: page)
      page.line()
      page.line(
        "\(check.results.count) points predicted, \(check.unsupported) unsupported · \(Percent.text(check.covered)) "
          + "within the 90% range · coefficients of \(check.version)")
    }
  }

  private var points: Table {
    var table = Table(columns: [
      .init(title: "ID"), .init(title: "KIND", rank: 3), .init(title: "MODEL"),
      .init(title: "GPU"), .init(title: "SHAPE", rank: 2),
      .init(title: "MEASURED", isNumber: true), .init(title: "PREDICTED", isNumber: true),
      .init(title: "90% RANGE", isNumber: true, rank: 1), .init(title: "ERROR", isNumber: true),
    ])
    for result in check.results {
      let point = result.point
      let deployment = point.deployment
      table.rows.append([
        point.id, point.kind.name, "\(deployment.architecture.name) \(deployment.precision.name)",
        "\(deployment.gpus) x \(deployment.accelerator.name)",
        "\(Rate.text(point.shape.input)) in, \(Rate.text(point.shape.output)) out",
        Rate.text(point.measured), Rate.text(result.predicted.estimate),
        "\(Rate.text(result.predicted.low)) to \(Rate.text(result.predicted.high))",
        String(format: "%+.0f%%", result.error * 100),
      ])
    }
    return table
  }
}

/// `solvent.fleet.check/v1`
private struct CheckJSON: Encodable {
  struct Prediction: Encodable {
    var id: String
    var kind: String
    var gpu: String
    var measured: Double
    var predicted: Double
    var low: Double
    var high: Double
    var error: Double
    var covered: Bool
  }

  var coefficients: String
  var points: Int
  var unsupported: Int
  var covered: Double
  var byKind: [ErrorRowJSON]
  var byGpu: [ErrorRowJSON]
  var predictions: [Prediction]

  init(_ check: PredictionCheck, isSummary: Bool) {
    coefficients = check.version
    points = check.results.count
    unsupported = check.unsupported
    covered = check.covered
    byKind = ErrorRowJSON.rows([check.all] + check.rows(\.kind.name))
    byGpu = ErrorRowJSON.rows(check.rows(\.deployment.accelerator.name))
    predictions =
      isSummary
      ? []
      : check.results.map {
        Prediction(
          id: $0.point.id, kind: $0.point.kind.name, gpu: $0.point.deployment.accelerator.name,
          measured: $0.point.measured, predicted: $0.predicted.estimate, low: $0.predicted.low,
          high: $0.predicted.high, error: $0.error, covered: $0.isCovered)
      }
  }
}
