// SPDX-License-Identifier: Apache-2.0

/// What was added to your own catalogue.
public struct AdditionPrinter {
  private let file: String
  private let entries: [String]

  /// - Parameters:
  ///   - file: where it was written.
  ///   - entries: the names of what the file holds.
  public init(file: String, entries: [String]) {
    self.file = file
    self.entries = entries
  }

  /// `solvent.fleet.add/v1`
  private struct AddJSON: Encodable {
    var file: String
    var entries: [String]
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.fleet.add/v1", AddJSON(file: file, entries: entries))
    case .csv:
      page.csv(["file", "entry"])
      for entry in entries { page.csv([file, entry]) }
    case .table, .md: page.line("\(file): \(entries.joined(separator: ", "))")
    }
  }
}
