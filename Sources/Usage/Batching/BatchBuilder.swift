// SPDX-License-Identifier: Apache-2.0

import Economics

/// Collects rows into a ``UsageBatch``.
///
/// The columns are plain memory: growing arrays would cost a check at each of ten million values.
struct BatchBuilder: ~Copyable {
  let capacity: Int
  private let meters: [Meter]
  private let names: [String]
  private let constants: [(name: String, value: String)]
  private let evidence: Evidence

  private(set) var count = 0
  private var baseTime: Int64 = 0
  private var lastTime: Int64 = 0
  private var areSeconds = true
  private let timeDeltas: UnsafeMutablePointer<Int64>
  private let series: UnsafeMutablePointer<UInt32>
  /// One column after the other, `capacity` values each.
  private let quantities: UnsafeMutablePointer<UInt64>
  /// One for each name. Plain memory, since the row loop uses them at each row.
  let interners: UnsafeMutablePointer<Interner>
  private let chain: UnsafeMutablePointer<PairInterner>
  private let links: Int
  /// How many different combinations of values there are.
  private var seriesCount = 0
  private var ids: [UInt8] = []

  /// - Parameters:
  ///   - meters: the meters of the quantities, sorted.
  ///   - names: the dimensions that vary, in the order of ``append(time:codes:quantities:)``.
  ///   - constants: the dimensions that do not.
  init(
    capacity: Int, meters: [Meter], names: [String],
    constants: [(name: String, value: String)], evidence: Evidence
  ) {
    self.capacity = capacity
    self.meters = meters
    self.names = names
    self.constants = constants
    self.evidence = evidence
    timeDeltas = .allocate(capacity: capacity)
    series = .allocate(capacity: capacity)
    quantities = .allocate(capacity: capacity * max(1, meters.count))
    interners = .allocate(capacity: max(1, names.count))
    interners.initialize(repeating: Interner(), count: names.count)
    links = max(0, names.count - 1)
    chain = .allocate(capacity: max(1, links))
    chain.initialize(repeating: PairInterner(), count: links)
  }

  deinit {
    timeDeltas.deallocate()
    series.deallocate()
    quantities.deallocate()
    interners.deinitialize(count: names.count)
    interners.deallocate()
    chain.deinitialize(count: links)
    chain.deallocate()
  }

  var isFull: Bool { count == capacity }

  /// What the series table takes at most, in bytes.
  var tableBytes: Int { seriesCount &* names.count &* 4 }

  /// The code of a value of the varying dimension `index`, if the batch holds it already.
  mutating func code(
    _ index: Int, _ start: UnsafePointer<UInt8>, _ count: Int
  ) -> UInt32? {
    interners[index].find(start, count)
  }

  mutating func newCode(
    _ index: Int, _ start: UnsafePointer<UInt8>, _ count: Int, _ value: String
  ) -> UInt32 {
    interners[index].insert(start, count, value)
  }

  mutating func append(
    time: Int64, codes: UnsafeBufferPointer<UInt32>, quantities row: UnsafeBufferPointer<UInt64>
  ) {
    if count == 0 {
      baseTime = time
      lastTime = time
    }
    let delta = time &- lastTime
    timeDeltas[count] = delta
    lastTime = time
    areSeconds = areSeconds && delta % 1_000 == 0
    var number = codes.isEmpty ? 0 : codes[0]
    for index in 0..<links { number = chain[index].number(number, codes[index &+ 1]) }
    series[count] = number
    if Int(number) >= seriesCount { seriesCount = Int(number) + 1 }
    for index in 0..<row.count { quantities[index &* capacity &+ count] = row[index] }
    count &+= 1
  }

  mutating func append(id: IDIndex.ID) {
    withUnsafeBytes(of: id.high.bigEndian) { ids.append(contentsOf: $0) }
    withUnsafeBytes(of: id.low.bigEndian) { ids.append(contentsOf: $0) }
  }

  /// The batch so far; the builder begins anew.
  /// - Throws: ``BatchError`` for a time outside 1900 to 2200.
  mutating func finish() throws(BatchError) -> UsageBatch {
    let table = try seriesTable()
    var columns: [UsageBatch.Quantities] = []
    for (index, meter) in meters.enumerated() {
      let values = UnsafeBufferPointer(start: quantities + index * capacity, count: count)
      // A column of requests that is all zeros still says that rows are not requests.
      if meter == .requests || values.contains(where: { $0 != 0 }) {
        columns.append(.init(meter: meter, values: Array(values)))
      }
    }
    if areSeconds { for row in 0..<count { timeDeltas[row] /= 1_000 } }
    let batch = try UsageBatch(
      count: count, baseTime: baseTime,
      timeDeltas: Array(UnsafeBufferPointer(start: timeDeltas, count: count)),
      seriesTable: table, series: Array(UnsafeBufferPointer(start: series, count: count)),
      quantities: columns, ids: ids, evidence: evidence,
      timeUnit: areSeconds ? 1_000 : 1)
    reset()
    return batch
  }

  private mutating func reset() {
    count = 0
    ids = []
    seriesCount = 0
    areSeconds = true
    for index in 0..<names.count { interners[index].removeAll() }
    for index in 0..<links { chain[index].removeAll() }
  }

  private func seriesTable() throws(BatchError) -> SeriesTable {
    var columns: [SeriesTable.Column] = []
    for (index, name) in names.enumerated() {
      let codes = (0..<seriesCount).map { code(of: index, inSeries: $0) }
      guard interners[index].values != [""] else { continue }
      columns.append(.init(dimension: name, values: interners[index].values, codes: codes))
    }
    for constant in constants where !constant.value.isEmpty {
      let codes = [UInt32](repeating: 0, count: seriesCount)
      columns.append(.init(dimension: constant.name, values: [constant.value], codes: codes))
    }
    columns.sort { $0.dimension < $1.dimension }
    return try SeriesTable(count: seriesCount, columns: columns)
  }

  /// Unfolds the chain of pairs: series -> (… , code of the last column), and so on to the first.
  private func code(of column: Int, inSeries series: Int) -> UInt32 {
    var number = UInt32(series)
    var link = links
    while link > 0 {
      let pair = chain[link - 1].pairs[Int(number)]
      if link == column { return pair.1 }
      number = pair.0
      link -= 1
    }
    return number
  }
}
