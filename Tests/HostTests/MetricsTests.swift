// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Foundation
import Testing

@testable import Host

@Suite("Metrics")
struct MetricsTests {
  @Test("The text is what Prometheus's format 0.0.4 asks for")
  func text() {
    let registry = MetricsRegistry(common: [("process", "report")])
    let committed = Counter(
      label: "solvent_ledger_batches_total", dimensions: [("result", "committed")],
      factory: registry)
    committed.increment(by: 3)
    let refused = Counter(
      label: "solvent_ledger_batches_total", dimensions: [("result", "refused")],
      factory: registry)
    refused.increment()
    Meter(label: "solvent_broker_held_bytes", factory: registry).set(2_097_152)
    let timer = CoreMetrics.Timer(label: "solvent_ledger_commit_seconds", factory: registry)
    timer.recordNanoseconds(900_000)
    timer.recordNanoseconds(1_000_000)
    timer.recordNanoseconds(7_500_000)
    timer.recordNanoseconds(20_000_000_000)
    #expect(
      registry.text() == """
        # HELP solvent_broker_held_bytes Bytes that the broker holds: jobs, topics, answers that are not read.
        # TYPE solvent_broker_held_bytes gauge
        solvent_broker_held_bytes{process="report"} 2097152
        # HELP solvent_ledger_batches_total Batches that reached the ledger: committed, already there, refused, or with another's outcome.
        # TYPE solvent_ledger_batches_total counter
        solvent_ledger_batches_total{process="report",result="committed"} 3
        solvent_ledger_batches_total{process="report",result="refused"} 1
        # HELP solvent_ledger_commit_seconds Time that a transaction of batches took.
        # TYPE solvent_ledger_commit_seconds histogram
        solvent_ledger_commit_seconds_bucket{process="report",le="0.001"} 2
        solvent_ledger_commit_seconds_bucket{process="report",le="0.0025"} 2
        solvent_ledger_commit_seconds_bucket{process="report",le="0.005"} 2
        solvent_ledger_commit_seconds_bucket{process="report",le="0.01"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="0.025"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="0.05"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="0.1"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="0.25"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="0.5"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="1"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="2.5"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="5"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="10"} 3
        solvent_ledger_commit_seconds_bucket{process="report",le="+Inf"} 4
        solvent_ledger_commit_seconds_sum{process="report"} 20.0094
        solvent_ledger_commit_seconds_count{process="report"} 4

        """)
  }

  @Test("Label values are escaped; without labels there are no braces")
  func labels() {
    let registry = MetricsRegistry()
    Meter(label: "a", dimensions: [("x", "say \"hi\"\\\n")], factory: registry).set(1)
    Meter(label: "b", factory: registry).set(0.25)
    Recorder(label: "c", aggregate: true, factory: registry).record(3)
    #expect(
      registry.text().hasPrefix(
        """
        # TYPE a gauge
        a{x="say \\"hi\\"\\\\\\n"} 1
        # TYPE b gauge
        b 0.25
        # TYPE c histogram
        c_bucket{le="0.001"} 0

        """))
  }

  @Test(
    "Numbers as Prometheus spells them",
    arguments: [
      (0.0, "0"), (-3, "-3"), (1e15, "1000000000000000"), (0.5, "0.5"), (1e300, "1e+300"),
      (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"), (Double.nan, "NaN"),
    ])
  func numbers(_ value: Double, _ text: String) {
    #expect(sampleText(value) == text)
  }

  @Test("The same name and labels are one instrument, in whatever order the labels come")
  func sameInstrument() {
    let registry = MetricsRegistry()
    for dimensions in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
      Counter(label: "n", dimensions: dimensions, factory: registry).increment(by: 5)
    }
    #expect(registry.text() == "# TYPE n counter\nn{a=\"1\",b=\"2\"} 10\n")
  }

  @Test("A counter never falls; a gauge does")
  func direction() {
    let registry = MetricsRegistry()
    let counter = FloatingPointCounter(label: "counter", factory: registry)
    counter.increment(by: 2.5)
    counter.increment(by: -1)
    let gauge = Meter(label: "gauge", factory: registry)
    gauge.increment(by: 2.5)
    gauge.decrement(by: 4)
    let last = Recorder(label: "last", aggregate: false, factory: registry)
    last.record(7)
    last.record(Int64(6))
    let values = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(values == ["counter 2.5", "gauge -1.5", "last 6"])
  }

  @Test("A destroyed instrument is no longer written")
  func destroyed() {
    let registry = MetricsRegistry()
    let counter = Counter(label: "gone", factory: registry)
    counter.increment()
    counter.destroy()
    #expect(registry.text().isEmpty)
  }

  @Test("Threads that count at once lose nothing")
  func threads() {
    let registry = MetricsRegistry()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<5_000 { Counter(label: "n", factory: registry).increment() }
    }
    #expect(registry.text().hasSuffix("n 40000\n"))
  }

  @Test(
    "Every name follows Prometheus's conventions and says what it is",
    arguments: MetricName.allCases)
  func names(_ name: MetricName) {
    let name = (raw: name.rawValue, help: name.help)
    #expect(name.raw.hasPrefix("solvent_"))
    #expect(name.raw.allSatisfy { $0.isLowercase || $0 == "_" })
    #expect(name.help.hasSuffix(".") && !name.help.contains("\n") && !name.help.contains("\\"))
  }

  @Test("docs/OPERATING.md lists every metric with what it says")
  func documented() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appending(path: "../../docs/OPERATING.md"), encoding: .utf8)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `solvent_") }
    let expected = MetricName.allCases.map { name in
      "| `\(name.rawValue)\(name.label.map { "{\($0)}" } ?? "")` | \(name.help) |"
    }
    #expect(rows.map(String.init) == expected)
  }
}
