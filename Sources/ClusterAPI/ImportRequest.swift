// SPDX-License-Identifier: Apache-2.0

public import Usage

/// Asks the ingest service to read a file.
public struct ImportRequest: Codable, Hashable, Sendable {
  /// Absolute; the ingest service must be able to read it.
  public var path: String
  /// What to call the file in answers.
  public var label: String
  /// How to read and price the file.
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
  /// The file's name in answers.
  public var label: String
  /// The log's name in the ledger.
  public var source: String
  /// The mapping that was used.
  public var mapping: String
  /// Rows of the file, without its header.
  public var rowsRead: Int
  /// Rows in batches, of this and earlier imports.
  public var rowsAccepted: Int
  /// Rows rejected with a reason.
  public var rowsQuarantined: Int
  /// Rows whose id was accepted before.
  public var rowsDuplicate: Int
  /// Accepted by this import, not by an earlier one of the same file.
  public var rowsNew: Int
  /// The file had been read to its end before.
  public var wasComplete: Bool
  /// The file with the rejected rows; `nil` if there are none.
  public var quarantineFile: String?
  /// Batches that the ledger refused, and why.
  public var refusals: [String]
  /// A remark for people; empty if there is none.
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
