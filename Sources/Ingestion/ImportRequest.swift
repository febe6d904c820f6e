// SPDX-License-Identifier: Apache-2.0

public import Economics

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

/// How to read and price, as the user said.
public struct ReadingOptions: Codable, Hashable, Sendable {
  /// The text of a mapping file, and what to call it in errors.
  public var mappingText: String?
  public var mappingFile: String?
  /// Takes this mapping instead of recognising the header.
  public var mappingName: String?
  public var source: String?
  /// Overrides what relative times count from, in milliseconds since 1970.
  public var origin: Int64?
  /// Dimensions and tags with one value for all rows.
  public var constants: [String: String]
  /// The text of a price book that goes before the shipped one.
  public var pricesText: String?
  public var pricesFile: String?
  public var batchRows: Int

  public init(batchRows: Int = 32_768) {
    constants = [:]
    self.batchRows = batchRows
  }

  enum CodingKeys: Int, CodingKey {
    case mappingText = 1
    case mappingFile, mappingName, source, origin, constants, pricesText, pricesFile, batchRows
  }

  /// The mapping for a header.
  /// - Throws: ``FileProblem`` when none fits.
  public func mapping(for header: [String], file: String) throws(FileProblem) -> Mapping {
    var known: [Mapping] = []
    if let mappingText {
      known = try MappingFile.read(mappingText, file: mappingFile ?? "mapping")
    }
    known += try MappingFile.shipped()
    var mapping: Mapping
    if let mappingName {
      guard let named = known.first(where: { $0.name == mappingName }) else {
        let names = known.map(\.name)
        let near =
          Spelling.hint(for: mappingName, among: names)
        throw FileProblem(
          file: file,
          "there is no mapping '\(mappingName)'; there are \(names.joined(separator: ", "))\(near)")
      }
      mapping = named
    } else {
      guard
        let fitting = known.first(where: { mapping in
          mapping.detect.allSatisfy { header.contains($0) } && !mapping.detect.isEmpty
        })
      else {
        throw FileProblem(
          file: file, line: 1,
          """
          no mapping knows the columns \(header.joined(separator: ", ")); write one as in \
          docs/MAPPINGS.md and give it with --mapping FILE
          """)
      }
      mapping = fitting
    }
    if let origin { mapping.origin = origin }
    for (name, value) in constants { mapping.dimensions[name] = .constant(value) }
    return mapping
  }

  /// The price book: the user's before the shipped one.
  public func priceBook() throws -> PriceBook {
    let shipped = try PriceBookFile.shipped()
    guard let pricesText else { return shipped }
    let own = try PriceBookFile.read(pricesText, file: pricesFile ?? "prices")
    guard own.currency == shipped.currency else {
      // Amounts of two currencies have no sum; the user's book stands alone.
      return own
    }
    return own.over(shipped)
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
