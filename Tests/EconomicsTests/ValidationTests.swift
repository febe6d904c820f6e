// SPDX-License-Identifier: Apache-2.0

import Economics
import Testing

/// Every way in which a batch can be wrong is refused, one at a time.
@Suite("Validation")
struct ValidationTests {
  /// The parts of a table, which hold anything.
  struct Table: Sendable {
    struct Column: Sendable {
      var dimension: String
      var values: [String]
      var codes: [UInt32]
    }
    var count = 2
    var columns = [
      Column(dimension: "model", values: ["gpt-4", "ada"], codes: [0, 1]),
      Column(dimension: "product", values: ["chat"], codes: [0, 0]),
    ]

    func made() throws -> SeriesTable {
      try SeriesTable(
        count: count,
        columns: columns.map {
          .init(dimension: $0.dimension, values: $0.values, codes: $0.codes)
        })
    }
  }

  /// The parts of a batch.
  struct Batch: Sendable {
    struct Quantities: Sendable {
      var meter: Meter
      var values: [UInt64]
    }
    var count = 3
    var baseTime: Int64 = 1_690_848_000_000
    var timeDeltas: [Int64] = [0, 40, 3]
    var seriesTable = Table()
    var series: [UInt32] = [0, 1, 0]
    var quantities = [
      Quantities(meter: .inputTokens, values: [1, 2, 3]),
      Quantities(meter: .outputTokens, values: [4, 5, 6]),
    ]
    var ids = [UInt8](repeating: 7, count: 48)
    var timeUnit: Int64 = 1

    func made() throws -> UsageBatch {
      try UsageBatch(
        count: count, baseTime: baseTime, timeDeltas: timeDeltas, seriesTable: seriesTable.made(),
        series: series, quantities: quantities.map { .init(meter: $0.meter, values: $0.values) },
        ids: ids, evidence: .measured, timeUnit: timeUnit)
    }
  }

  /// The parts of an outcome.
  struct Outcome: Sendable {
    var rowsRead = 6
    var rowsQuarantined = 2
    var rowsDuplicate = 1
    var lines: PricingOutcome.Lines

    init() throws {
      lines = PricingOutcome.Lines()
      try lines.append(
        bucket: 1, series: 0, .inputTokens, 10, .priced, .measured, Money(quanta: 5))
      try lines.append(bucket: 1, series: 1, .images, 20, .unpriced, .assumed, .zero)
    }

    func made() throws -> PricingOutcome {
      let job = try PricingJob(
        key: BatchKey(source: "s", stream: [1], start: 0, end: 9), rowsRead: rowsRead,
        rowsQuarantined: rowsQuarantined, rowsDuplicate: rowsDuplicate, batch: Batch().made(),
        rates: [], book: [1], currency: "USD")
      return try PricingOutcome(job: job, lines: lines)
    }
  }

