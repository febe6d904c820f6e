// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Synchronization

/// A value that can be written down.
protocol Instrument: AnyObject, Sendable {
  /// As in a `# TYPE` line.
  var type: String { get }
  func write(_ name: String, _ labels: String, to text: inout String)
}

/// A sample's value: whole numbers without a point, `NaN`, `+Inf` and `-Inf` as Prometheus spells them.
func sampleText(_ value: Double) -> String {
  if let whole = Int64(exactly: value) { return "\(whole)" }
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
  return "\(value)"
}

/// A number that only rises. Whole numbers are exact to 2^53.
final class CounterInstrument: Instrument, CounterHandler, FloatingPointCounterHandler {
  private let value = Mutex(0.0)
  let type = "counter"

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) {
    // A counter that fell would look like a restart.
    guard amount > 0 else { return }
    value.withLock { $0 += amount }
  }
  func reset() { value.withLock { $0 = 0 } }

  func write(_ name: String, _ labels: String, to text: inout String) {
    text += "\(name)\(labels) \(sampleText(value.withLock { $0 }))\n"
  }
}

/// A number that rises and falls.
final class GaugeInstrument: Instrument, MeterHandler, RecorderHandler {
  private let value = Mutex(0.0)
  let type = "gauge"

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { self.value.withLock { $0 = value } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(value) }
  func record(_ value: Double) { set(value) }

  func write(_ name: String, _ labels: String, to text: inout String) {
    text += "\(name)\(labels) \(sampleText(value.withLock { $0 }))\n"
  }
}

/// How often a value fell under each bound; times are in seconds.
final class HistogramInstrument: Instrument, TimerHandler, RecorderHandler {
  /// From a millisecond to ten seconds, about two and a half times apart.
  static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

  private struct Values {
    /// By the first bound that is not below the value; the last one is beyond all bounds.
    var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    var sum = 0.0
  }

  private let values = Mutex(Values())
  let type = "histogram"

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func preferDisplayUnit(_ unit: TimeUnit) {}
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    let index = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
    values.withLock {
      $0.counts[index] += 1
      $0.sum += value
    }
  }

  func write(_ name: String, _ labels: String, to text: inout String) {
    let values = values.withLock { $0 }
    var below: UInt64 = 0
    for (index, count) in values.counts.enumerated() {
      below += count
      let bound = index < Self.bounds.count ? sampleText(Self.bounds[index]) : "+Inf"
      let all =
        labels.isEmpty ? "{le=\"\(bound)\"}" : "\(labels.dropLast()),le=\"\(bound)\"}"
      text += "\(name)_bucket\(all) \(below)\n"
    }
    text += "\(name)_sum\(labels) \(sampleText(values.sum))\n"
    text += "\(name)_count\(labels) \(below)\n"
  }
}
