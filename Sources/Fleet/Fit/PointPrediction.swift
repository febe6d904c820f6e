// SPDX-License-Identifier: Apache-2.0

/// A measured point beside what the model predicts there.
public struct PointPrediction: Sendable {
  /// The measured point.
  public let point: MeasuredPoint
  /// Tokens per second, or seconds to the first token, with the 90% range.
  public let predicted: Interval

  public init(_ point: MeasuredPoint, _ model: PerformanceModel) {
    self.point = point
    let estimate = model.predict(point)
    let band = model.band(point.deployment)
    // The error of a time is that of the throughput turned round.
    predicted =
      point.kind == .firstToken
      ? model.interval(1 / estimate, band).inverse(1) : model.interval(estimate, band)
  }

  /// Predicted over measured, less 1.
  public var error: Double { predicted.estimate / point.measured - 1 }
  /// Whether the 90% range holds the measurement.
  public var isCovered: Bool {
    predicted.low <= point.measured && point.measured <= predicted.high
  }
}