  struct Damage<Value>: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout Value) -> Void

    init(_ description: String, _ change: @escaping @Sendable (inout Value) -> Void) {
      testDescription = description
      self.change = change
    }
  }

  @Test func whatFitsTogetherIsTaken() throws {
    #expect(try Table().made().count == 2)
    #expect(try Batch().made().span == TimeBucket(index: 1_878_720)...TimeBucket(index: 1_878_720))
    #expect(try Outcome().made().lineCount == 2)
  }

  @Test(
    "Tables",
    arguments: [
      Damage<Table>("a series too many") { $0.count = 3 },
      .init("a series too few") { $0.count = 1 },
      .init("a code too many") { $0.columns[1].codes.append(0) },
      .init("a code too few") { $0.columns[0].codes.removeLast() },
      .init("a code behind the values") { $0.columns[0].codes[1] = 2 },
      .init("the greatest code") { $0.columns[1].codes[0] = .max },
      .init("no values") { $0.columns[0].values = [] },
      .init("a dimension twice") { $0.columns[1].dimension = "model" },
      .init("dimensions out of order") { $0.columns.swapAt(0, 1) },
    ])
  func tables(_ damage: Damage<Table>) {
    var batch = Batch()
    damage.change(&batch.seriesTable)
    #expect(throws: BatchError.self) { try batch.seriesTable.made() }
    // A batch is no better than its table.
    #expect(throws: BatchError.self) { try batch.made() }
  }

  @Test(
    "Batches",
    arguments: [
      Damage<Batch>("a row too many") { $0.count = 4 },
      .init("a row too few") { $0.count = 2 },
      .init("no rows but columns") { $0.count = 0 },
      .init("fewer than no rows") { $0.count = -1 },
      .init("a time too many") { $0.timeDeltas.append(1) },
      .init("a time too few") { $0.timeDeltas.removeLast() },
      .init("a row without a series") { $0.series.removeLast() },
      .init("a series too many") { $0.series.append(0) },
      .init("a series behind the table") { $0.series[1] = 2 },
      .init("the greatest series") { $0.series[2] = .max },
      .init("a table without series") { $0.seriesTable = Table(count: 0, columns: []) },
      .init("a value too many") { $0.quantities[0].values.append(1) },
      .init("a value too few") { $0.quantities[1].values.removeLast() },
      .init("a meter twice") { $0.quantities[1].meter = .inputTokens },
      .init("meters out of order") { $0.quantities.swapAt(0, 1) },
      .init("half an id") { $0.ids.removeLast(8) },
      .init("an id too few") { $0.ids.removeLast(16) },
      .init("an id too many") { $0.ids += [UInt8](repeating: 1, count: 16) },
      .init("an unknown unit of time") { $0.timeUnit = 60_000 },
      .init("no unit of time") { $0.timeUnit = 0 },
      .init("a unit of time that runs backwards") { $0.timeUnit = -1 },
    ])
  func batches(_ damage: Damage<Batch>) {
    var batch = Batch()
    damage.change(&batch)
    #expect(throws: BatchError.self) { try batch.made() }
  }

  @Test(
    "Batches that look odd and are right",
    arguments: [
      Damage<Batch>("no ids") { $0.ids = [] },
      .init("whole seconds") { $0.timeUnit = 1_000 },
      .init("time that runs backwards") { $0.timeDeltas = [0, -5, -7] },
      .init("before 1970") { $0.baseTime = -1 },
      .init("no quantities") { $0.quantities = [] },
      .init("a series that no row has") { $0.series = [1, 1, 1] },
      .init("no dimensions") {
        $0.seriesTable = Table(count: 1, columns: [])
        $0.series = [0, 0, 0]
      },
      .init("nothing at all") {
        ($0.count, $0.timeDeltas, $0.series, $0.quantities, $0.ids) = (0, [], [], [], [])
      },
    ])
  func oddBatches(_ change: Damage<Batch>) throws {
    var batch = Batch()
    change.change(&batch)
    #expect(try batch.made().count == batch.count)
  }

  @Test(
    "Outcomes",
    arguments: [
      Damage<Outcome>("a bucket too many") { $0.lines.buckets.append(1) },
      .init("a series too few") { $0.lines.series.removeLast() },
      .init("a meter too few") { $0.lines.meters.removeLast() },
      .init("a quantity too many") { $0.lines.quantities.append(1) },
      .init("a pricing too few") { $0.lines.pricings.removeLast() },
      .init("an evidence too few") { $0.lines.evidences.removeLast() },
      .init("a cost too many") { try? $0.lines.costs.append(.zero) },
      .init("no cost") { $0.lines.costs = MoneyColumn() },
      .init("a series behind the table") { $0.lines.series[1] = 2 },
      .init("meter 0") { $0.lines.meters[0] = 0 },
      .init("a meter that is not known yet") { $0.lines.meters[0] = 7 },
      .init("an unknown pricing") { $0.lines.pricings[0] = 3 },
      .init("evidence 0") { $0.lines.evidences[0] = 0 },
      .init("an unknown evidence") { $0.lines.evidences[1] = 5 },
      .init("a row read too many") { $0.rowsRead += 1 },
      .init("a row put aside too few") { $0.rowsQuarantined -= 1 },
      .init("a duplicate too many") { $0.rowsDuplicate += 1 },
    ])
  func outcomes(_ damage: Damage<Outcome>) throws {
    var outcome = try Outcome()
    damage.change(&outcome)
    #expect(throws: BatchError.self) { try outcome.made() }
  }

  @Test(
    "A table has as many series as its columns say, and one at most without columns",
    arguments: [
      // series, of a table without columns
      -1, Int.min, 2, 1 << 40, Int.max,
    ])
  func absurdCounts(_ count: Int) {
    #expect(throws: BatchError.self) { try SeriesTable(count: count, columns: []) }
  }

  @Test(
    "Times that no calendar has, or that are reached by steps that would overflow",
    arguments: [
      // first row, steps, unit
      (Int64.min, [0, 0, 0], 1), (.max, [0, 0, 0], 1), (0, [0, .max, 1], 1),
      (0, [0, .min, 1], 1), (0, [0, 1 << 61, 1 << 61], 1_000), (0, [0, 7_258_118_400_000, 0], 1),
      (0, [0, 7_258_118_400, -7_258_118_400], 1_000), (0, [0, -2_208_988_800_001, 0], 1),
      // Back to where they began, by wrapping.
      (0, [0, 9_000_000_000_000_000, -9_000_000_000_000_000], 1_000),
    ] as [(Int64, [Int64], Int64)])
  func absurdTimes(_ base: Int64, _ deltas: [Int64], _ unit: Int64) {
    var batch = Batch()
    (batch.baseTime, batch.timeDeltas, batch.timeUnit) = (base, deltas, unit)
    #expect(throws: BatchError.self) { try batch.made() }
  }

  @Test func aBatchKnowsItsSpan() throws {
    var batch = Batch()
    batch.timeDeltas = [0, 86_400_000, -172_800_000]
    #expect(
      try batch.made().span
        == TimeBucket(index: 1_878_720 - 96)...TimeBucket(index: 1_878_720 + 96))
  }

  @Test func aSeriesIsItsValues() throws {
    let table = try SeriesTable(
      count: 2,
      columns: [
        .init(dimension: "model", values: ["", "ada"], codes: [0, 1]),
        .init(dimension: "team", values: ["blue"], codes: [0, 0]),
      ])
    #expect(table.dimensions(of: 0) == ["team": "blue"])  // An empty value is none.
    #expect(table.dimensions(of: 1) == ["model": "ada", "team": "blue"])
    #expect(table.value(of: "model", in: 0).isEmpty && table.value(of: "model", in: 1) == "ada")
    #expect(table.value(of: "customer", in: 1).isEmpty)
  }

  @Test(
    "Keys are in the order of source, stream and place",
    arguments: [
      // smaller, greater
      (("a", [9], 8, 9), ("b", [1], 0, 1)), (("a", [1], 8, 9), ("a", [2], 0, 1)),
      (("a", [1], 8, 9), ("a", [1, 0], 0, 1)), (("a", [], 8, 9), ("a", [0], 0, 1)),
      (("a", [1], 0, 5), ("a", [1], 5, 6)), (("a", [1], 0, 5), ("a", [1], 0, 6)),
    ] as [((String, [UInt8], UInt64, UInt64), (String, [UInt8], UInt64, UInt64))])
  func keys(
    _ smaller: (String, [UInt8], UInt64, UInt64), _ greater: (String, [UInt8], UInt64, UInt64)
  ) throws {
    func key(_ parts: (String, [UInt8], UInt64, UInt64)) throws -> BatchKey {
      try BatchKey(source: parts.0, stream: parts.1, start: parts.2, end: parts.3)
    }
    let (low, high) = (try key(smaller), try key(greater))
    #expect(low < high && !(high < low) && !(low < low))
  }

  @Test func aKeyIsShownWithTheBeginningOfItsStream() throws {
    let key = try BatchKey(
      source: "log", stream: [0, 0x0A, 0xFF, 0x10, 1, 2, 3, 4], start: 5, end: 77)
    #expect(key.description == "log 000aff100102 bytes 5..<77")
  }
}
