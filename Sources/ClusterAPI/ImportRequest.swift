// SPDX-License-Identifier: Apache-2.0

public import Usage

/// Asks the ingest service to read a file.
public struct ImportRequest: Codable, Hashable, Sendable {
  /// Absolute; the ingest service must be able to read it.
  public var path: String
  /// What to call the file in answers.
  public var label: String
  public var options: ReadingOptions

  public init(path: String, label: String, options: ReadingOptions) {
    self.path = path
    self.label = label
    self.options = options
  }

  enum CodingKeys: Int, CodingKey {
    case path = 1
    case label, options
  }
}

/// What an import came to. `rowsRead` is always the sum of the three that follow it.
public struct ImportReport: Codable, Hashable, Sendable {
  public var label: String
  public var source: String
  public var mapping: String
  public var rowsRead: Int
  public var rowsAccepted: Int
  public var rowsQuarantined: Int
  public var rowsDuplicate: Int
  /// Accepted by this import, not by an earlier one of the same file.
  public var rowsNew: Int
  /// The file had been read to its end before.
  public var wasComplete: Bool
  public var quarantineFile: String?
  /// Batches that the ledger refused, and why.
  public var refusals: [String]
  public var note: String

  public init(label: String, source: String, mapping: String) {
    self.label = label
    self.source = source
    self.mapping = mapping
    rowsRead = 0
    rowsAccepted = 0
    rowsQuarantined = 0
    rowsDuplicate = 0
    rowsNew = 0
    wasComplete = false
    refusals = []
    note = ""
  }

  enum CodingKeys: Int, CodingKey {
    case label = 1
    case source, mapping, rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate, rowsNew
    case wasComplete, quarantineFile, refusals, note
  }
}
