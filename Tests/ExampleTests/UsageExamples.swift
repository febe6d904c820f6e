// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import TestSupport
import Testing
import Usage

/// The examples in the doc comments of Usage, compiled and run.
@Suite("Usage examples")
struct UsageExamples {
  @Test func aLogIsRead() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "usage.csv", "timestamp,model,input_tokens\n2026-03-02T10:00:00Z,gpt-4,900\nnever,gpt-4,1\n")
    let now = ReadLog.now
    let reader = try UsageReader(
      path: path, source: "gateway", batchRows: 32_768, ids: nil, now: now
    ) { header in try ReadingOptions().mapping(for: header, file: path) }
    var (accepted, quarantined) = (0, 0)
    while let piece = try reader.next() {
      accepted += piece.batch.count
      quarantined += piece.quarantined.count
    }
    #expect(accepted == 1 && quarantined == 1)
  }
}
