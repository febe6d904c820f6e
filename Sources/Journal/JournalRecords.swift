// SPDX-License-Identifier: Apache-2.0

public import Usage

/// What stands beside a batch in its frame: not for the workers.
public struct JournalSide: Codable, Hashable, Sendable {
  /// The line that follows the batch's rows.
  public var nextLine: Int
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
}

public struct ImportBegin: Codable, Hashable, Sendable {
  public var source: String
  public var stream: [UInt8]
  public var path: String
  /// ``Mapping/identity`` and what overrides it: the same bytes read otherwise are another reading.
  public var reading: String
  /// How long the content is.
  public var bytes: UInt64
  /// Where reading begins: at 0, or behind what an earlier import has read of the same log.
  public var start: UInt64
  /// The number of the line there.
  public var line: Int

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
}

public struct ImportEnd: Codable, Hashable, Sendable {
  public var source: String
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

public struct CommittedBatches: Codable, Hashable, Sendable {
  public var sequences: [UInt64]

  public init(sequences: [UInt64]) { self.sequences = sequences }

  enum CodingKeys: Int, CodingKey {
    case sequences = 1
  }
}

/// What the journal knows of one import.
public struct ImportState: Hashable, Sendable {
  public var path: String
  public var reading: String
  /// How long the content is.
  public var bytes: UInt64
  /// Bytes of the stream up to here are in the journal.
  public var end: UInt64 = 0
  public var nextLine = 2
  public var rowsRead = 0
  public var rowsAccepted = 0
  public var rowsQuarantined = 0
  public var rowsDuplicate = 0
  public var isComplete = false

  public init(path: String, reading: String, bytes: UInt64) {
    self.path = path
    self.reading = reading
    self.bytes = bytes
  }

  public init(_ begin: ImportBegin) {
    self.init(path: begin.path, reading: begin.reading, bytes: begin.bytes)
    end = begin.start
    nextLine = begin.line
  }
}

/// Names an import.
public struct ImportKey: Hashable, Sendable {
  public var source: String
  public var stream: [UInt8]

  public init(source: String, stream: [UInt8]) {
    self.source = source
    self.stream = stream
  }
}
