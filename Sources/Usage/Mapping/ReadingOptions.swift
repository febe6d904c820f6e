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

  public init(batchRows: Int = 32_768) {
    constants = [:]
    self.batchRows = batchRows
  }

  enum CodingKeys: Int, CodingKey {
    case mappingText = 1
    case mappingFile, mappingName, source, origin, constants, pricesText, pricesFile, batchRows
  }

  /// - Throws: `DecodingError` for what a reader could not work with: a batch of no rows, names and texts
  ///   beyond their bounds.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys, bytesMax: Int) throws -> String? {
      let text = try values.decodeIfPresent(String.self, forKey: key)
      guard text?.utf8.count ?? 0 <= bytesMax else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: values, debugDescription: "has more than \(bytesMax) bytes")
      }
      return text
    }
    mappingText = try text(.mappingText, bytesMax: Self.textBytesMax)
    mappingFile = try text(.mappingFile, bytesMax: Self.pathBytesMax)
    mappingName = try text(.mappingName, bytesMax: Self.nameBytesMax)
    source = try text(.source, bytesMax: Self.nameBytesMax)
    origin = try values.decodeIfPresent(Int64.self, forKey: .origin)
    pricesText = try text(.pricesText, bytesMax: Self.textBytesMax)
    pricesFile = try text(.pricesFile, bytesMax: Self.pathBytesMax)
    constants = try values.decode([String: String].self, forKey: .constants)
    batchRows = try values.decode(Int.self, forKey: .batchRows)
    guard
      constants.count <= Self.constantsMax,
      constants.allSatisfy({ max($0.utf8.count, $1.utf8.count) <= Self.nameBytesMax })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .constants, in: values,
        debugDescription: "are more than \(Self.constantsMax), or longer than \(Self.nameBytesMax)")
    }
    guard Self.batchRowsRange.contains(batchRows) else {
      throw DecodingError.dataCorruptedError(
        forKey: .batchRows, in: values, debugDescription: "is not in \(Self.batchRowsRange)")
    }
  }
}
