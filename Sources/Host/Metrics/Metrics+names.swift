// SPDX-License-Identifier: Apache-2.0

public import Metrics

extension MetricName {
  fileprivate func dimensions(_ value: String?) -> [(String, String)] {
    precondition((value == nil) == (label == nil), "\(rawValue) has another number of labels")
    guard let label, let value else { return [] }
    return [(label, value)]
  }
}

extension Counter {
  /// - Parameter value: of the metric's label, for one that has a label.
  public convenience init(_ name: MetricName, _ value: String? = nil) {
    self.init(label: name.rawValue, dimensions: name.dimensions(value))
  }
}

extension Meter {
  /// - Parameter value: of the metric's label, for one that has a label.
  public convenience init(_ name: MetricName, _ value: String? = nil) {
    self.init(label: name.rawValue, dimensions: name.dimensions(value))
  }
}

extension Timer {
  /// - Parameter value: of the metric's label, for one that has a label.
  public convenience init(_ name: MetricName, _ value: String? = nil) {
    self.init(label: name.rawValue, dimensions: name.dimensions(value))
  }
}
