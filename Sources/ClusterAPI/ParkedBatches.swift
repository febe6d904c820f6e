// SPDX-License-Identifier: Apache-2.0

/// Asks the ingest service about batches that could not be booked: dead letters. They are in the journal and
/// stay there until somebody decides.
public enum JobsRequest: Codable, Hashable, Sendable {
  /// All of them.
  case list
  /// One, with its rows.
  case show(UInt64)
  /// Try these again; all when there is none.
  case replay([UInt64])
  /// Never book these: at least one.
  case discard([UInt64])

  enum CodingKeys: Int, CodingKey {
    case list = 1
    case show, replay, discard
  }

  /// - Throws: `DecodingError` for a discard that names no batch, which must not mean all.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let batch = try container.decodeIfPresent(UInt64.self, forKey: .show) {
      self = .show(batch)
    } else if let batches = try container.decodeIfPresent([UInt64].self, forKey: .replay) {
      self = .replay(batches)
    } else if let batches = try container.decodeIfPresent([UInt64].self, forKey: .discard) {
      guard !batches.isEmpty else {
        throw DecodingError.dataCorruptedError(
          forKey: .discard, in: container, debugDescription: "names no batch to discard")
      }
      self = .discard(batches)
    } else {
      self = .list
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .list: try container.encode(true, forKey: .list)
    case .show(let batch): try container.encode(batch, forKey: .show)
    case .replay(let batches): try container.encode(batches, forKey: .replay)
    case .discard(let batches): try container.encode(batches, forKey: .discard)
    }
  }
}

/// A batch that could not be booked.
public struct ParkedBatch: Codable, Hashable, Sendable {
  /// Its number in the journal.
  public var batch: UInt64
  /// The log's name.
  public var source: String
  /// Bytes of the log: the first, and the one after the last.
  public var start: UInt64
  public var end: UInt64
  /// Rows in it.
  public var rows: Int
  /// Why it was not booked.
  public var reason: String
  /// When, in milliseconds since 1970.
  public var parkedAt: Int64

  public init(
    batch: UInt64, source: String, start: UInt64, end: UInt64, rows: Int, reason: String,
    parkedAt: Int64
  ) {
    self.batch = batch
    self.source = source
    self.start = start
    self.end = end
    self.rows = rows
    self.reason = reason
    self.parkedAt = parkedAt
  }

  enum CodingKeys: Int, CodingKey {
    case batch = 1
    case source, start, end, rows, reason, parkedAt
  }
}

/// What the ingest service knows of its batches.
public struct JobsAnswer: Codable, Hashable, Sendable {
  /// Batches that could not be booked, by number; after a replay or a discard, those that it was about.
  public var parked: [ParkedBatch]
  /// Batches that are on their way to the ledger.
  public var underWay: Int
  /// Of `show`: what is in the batch, by meter name.
  public var quantities: [String: UInt64]
  /// Of `show`: the dimensions of its series, each as `name=value` texts.
  public var series: [[String]]

  public init(
    parked: [ParkedBatch], underWay: Int, quantities: [String: UInt64] = [:],
    series: [[String]] = []
  ) {
    self.parked = parked
    self.underWay = underWay
    self.quantities = quantities
    self.series = series
  }

  enum CodingKeys: Int, CodingKey {
    case parked = 1
    case underWay, quantities, series
  }
}
