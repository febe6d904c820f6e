// SPDX-License-Identifier: Apache-2.0

import Economics

/// What to add up, and by what.
public struct CostQuery: Codable, Hashable, Sendable {
  /// ``TimeUnit`` names, dimensions, tags, `source` or `meter`, in the order of the columns.
  public var by: [String]
  /// Milliseconds since 1970, on a bucket's border.
  public var since: Int64?
  /// The end, exclusive, in the same unit; `nil` for no end.
  public var until: Int64?
  /// IANA name of the time zone in which days are cut.
  public var zone: String
  /// Only rows whose dimension has this value.
  public var filters: [String: String]

  public init(
    by: [String] = [], since: Int64? = nil, until: Int64? = nil, zone: String = "UTC",
    filters: [String: String] = [:]
  ) {
    self.by = by
    self.since = since
    self.until = until
    self.zone = zone
    self.filters = filters
  }

  enum CodingKeys: Int, CodingKey {
    case by = 1
    case since, until, zone, filters
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    by = try container.decode([String].self, forKey: .by)
    since = try container.decodeIfPresent(Int64.self, forKey: .since)
    until = try container.decodeIfPresent(Int64.self, forKey: .until)
    zone = try container.decode(String.self, forKey: .zone)
    filters = try container.decode([String: String].self, forKey: .filters)
    for time in [since, until].compactMap(\.self) {
      try InvalidValue.check(time, in: Instant.calendar, "a time")
    }
    try InvalidValue.limit(by.count, to: Self.columnsMax, "columns")
    try InvalidValue.limit(filters.count, to: Self.columnsMax, "filters")
  }

  /// Columns and filters are fewer: they are looked at for every posting.
  private static let columnsMax = 256
}

/// The names under which time can stand in ``CostQuery/by``.
public enum TimeUnit: String, CaseIterable, Sendable {
  /// A quarter of an hour.
  case bucket
  case hour, day, week, month
}

/// Why a question cannot be answered.
public struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is not possible, and what to write instead.
  public let description: String
  /// - Parameter description: a sentence for the person who asked.
  public init(_ description: String) { self.description = description }
}
