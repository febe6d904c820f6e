// SPDX-License-Identifier: Apache-2.0

import Economics
import Pricing
import Testing

/// What the ledger compares an outcome with: nothing of the worker's own.
@Suite("Controls of batches")
struct BatchControlTests {
  static func job(_ tokens: [UInt64], model: UInt32 = 0) throws -> PricingJob {
    try CostingTests.job(
      tokens.enumerated().map { index, count in
        .init(time: 1_690_848_000_000 + Int64(index), series: model, input: count, output: 1)
      })
  }

  @Test func theOutcomeOfTheBatchAgrees() throws {
    for tokens in [[5], [1, 2, 3], [1 << 55, 7]] as [[UInt64]] {
      let job = try Self.job(tokens)
      let outcome = try Costing.price(job)
      #expect(BatchControl(job).difference(to: outcome, digest: []) == nil, "\(tokens)")
    }
  }

  /// The rows and the name are right, the lines are another batch's: 80 + 40 requests became 330.
  @Test func anotherBatchsLinesAreFound() throws {
    let (mine, other) = (try Self.job([5, 6, 7]), try Self.job([5, 6, 8]))
    let control = BatchControl(mine)
    let forged = try Costing.price(other)
    #expect(control.difference(to: forged, digest: []) == "it has 19 input_tokens, the batch 18")
    let fewer = try Costing.price(Self.job([18]))
    #expect(control.difference(to: fewer, digest: [])?.hasPrefix("it is the outcome of") == true)
  }

  @Test func aResultThatTwoWorkersMakeDifferentlyIsFound() throws {
    let job = try Self.job([5])
    let digest = [UInt8](repeating: 1, count: 32)
    let control = BatchControl(job).expecting(digest)
    let outcome = try Costing.price(job)
    #expect(control.difference(to: outcome, digest: digest) == nil)
    #expect(
      control.difference(to: outcome, digest: [UInt8](repeating: 2, count: 32))
        == "two workers priced the batch differently")
  }
}
