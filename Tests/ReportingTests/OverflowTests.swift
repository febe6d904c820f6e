// SPDX-License-Identifier: Apache-2.0

import Economics
import Reporting
import Testing

/// Counts beyond 64 bits must be refused as amounts beyond 128 are, not end the process.
@Suite("Counts that are too large")
struct OverflowTests {
  @Test func aQuantityIsRefused() async {
    await withKnownIssue("adding counts traps") {
      await #expect(processExitsWith: .success) {
        var totals = CostTotals()
        // The ledger takes each of them: they are below 2^63.
        for _ in 0..<3 {
          try? totals.add(.inputTokens, UInt64(Int64.max), .uncharged, .measured, .zero)
        }
      }
    }
  }
}
