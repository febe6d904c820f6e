// SPDX-License-Identifier: Apache-2.0

/// A question to the report service.
public enum ReportRequest: Codable, Sendable, Hashable {
  /// Answered with a ``CostAnswer``.
  case cost(CostQuery)
  /// Answered with a ``DraftAnswer``.
  case draft(DraftQuery)
  /// Answered with a ``StatementAnswer``.
  case statement(StatementQuery)

  enum CodingKeys: Int, CodingKey {
    case cost = 1
    case draft, statement
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.draft) {
      self = .draft(try container.decode(DraftQuery.self, forKey: .draft))
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
    case .draft(let query): try container.encode(query, forKey: .draft)
    case .statement(let query): try container.encode(query, forKey: .statement)
    }
  }
}
