// SPDX-License-Identifier: Apache-2.0

/// Asks for a scenario from the books.
public struct DraftQuery: Codable, Hashable, Sendable {
  /// Name of the scenario.
  public var name: String
  /// The part of the books, and the months of it that are averaged.
  public var books: StatementQuery

  public init(name: String, books: StatementQuery) {
    self.name = name
    self.books = books
  }

  enum CodingKeys: Int, CodingKey {
    case name = 1
    case books
  }
}

/// A scenario file, ready to be written.
public struct DraftAnswer: Codable, Hashable, Sendable {
  /// YAML (docs/SCENARIOS.md), every value with where it comes from.
  public var text: String
  /// What must be filled in before it runs: the books do not say it.
  public var missing: [String]

  public init(text: String, missing: [String]) {
    self.text = text
    self.missing = missing
  }

  enum CodingKeys: Int, CodingKey {
    case text = 1
    case missing
  }
}
