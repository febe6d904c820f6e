// SPDX-License-Identifier: Apache-2.0

import Documents
import Fleet
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
}
