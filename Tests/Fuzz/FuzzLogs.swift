// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Foundation
import Pricing
import Reporting

@testable import Usage

extension Fuzz {
  private static let file = fuzzFolder("log") + "/log.csv"
  private static let now: Int64 = 1_795_000_000_000

  private static let mapping = """
    mappings:
      - name: any
        detect: [t, m, i, o]
        time: {column: t, format: rfc3339, zone: UTC}
        dimensions: {model: {column: m}, team: {constant: blue}}
        quantities:
          input_tokens: {column: i, includes: cached_input_tokens}
          cached_input_tokens: {column: c, optional: true}
          output_tokens: o
        id: k
        evidence: measured
    """

  /// Logs: what the quick path reads is what the general one reads, and all of it can be priced.
  static let logs: [Target] = [
    Target(name: "usage-log", isCBOR: false) {
      [
        Array("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n".utf8)
          + Array("5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,1087,230,1317,API log\n".utf8),
        Array(
          """
          t,m,i,c,o,k
          2026-01-01T00:00:00Z,gpt-4,10,2,3,a
          2026-01-01T00:00:01.5+02:00,"gpt ""4"", x",1e2,,4.0,b
          2026-01-01 00:00:02Z,gpt-4,10,2,3,a

          """.utf8),
      ]
    } take: { bytes in
      readBoth(bytes)
    }
  ]

  private static func readBoth(_ bytes: [UInt8]) {
    try? Data(bytes).write(to: URL(fileURLWithPath: file))
    guard let input = try? ByteSource(path: file), let header = try? HeaderReader.read(input) else {
      return
    }
    header.buffer.deallocate()
    var options = ReadingOptions(batchRows: 7)
    options.mappingText = mapping
    guard let mapping = try? options.mapping(for: header.names, file: "log.csv") else { return }
    let (quickIDs, generalIDs) = (IDIndex(), IDIndex())
    let quick = try? UsageReader(
      path: file, source: "s", batchRows: 7, ids: quickIDs, now: now
    ) { _ in mapping }
    var named = mapping
    named.source = "s"
    let general = try? UsageReader(
      generallyReading: file, batchRows: 7, ids: generalIDs, now: now, mapping: named)
    guard let quick, let general else {
      guard quick == nil && general == nil else { finding("only one can be opened") }
      return
    }
    while true {
      let (a, b) = (try? quick.next(), try? general.next())
      guard a?.batch == b?.batch, a?.quarantined == b?.quarantined, a?.start == b?.start,
        a?.end == b?.end, a?.duplicates == b?.duplicates, a?.contents == b?.contents,
        quick.nextLine == general.nextLine
      else { finding("the quick path reads another batch") }
      guard let a else { return }
      guard a.rowsRead == a.batch.count + a.quarantined.count + a.duplicates else {
        finding("rows got lost")
      }
      price(a)
    }
  }

  private static let book = try? PriceBookFile.shipped()

  private static func price(_ piece: ReadBatch) {
    guard let book else { finding("no price book") }
    do {
      let job = try PricingJob(piece, source: "s", stream: [1], book: book)
      var sum = try CostSum(CostQuery(by: ["day", "model", "meter"]))
      try sum.add(Costing.price(job), seriesBase: 0)
      _ = sum.answer(currency: "USD").days
    } catch {
      finding("what was read cannot be priced: \(error)")
    }
  }
}
