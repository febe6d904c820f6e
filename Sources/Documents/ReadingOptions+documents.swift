// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Usage

extension ReadingOptions {
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
          "'\(mappingName)' is not a known mapping; choose one of "
            + "\(names.joined(separator: ", "))\(near)"
        )
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
          no mapping fits the columns \(header.joined(separator: ", ")); write one as in \
          docs/MAPPINGS.md and give it with --mapping FILE
          """)
      }
      mapping = fitting
    }
    if let origin { mapping.origin = origin }
    for (name, value) in constants { mapping.dimensions[name] = .constant(value) }
    return mapping
  }

  /// The price book: the user's before the built-in one.
  /// - Throws: ``FileProblem`` when the user's book is not valid.
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
