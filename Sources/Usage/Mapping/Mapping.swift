// SPDX-License-Identifier: Apache-2.0

public import Economics

/// How the columns of a log become usage records.
public struct Mapping: Sendable, Hashable {
  /// How a time is written.
  public enum TimeFormat: Sendable, Hashable {
    /// Seconds after ``Mapping/origin``.
    case relativeSeconds
    /// Since 1970: `10^power` of them make a millisecond's unit (3 seconds, 0 ms, -3 µs, -6 ns).
    case epoch(power: Int)
    /// RFC 3339; `zoneMinutes` applies where the text names no zone.
    case rfc3339(zoneMinutes: Int64?)
  }

  /// Where a dimension's value comes from.
  public enum Value: Sendable, Hashable {
    case column(String)
    case constant(String)
  }

  /// Where a meter's count comes from.
  public struct Quantity: Sendable, Hashable {
    /// The column in the header.
    public var column: String
    /// An empty field is an absent quantity, not an error.
    public var isOptional: Bool
    /// The part of it that another meter counts: subtracted, so that meters are disjoint.
    public var includes: Meter?

    public init(column: String, isOptional: Bool = false, includes: Meter? = nil) {
      self.column = column
      self.isOptional = isOptional
      self.includes = includes
    }
  }

  /// When a row counts as failed.
  public struct Failure: Sendable, Hashable {
    /// The column in the header.
    public var column: String
    /// Failed when the field is one of these …
    public var isOneOf: [String]
    /// … or, if this is not empty, none of these.
    public var isNoneOf: [String]

    public init(column: String, isOneOf: [String], isNoneOf: [String]) {
      self.column = column
      self.isOneOf = isOneOf
      self.isNoneOf = isNoneOf
    }
  }

  /// The mapping's name, for `--mapping-name`.
  public var name: String
  /// The columns by which a header is recognised: all must be there.
  public var detect: [String]
  /// What the source is called unless the user says otherwise.
  public var source: String
  /// The byte between fields: comma, semicolon or tab.
  public var delimiter: UInt8
  /// The column with each row's time.
  public var timeColumn: String
  /// How that time is written.
  public var timeFormat: TimeFormat
  /// What relative times count from, in milliseconds since 1970.
  public var origin: Int64
  /// Standard dimensions and tags, by name.
  public var dimensions: [String: Value]
  /// Where each meter's count comes from; without `requests` each row is one request.
  public var quantities: [Meter: Quantity]
  /// When a row counts as failed; `nil` if the log does not say.
  public var failure: Failure?
  /// The column with each row's id; `nil` for logs without ids.
  public var idColumn: String?
  /// How the log's quantities are known.
  public var evidence: Evidence
  /// A remark that is shown after an import.
  public var note: String

  package init(
    name: String, detect: [String], source: String, delimiter: UInt8, timeColumn: String,
    timeFormat: TimeFormat, origin: Int64, dimensions: [String: Value],
    quantities: [Meter: Quantity], failure: Failure?, idColumn: String?, evidence: Evidence,
    note: String
  ) {
    self.name = name
    self.detect = detect
    self.source = source
    self.delimiter = delimiter
    self.timeColumn = timeColumn
    self.timeFormat = timeFormat
    self.origin = origin
    self.dimensions = dimensions
    self.quantities = quantities
    self.failure = failure
    self.idColumn = idColumn
    self.evidence = evidence
    self.note = note
  }

  /// All columns that it reads.
  public var columns: [String] {
    var columns = [timeColumn] + quantities.values.map(\.column)
    for case .column(let name) in dimensions.values { columns.append(name) }
    if let failure { columns.append(failure.column) }
    if let idColumn { columns.append(idColumn) }
    return columns
  }

  /// Columns that must be in the header: the optional ones may be missing altogether.
  var requiredColumns: [String] {
    var columns = [timeColumn] + quantities.values.filter { !$0.isOptional }.map(\.column)
    if let failure { columns.append(failure.column) }
    return columns
  }

  /// A description that is the same whenever it reads the same way: for telling two apart.
  public var identity: String {
    let dimensionText = dimensions.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let quantityText = quantities.sorted { $0.key < $1.key }
      .map {
        "\($0.key.name)=\($0.value.column),\($0.value.isOptional),\($0.value.includes?.name ?? "")"
      }
    return """
      \(name) \(delimiter) \(timeColumn) \(timeFormat) \(origin) \(dimensionText) \(quantityText) \
      \(failure.map { "\($0)" } ?? "-") \(idColumn ?? "-") \(evidence.name)
      """
  }
}
