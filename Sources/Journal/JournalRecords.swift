// SPDX-License-Identifier: Apache-2.0

import Economics
public import Usage

/// What stands beside a batch in its frame: not for the workers.
public struct BatchMetadata: Codable, Hashable, Sendable {
  /// The line that follows the batch's rows.
  public var nextLine: Int
  /// The rows of the batch's range that were rejected, with reasons.
  public var quarantined: [QuarantinedRow]
  /// The content hash of each accepted row, for sources with ids.
  public var contents: [UInt64]

  public init(nextLine: Int, quarantined: [QuarantinedRow], contents: [UInt64]) {
    self.nextLine = nextLine
    self.quarantined = quarantined
    self.contents = contents
  }

  enum CodingKeys: Int, CodingKey {
    case nextLine = 1
    case quarantined, contents
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    nextLine = try container.decode(Int.self, forKey: .nextLine)
    quarantined = try container.decode([QuarantinedRow].self, forKey: .quarantined)
    contents = try container.decode([UInt64].self, forKey: .contents)
    try InvalidValue.check(nextLine, in: UsageReader.lines, "a line")
  }
}

/// The record of an import that begins: what is read, how, and from where.
public struct ImportBegin: Codable, Hashable, Sendable {
  /// The log's name.
  public var source: String
  /// SHA-256 digest of the content.
  public var stream: [UInt8]
  /// The file, as it was given; for people only.
  public var path: String
  /// ``Mapping/identity`` and what overrides it: the same bytes read otherwise are another reading.
  public var reading: String
  /// How long the content is.
  public var bytes: UInt64
  /// Where reading begins: at 0, or behind what an earlier import has read of the same log.
  public var start: UInt64
  /// The number of the line there.
  public var line: Int

  /// The record of an import that resumes at its state.
  public init(_ key: ImportKey, _ state: ImportState) {
    source = key.source
    stream = key.stream
    path = state.path
    reading = state.reading
    bytes = state.bytes
    start = state.end
    line = state.nextLine
  }

  enum CodingKeys: Int, CodingKey {
    case source = 1
    case stream, path, reading, bytes, start, line
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    source = try container.decode(String.self, forKey: .source)
    stream = try container.decode([UInt8].self, forKey: .stream)
    path = try container.decode(String.self, forKey: .path)
    reading = try container.decode(String.self, forKey: .reading)
    bytes = try container.decode(UInt64.self, forKey: .bytes)
    start = try container.decode(UInt64.self, forKey: .start)
    line = try container.decode(Int.self, forKey: .line)
    try InvalidValue.check(bytes, in: 0...UInt64(Int64.max), "the length of a log")
    try InvalidValue.check(start, in: 0...bytes, "where an import begins")
    try InvalidValue.check(line, in: UsageReader.lines, "a line")
  }
}

/// The record of an import whose every row is in the journal.
public struct ImportEnd: Codable, Hashable, Sendable {
  /// The log's name.
  public var source: String
  /// SHA-256 digest of the content.
  public var stream: [UInt8]

  public init(source: String, stream: [UInt8]) {
    self.source = source
    self.stream = stream
  }

  enum CodingKeys: Int, CodingKey {
    case source = 1
    case stream
  }
}

/// The record of batches that the ledger has booked.
public struct CommittedBatches: Codable, Hashable, Sendable {
  /// Their journal sequences.
  public var sequences: [UInt64]

  public init(sequences: [UInt64]) { self.sequences = sequences }

  enum CodingKeys: Int, CodingKey {
    case sequences = 1
  }
}

/// The record of batches that somebody decided not to book: they stay, and are not sent again.
public struct DiscardedBatches: Codable, Hashable, Sendable {
  /// Their journal sequences.
  public var sequences: [UInt64]

  public init(sequences: [UInt64]) { self.sequences = sequences }

  enum CodingKeys: Int, CodingKey {
    case sequences = 1
  }
}

/// What the journal knows of one import.
public struct ImportState: Hashable, Sendable {
  /// The file, as it was given.
  public var path: String
  /// How it is read: see ``ImportBegin/reading``.
  public var reading: String
  /// How long the content is.
  public var bytes: UInt64
  /// Bytes of the stream up to here are in the journal.
  public var end: UInt64 = 0
  /// The line at ``end``, from 1; the header is line 1.
  public var nextLine = 2
  /// Rows up to ``end``: the sum of the three counts that follow.
  public var rowsRead = 0
  /// Rows in batches.
  public var rowsAccepted = 0
  /// Rows rejected with a reason.
  public var rowsQuarantined = 0
  /// Rows whose id was accepted before.
  public var rowsDuplicate = 0
  /// Whether the import has ended.
  public var isComplete = false

  public init(path: String, reading: String, bytes: UInt64) {
    self.path = path
    self.reading = reading
    self.bytes = bytes
  }

  /// The state just after an import began.
  public init(_ begin: ImportBegin) {
    self.init(path: begin.path, reading: begin.reading, bytes: begin.bytes)
    end = begin.start
    nextLine = begin.line
  }
}

/// Names an import.
public struct ImportKey: Hashable, Sendable {
  /// The log's name.
  public var source: String
  /// SHA-256 digest of the content.
  public var stream: [UInt8]

  public init(source: String, stream: [UInt8]) {
    self.source = source
    self.stream = stream
  }
}
