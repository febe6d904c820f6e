// SPDX-License-Identifier: Apache-2.0

public import Economics

extension PricingJob {
  /// The job for a piece of a log: its batch and the rates that apply to it.
  /// - Throws: ``BatchError`` for a name of a log that is too long.
  public init(
    _ piece: ReadBatch, source: String, stream: [UInt8], book: PriceBook
  ) throws(BatchError) {
    let batch = piece.batch
    try self.init(
      key: BatchKey(source: source, stream: stream, start: piece.start, end: piece.end),
      rowsRead: piece.rowsRead, rowsQuarantined: piece.quarantined.count,
      rowsDuplicate: piece.duplicates, batch: batch,
      rates: batch.span.map { book.cards(for: batch.seriesTable, in: $0) } ?? [],
      book: book.digest, currency: book.currency)
  }
}
