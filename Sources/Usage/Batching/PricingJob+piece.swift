// SPDX-License-Identifier: Apache-2.0

public import Economics

extension PricingJob {
  /// The job for a piece of a log: its batch and the rates that apply to it.
  public init(_ piece: ReadBatch, source: String, stream: [UInt8], book: PriceBook) {
    let batch = piece.batch
    self.init(
      key: BatchKey(source: source, stream: stream, start: piece.start, end: piece.end),
      rowsRead: piece.rowsRead, rowsQuarantined: piece.quarantined.count,
      rowsDuplicate: piece.duplicates, batch: batch,
      rates: batch.span.map { book.cards(for: batch.seriesTable, in: $0) } ?? [],
      book: book.digest, currency: book.currency)
  }
}

extension UsageBatch {
  /// The buckets from the earliest to the latest row; `nil` without rows.
  public var span: ClosedRange<TimeBucket>? {
    guard count > 0 else { return nil }
    var time = baseTime
    var (least, most) = (time, time)
    for delta in timeDeltas {
      time &+= delta &* timeUnit
      least = min(least, time)
      most = max(most, time)
    }
    return TimeBucket(containing: least)...TimeBucket(containing: most)
  }
}
