// SPDX-License-Identifier: Apache-2.0

/// A question to the report service.
public enum ReportRequest: Codable, Sendable, Hashable {
  /// Answered with a ``CostAnswer``.
  case cost(CostQuery)
  /// Answered with a `BooksBatch` of all entries and figures.
  case books
  /// Answered with a ``StatementAnswer``.
  case statement(StatementQuery)

  enum CodingKeys: Int, CodingKey {
    case cost = 1
    case books, statement
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.books) {
      self = .books
    } else if container.contains(.statement) {
      self = .statement(try container.decode(StatementQuery.self, forKey: .statement))
    } else {
      self = .cost(try container.decode(CostQuery.self, forKey: .cost))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .cost(let query): try container.encode(query, forKey: .cost)
    case .books: try container.encode(true, forKey: .books)
    case .statement(let query): try container.encode(query, forKey: .statement)
    }
  }
}
