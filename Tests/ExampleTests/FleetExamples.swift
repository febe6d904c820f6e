// SPDX-License-Identifier: Apache-2.0

import ClusterAPI
import Documents
import Fleet
import Synchronization
import Testing

/// The examples in the doc comments of Fleet, compiled and run.
@Suite("Fleet examples")
struct FleetExamples {
  @Test func throughputIsPredicted() throws {
    let catalogue = try CatalogueFile.shipped()
    let llama = try #require(catalogue.architectures["llama3.1-70b"]?.value)
    let h100 = try #require(catalogue.accelerators["H100-SXM"]?.value)
    let model = try CoefficientFile.shipped()
    let deployment = Deployment(llama, on: h100, gpus: 4)
    let shape = RequestShape(input: 1_000, output: 200)
    let performance = try model.performance(of: deployment, shape, .offline(requests: nil))
    let rate = performance.outputRate  // output tokens per second, over all 4 GPUs
    #expect(rate > 500 && rate < 20_000)
  }

  @Test func aSearchIsMergedFromItsParts() throws {
    let catalogue = try CatalogueFile.shipped()
    let llama = try #require(catalogue.architectures["llama3.1-8b"]?.value)
    let h100 = try #require(catalogue.accelerators["H100-SXM"]?.value)
    let model = try CoefficientFile.shipped()
    var job = FleetJob(
      model: model, architecture: llama, accelerators: [h100], precisions: [.bf16, .fp8],
      stack: .vllm, shape: RequestShape(input: 1_000, output: 200))
    job.fill(replicas: [1, 2], batches: FleetJob.batches(3_000), spreadsExperts: false)
    let calls = Mutex<[Int]>([])
    let counted = Searcher(job) { done, _ in calls.withLock { $0.append(done) } }
    let whole = job.run()
    #expect(try counted.run() == whole)
    // More than one part, reported one at a time.
    let parts = calls.withLock { $0 }
    #expect(parts.count > 1 && parts == Array(1...parts.count))

    let searcher = Searcher(job) { done, total in
      _ = Double(done) / Double(total)  // so far, for a progress bar
    }
    let outcome = try searcher.run()
    let search = FleetSearch(job, outcome, prices: [2.5], .init(requests: 40, timePerToken: 0.05))
    #expect(outcome == whole && !search.found.isEmpty)
  }
}
