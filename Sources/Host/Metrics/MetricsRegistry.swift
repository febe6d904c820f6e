// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
import Synchronization

/// What swift-metrics reports to: keeps every instrument's value and writes them all in Prometheus's
/// text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats, 2026-11).
///
/// An instrument is made once for each name and set of labels: making it again gives the same one, so
/// its values add up wherever in the process it is used. Safe from every thread.
public final class MetricsRegistry: MetricsFactory {
  private struct Key: Hashable {
    var name: String
    /// Rendered: `{service="price"}`, or nothing.
    var labels: String
  }

  private let common: [(String, String)]
  private let instruments = Mutex<[Key: any Instrument]>([:])

  /// - Parameter common: labels that every series carries, such as the process's name.
  public init(common: [(String, String)] = []) { self.common = common }

  /// All values now, sorted by name and labels; the same values give the same text.
  public func text() -> String {
    let all = instruments.withLock { instruments in
      instruments.sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }
    }
    var text = ""
    var name: String?
    for (key, instrument) in all {
      if key.name != name {
        if let known = MetricName(rawValue: key.name) {
          text += "# HELP \(key.name) \(known.help)\n"
        }
        text += "# TYPE \(key.name) \(instrument.type)\n"
        name = key.name
      }
      instrument.write(key.name, key.labels, to: &text)
    }
    return text
  }

  /// `{a="1",b="2"}` in the order of the names; nothing without labels.
  private func rendered(_ dimensions: [(String, String)]) -> String {
    let all = (common + dimensions).sorted { $0.0 < $1.0 }
    guard !all.isEmpty else { return "" }
    let pairs = all.map { name, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n")
      return "\(name)=\"\(escaped)\""
    }
    return "{\(pairs.joined(separator: ","))}"
  }

  private func instrument<Made: Instrument>(
    _ name: String, _ dimensions: [(String, String)], _ make: () -> Made
  ) -> Made {
    let key = Key(name: name, labels: rendered(dimensions))
    return instruments.withLock { instruments in
      if let known = instruments[key] as? Made { return known }
      let made = make()
      instruments[key] = made
      return made
    }
  }

  private func remove(_ instrument: AnyObject) {
    instruments.withLock { instruments in
      instruments = instruments.filter { $0.value !== instrument }
    }
  }

  // MARK: MetricsFactory

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    instrument(label, dimensions) { CounterInstrument() }
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    instrument(label, dimensions) { CounterInstrument() }
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    instrument(label, dimensions) { GaugeInstrument() }
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    if aggregate { return instrument(label, dimensions) { HistogramInstrument() } }
    return instrument(label, dimensions) { GaugeInstrument() }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    instrument(label, dimensions) { HistogramInstrument() }
  }

  public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
    remove(handler)
  }
  public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
  public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
  public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}
