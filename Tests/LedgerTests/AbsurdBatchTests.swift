// SPDX-License-Identifier: Apache-2.0

import CBOR
import Economics
import Pricing
import Testing

/// What a damaged or hostile sender can put into a batch ends in a refusal where it is decoded, not in a trap.
@Suite("Absurd batches")
struct AbsurdBatchTests {
  /// The parts of an outcome as they travel, which hold anything.
  struct Outcome: Codable {
    struct Key: Codable {
      var source = "log"
      var stream: [UInt8] = [1]
      var start: UInt64 = 0
      var end: UInt64 = 100
      enum CodingKeys: Int, CodingKey {
        case source = 1
        case stream, start, end
      }
    }
    struct Table: Codable {
      struct Column: Codable {
        var dimension = "model"
        var values = ["gpt-4"]
        var codes: [UInt32] = [0]
        enum CodingKeys: Int, CodingKey {
          case dimension = 1
          case values, codes
        }
      }
      var count = 1
      var columns = [Column()]
      enum CodingKeys: Int, CodingKey {
        case count = 1
        case columns
      }
    }
    struct Costs: Codable {
      var units: [Int64] = [3]
      var pico: [Int64] = [5]
      var yocto: [Int64] = [7]
      enum CodingKeys: Int, CodingKey {
        case units = 1
        case pico, yocto
      }
    }
    var key = Key()
    var rowsRead = 6
    var rowsAccepted = 3
    var rowsQuarantined = 2
    var rowsDuplicate = 1
    var seriesTable = Table()
    var buckets: [Int64] = [1_878_720]
    var series: [UInt32] = [0]
    var meters: [UInt16] = [3]
    var quantities: [UInt64] = [10]
    var pricings: [UInt16] = [1]
    var evidences: [UInt16] = [2]
    var costs = Costs()
    var book: [UInt8] = [9]
    var currency = "USD"
    enum CodingKeys: Int, CodingKey {
      case key = 1
      case rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate, seriesTable, buckets, series
      case meters, quantities, pricings, evidences, costs, book, currency
    }
  }

  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout Outcome) -> Void
    init(_ description: String, _ change: @escaping @Sendable (inout Outcome) -> Void) {
      testDescription = description
      self.change = change
    }
  }

  @Test func whatFitsTogetherIsTaken() throws {
    let bytes = try CBOREncoder().encode(Outcome())
    let outcome = try CBORDecoder().decode(PricingOutcome.self, from: bytes)
    #expect(outcome.costs.money(0).decimal == "3.000000000005000000000007")
    #expect(try CBOREncoder().encode(outcome) == bytes)
  }

  @Test(
    "Outcomes",
    arguments: [
      Damage("a place beyond the file system") { $0.key.end = .max },
      .init("a place just beyond it") { $0.key.end = 1 << 63 },
      .init("an end before the start") { $0.key.start = 101 },
      // The ledger would not see that it overlaps, and could not book the range that begins there.
      .init("an empty range") { $0.key.start = 100 },
      .init("a log with a name of a megabyte") {
        $0.key.source = String(repeating: "x", count: 1 << 20)
      },
      // SQLite's texts end there: the chain would not be found to hold.
      .init("a log with a zero in its name") { $0.key.source = "log\0" },
      .init("a value with a zero in it") { $0.seriesTable.columns[0].values = ["gpt\0-4"] },
      .init("a dimension with a zero in it") { $0.seriesTable.columns[0].dimension = "\0" },
      .init("a currency with a zero in it") { $0.currency = "US\0" },
      .init("a stream of a kilobyte") { $0.key.stream = [UInt8](repeating: 1, count: 1_024) },
      .init("fewer than no series") {
        $0.seriesTable = .init(count: -1, columns: [])
        ($0.buckets, $0.series, $0.meters, $0.quantities) = ([], [], [], [])
        ($0.pricings, $0.evidences) = ([], [])
        $0.costs = .init(units: [], pico: [], yocto: [])
      },
      .init("series without dimensions") { $0.seriesTable = .init(count: 1 << 40, columns: []) },
      .init("counts of rows that cannot be added") {
        ($0.rowsAccepted, $0.rowsDuplicate) = (.max, .max)
      },
      .init("counts that come to the rows read by wrapping") {
        ($0.rowsAccepted, $0.rowsQuarantined, $0.rowsDuplicate) = (.max, .max, 8)
      },
      .init("fewer than no rows") {
        ($0.rowsRead, $0.rowsAccepted, $0.rowsQuarantined, $0.rowsDuplicate) = (3, -3, 3, 3)
      },
      .init("a bucket beyond 64 bits of milliseconds") { $0.buckets = [1 << 62] },
      .init("the least bucket") { $0.buckets = [.min] },
      .init("a bucket in 2200") { $0.buckets = [TimeBucket.indexes.upperBound + 1] },
      .init("a bucket in 1899") { $0.buckets = [TimeBucket.indexes.lowerBound - 1] },
      .init("a quantity of 2^63") { $0.quantities = [1 << 63] },
      .init("a quantity that no batch has") { $0.quantities = [(1 << 56) + 1] },
      .init("costs that no batch has") { $0.costs.units = [1_000_000_000_002] },
      .init("a loss that no batch has") { $0.costs.units = [-1_000_000_000_002] },
      .init("a cost beyond the range of amounts") { $0.costs.units = [.min] },
      .init("a part of a cost below 0") { $0.costs.pico = [-1] },
      .init("a part of a cost of a unit") { $0.costs.yocto = [1_000_000_000_000] },
      .init("a cost without parts") { $0.costs.pico = [] },
    ])
  func outcomes(_ damage: Damage) throws {
    var outcome = Outcome()
    damage.change(&outcome)
    let bytes = try CBOREncoder().encode(outcome)
    #expect(throws: (any Error).self) {
      try CBORDecoder().decode(PricingOutcome.self, from: bytes)
    }
  }
}
