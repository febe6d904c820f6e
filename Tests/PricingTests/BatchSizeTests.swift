// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Economics
import Testing

@Suite("Batch size")
struct BatchSizeTests {
  /// Usage like that of a large service: 300 customers, 5 products, 8 models, 4 providers, ids.
  static func batch(_ count: Int) throws -> UsageBatch {
    var random = SplitMix64(seed: 7)
    func skewed(_ bound: UInt64) -> UInt32 {
      let unit = Double(random.below(1 << 20)) / Double(1 << 20)
      return UInt32(Double(bound) * unit * unit * unit)
    }
    var combinations: [[UInt32]: UInt32] = [:]
    var table: [[UInt32]] = []
    var series: [UInt32] = []
    var columns: [[UInt64]] = [[], [], [], []]
    var ids: [UInt8] = []
    var deltas: [Int64] = []
    for _ in 0..<count {
      let key = [skewed(300), skewed(8), skewed(5), skewed(4)]
      let number = combinations[key] ?? UInt32(table.count)
      if combinations[key] == nil {
        combinations[key] = number
        table.append(key)
      }
      series.append(number)
      deltas.append(Int64(random.below(40)))
      let input = 20 + random.below(8_000)
      let cached = random.below(2) == 0 ? input / 2 : 0
      columns[0].append(random.below(50) == 0 ? 1 : 0)
      columns[1].append(input - cached)
      columns[2].append(cached)
      columns[3].append(8 + random.below(1_800))
      for _ in 0..<16 { ids.append(UInt8(random.below(256))) }
    }
    let names = ["customer", "model", "product", "provider"]
    let meters: [Meter] = [.failedRequests, .inputTokens, .cachedInputTokens, .outputTokens]
    return try UsageBatch(
      count: count, baseTime: 1_795_390_000_000, timeDeltas: deltas,
      seriesTable: SeriesTable(
        count: table.count,
        columns: names.enumerated().map { place, name in
          var values: [String] = []
          var codes: [UInt32] = []
          for key in table {
            let value = "\(name)-\(1_000 + key[place])"
            if let code = values.firstIndex(of: value) {
              codes.append(UInt32(code))
            } else {
              codes.append(UInt32(values.count))
              values.append(value)
            }
          }
          return .init(dimension: name, values: values, codes: codes)
        }),
      series: series,
      quantities: zip(meters, columns).map { .init(meter: $0, values: $1) }, ids: ids,
      evidence: .measured)
  }

  @Test func aRecordTakesAtMostThirtySixBytes() throws {
    let batch = try Self.batch(1_000)
    let bytes = try CBOREncoder().encode(batch)
    print(
      "a usage record in a batch of 1,000: \(Double(bytes.count) / 1_000) bytes, 16 of them its id")
    #expect(bytes.count <= 36_000)
    #expect(try CBORDecoder().decode(UsageBatch.self, from: bytes) == batch)
  }
}
