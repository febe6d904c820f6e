// SPDX-License-Identifier: Apache-2.0

import Economics

/// How to read and price, as the user said.
public struct ReadingOptions: Codable, Hashable, Sendable {
  /// The text of a mapping file, and what to call it in errors.
  public var mappingText: String?
  /// The name of the mapping file in errors.
  public var mappingFile: String?
  /// Takes this mapping instead of recognising the header.
  public var mappingName: String?
  /// The log's name; `nil` uses the mapping's.
  public var source: String?
  /// Overrides what relative times count from, in milliseconds since 1970.
  public var origin: Int64?
  /// Dimensions and tags with one value for all rows.
  public var constants: [String: String]
  /// The text of a price book that goes before the built-in one.
  public var pricesText: String?
  /// The name of the price book's file in errors.
  public var pricesFile: String?
  /// Rows per batch: one of ``batchRowsRange``.
  public let batchRows: Int

  /// Rows that a batch may have.
  public static let batchRowsRange = 1...65_536
  /// Constants that a message may give: a batch must fit a message as well.
  static let constantsMax = 64
  /// Bytes of a name or a value in a message: as many as a row's value may have.
  static let nameBytesMax = 1_024
  /// Bytes of a path in a message (PATH_MAX).
  static let pathBytesMax = 4_096
  /// Bytes of a mapping's or a price book's text in a message.
  static let textBytesMax = 4 * 1_024 * 1_024

  /// - Precondition: `batchRows` is one of ``batchRowsRange``.
  public init(batchRows: Int = 32_768) {
    precondition(
      Self.batchRowsRange.contains(batchRows), "a batch has from 1 to 65,536 rows")
    constants = [:]
    self.batchRows = batchRows
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    mappingText = try container.decodeIfPresent(String.self, forKey: .mappingText)
    mappingFile = try container.decodeIfPresent(String.self, forKey: .mappingFile)
    mappingName = try container.decodeIfPresent(String.self, forKey: .mappingName)
    source = try container.decodeIfPresent(String.self, forKey: .source)
    origin = try container.decodeIfPresent(Int64.self, forKey: .origin)
    constants = try container.decode([String: String].self, forKey: .constants)
    pricesText = try container.decodeIfPresent(String.self, forKey: .pricesText)
    pricesFile = try container.decodeIfPresent(String.self, forKey: .pricesFile)
    batchRows = try container.decode(Int.self, forKey: .batchRows)
    try check()
  }

  private func check() throws(InvalidValue) {
    try InvalidValue.check(batchRows, in: Self.batchRowsRange, "rows per batch")
    if let origin { try InvalidValue.check(origin, in: Instant.calendar, "origin") }
    for text in [mappingText, pricesText] {
      try InvalidValue.limit(text?.utf8.count ?? 0, to: Self.textBytesMax, "bytes of a file")
    }
    for name in [mappingFile, mappingName, pricesFile] {
      try InvalidValue.limit(name?.utf8.count ?? 0, to: Self.pathBytesMax, "bytes of a name")
    }
    try InvalidValue.limit(
      source?.utf8.count ?? 0, to: BatchKey.sourceBytesMax, "bytes of a log's name")
    try InvalidValue.limit(constants.count, to: Self.constantsMax, "dimensions with one value")
    for (name, value) in constants {
      try InvalidValue.limit(
        max(name.utf8.count, value.utf8.count), to: Self.nameBytesMax,
        "bytes of a dimension or its value")
    }
  }

  enum CodingKeys: Int, CodingKey {
    case mappingText = 1
    case mappingFile, mappingName, source, origin, constants, pricesText, pricesFile, batchRows
  }
}
