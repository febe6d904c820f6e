// SPDX-License-Identifier: Apache-2.0

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

  public init(source: String, stream: [UInt8], path: String, reading: String) {
    self.source = source
    self.stream = stream
    self.path = path
    self.reading = reading
  }

  enum CodingKeys: Int, CodingKey {
    case source = 1
    case stream, path, reading
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
  /// Bytes of the stream up to here are in the journal.
  public var end: UInt64 = 0
  public var nextLine = 2
  public var rowsRead = 0
  public var rowsAccepted = 0
  public var rowsQuarantined = 0
  public var rowsDuplicate = 0
  public var isComplete = false

  public init(path: String, reading: String) {
    self.path = path
    self.reading = reading
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
