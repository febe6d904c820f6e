// SPDX-License-Identifier: Apache-2.0

import Economics
public import FileHandover
public import Usage

/// Asks the ingest service to read a file that the asker has opened.
public struct ImportRequest: Codable, Hashable, Sendable {
  /// Bytes of a label: as many as a path may have (PATH_MAX).
  public static let labelBytesMax = 4_096

  /// What the open file is asked for by. A path is never sent: the service would open with its own rights
  /// whatever a peer can name.
  public let file: FileOfferName
  /// What to call the file in answers.
  public let label: String
  /// How to read and price the file.
  public let options: ReadingOptions

  /// - Parameter label: at most ``labelBytesMax`` bytes; the rest of a longer one is left out.
  public init(file: FileOfferName, label: String, options: ReadingOptions) {
    self.file = file
    // A letter that is cut through becomes U+FFFD, of 3 bytes.
    self.label =
      label.utf8.count <= Self.labelBytesMax
      ? label : String(decoding: label.utf8.prefix(Self.labelBytesMax - 3), as: UTF8.self)
    self.options = options
  }

  enum CodingKeys: Int, CodingKey {
    // 1 was a path.
    case label = 2
    case options, file
  }

  /// - Throws: `DecodingError` for a request that names no offered file, or whose label is too long.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    guard let file = try values.decodeIfPresent(FileOfferName.self, forKey: .file) else {
      throw DecodingError.dataCorruptedError(
        forKey: .file, in: values,
        debugDescription: "an import names an open file that is offered, not a path")
    }
    self.file = file
    label = try values.decode(String.self, forKey: .label)
    options = try values.decode(ReadingOptions.self, forKey: .options)
    guard label.utf8.count <= Self.labelBytesMax else {
      throw DecodingError.dataCorruptedError(
        forKey: .label, in: values, debugDescription: "has more than \(Self.labelBytesMax) bytes")
    }
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

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    label = try container.decode(String.self, forKey: .label)
    source = try container.decode(String.self, forKey: .source)
    mapping = try container.decode(String.self, forKey: .mapping)
    rowsRead = try container.decode(Int.self, forKey: .rowsRead)
    rowsAccepted = try container.decode(Int.self, forKey: .rowsAccepted)
    rowsQuarantined = try container.decode(Int.self, forKey: .rowsQuarantined)
    rowsDuplicate = try container.decode(Int.self, forKey: .rowsDuplicate)
    rowsNew = try container.decode(Int.self, forKey: .rowsNew)
    wasComplete = try container.decode(Bool.self, forKey: .wasComplete)
    quarantineFile = try container.decodeIfPresent(String.self, forKey: .quarantineFile)
    refusals = try container.decode([String].self, forKey: .refusals)
    note = try container.decode(String.self, forKey: .note)
    for rows in [rowsRead, rowsAccepted, rowsQuarantined, rowsDuplicate, rowsNew] {
      try InvalidValue.check(rows, in: 0...UsageReader.lines.upperBound, "rows")
    }
  }
}
