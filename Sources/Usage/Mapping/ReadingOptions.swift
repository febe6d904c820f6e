// SPDX-License-Identifier: Apache-2.0

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
  /// Rows per batch, 1 to 65,536.
  public var batchRows: Int

  public init(batchRows: Int = 32_768) {
    constants = [:]
    self.batchRows = batchRows
  }

  enum CodingKeys: Int, CodingKey {
    case mappingText = 1
    case mappingFile, mappingName, source, origin, constants, pricesText, pricesFile, batchRows
  }
}
