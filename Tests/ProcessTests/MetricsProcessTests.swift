// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Metrics of a cluster", .serialized, .timeLimit(.minutes(2)))
struct MetricsProcessTests {
  /// The samples in all files of the directory, by name and labels.
  private func samples(_ directory: String) throws -> [String: Double] {
    var samples: [String: Double] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
      let text = try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)
      for line in text.split(separator: "\n") where !line.hasPrefix("#") {
        let parts = line.split(separator: " ")
        try #require(parts.count == 2)
        #expect(samples[String(parts[0])] == nil, "twice: \(parts[0])")
        samples[String(parts[0])] = Double(parts[1])
      }
    }
    return samples
  }

  @Test("What the processes counted is what the import says")
  func counts() throws {
    let cluster = try TestCluster(workers: 2)
    let log = SampleLog(rows: 5_000)
    var rows = log.rows
    rows[17] = "not,a,row"
    let path = try ClusterProcessTests.write(
      cluster, "log.csv", ([SampleLog.header] + rows).joined(separator: "\n"))
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    _ = try cluster.solvent("ingest", "--prices", prices, "--batch-rows", "1000", path)
    cluster.stop()
    let samples = try samples("\(cluster.data)/metrics")
    #expect(samples["solvent_ingest_events_total{process=\"ingest\",result=\"accepted\"}"] == 4_999)
    #expect(samples["solvent_ingest_events_total{process=\"ingest\",result=\"quarantined\"}"] == 1)
    #expect(samples["solvent_ingest_events_total{process=\"ingest\",result=\"duplicate\"}"] == 0)
    let batches = samples["solvent_ledger_batches_total{process=\"report\",result=\"committed\"}"]
    #expect(batches == 5)
    #expect(samples["solvent_broker_dead_letters_total{process=\"broker\"}"] == 0)
    #expect(!samples.keys.contains { $0.contains("service=\"broker\"") })
    let priced = samples.filter {
      $0.key.hasPrefix("solvent_job_seconds_count") && $0.key.contains("service=\"price\"")
    }
    // The first of a hundred batches is priced twice.
    #expect(priced.values.reduce(0, +) == batches.map { $0 + 1 })
    #expect(samples["solvent_ingest_wrong_results_total{process=\"ingest\"}"] == 0)
    #expect(samples["solvent_ingest_parked_batches{process=\"ingest\"}"] == 0)
    // A cluster of fewer processes leaves no files of the others.
    let next = try TestCluster(workers: 1, data: cluster.data, isBorrowed: true)
    next.stop()
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(cluster.data)/metrics")
    #expect(files.contains("worker-1.prom") && !files.contains("worker-2.prom"))
  }
}
