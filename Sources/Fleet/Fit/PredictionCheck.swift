// SPDX-License-Identifier: Apache-2.0

import Determinism

/// Predictions beside measurements that they were not fitted to.
public struct PredictionCheck: Sendable {
  /// One per point that can be predicted.
  public let results: [PointPrediction]
  /// Lines of the file that name what the model does not know.
  public let unsupported: Int
  /// The version of the coefficients.
  public let version: String

  public init(_ points: [MeasuredPoint], unsupported: Int, model: PerformanceModel) {
    results = points.map { PointPrediction($0, model) }
    self.unsupported = unsupported
    version = model.version
  }

  private var logs: [Double] {
    results.map { PortableMath.log($0.predicted.estimate / $0.point.measured) }
  }

  /// The errors of all points.
  public var all: ErrorTable.Row { ErrorTable.row("all", logs) }

  /// The part of the points that lies within the 90% range, 0 to 1.
  public var covered: Double {
    Double(results.count(where: \.isCovered)) / Double(max(1, results.count))
  }

  /// The errors of the points of each label.
  public func rows(_ label: (MeasuredPoint) -> String) -> [ErrorTable.Row] {
    ErrorTable.by(results.map(\.point), logs, label)
  }
}
