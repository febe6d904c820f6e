// SPDX-License-Identifier: Apache-2.0

import Documents
public import Economics
import Testing
public import Usage

/// A log read to its end, as an import reads it.
public struct ReadLog {
  /// November 2026: what lies later is in the future.
  public static let now: Int64 = 1_795_000_000_000
  public static let header = "timestamp,id,model,customer,input_tokens,output_tokens\n"

  public private(set) var pieces: [ReadBatch] = []

  public var accepted: Int { pieces.reduce(0) { $0 + $1.batch.count } }
  public var quarantined: [QuarantinedRow] { pieces.flatMap(\.quarantined) }
  public var duplicates: Int { pieces.reduce(0) { $0 + $1.duplicates } }
  public var read: Int { pieces.reduce(0) { $0 + $1.rowsRead } }

  /// Reads a file, and checks each piece on the way: every row is accepted, put aside or a duplicate.
  public init(
    _ path: String, batchRows: Int = 1_000, ids: IDIndex = IDIndex(),
    _ change: (inout ReadingOptions) -> Void = { _ in }
  ) throws {
    var options = ReadingOptions(batchRows: batchRows)
    change(&options)
    let reader = try UsageReader(
      path: path, source: nil, batchRows: batchRows, ids: ids, now: Self.now
    ) { try options.mapping(for: $0, file: "test") }
    while let piece = try reader.next() {
      #expect(piece.rowsRead == piece.batch.count + piece.quarantined.count + piece.duplicates)
      pieces.append(piece)
    }
  }

  public func sum(_ meter: Meter) -> UInt64 {
    pieces.flatMap(\.batch.quantities).filter { $0.meter == meter }
      .flatMap(\.values).reduce(0, +)
  }
}
