// SPDX-License-Identifier: Apache-2.0

/// What cost can be split by. Besides these names any tag of the source can stand, under its own
/// name: a tag is a dimension that the source brought along.
public enum Dimension {
  /// Who sells the service used: `openai`, or `own` for own hardware.
  public static let provider = "provider"
  /// The AI model.
  public static let model = "model"
  /// The product of ours that used it.
  public static let product = "product"
  /// Whom the usage is for: a customer's name or id, as the log writes it.
  public static let customer = "customer"
  /// The team inside the company that is charged for the usage.
  public static let team = "team"
  /// What was asked for: `chat`, `embeddings`, `image_generation` (OpenTelemetry
  /// `gen_ai.operation.name`).
  public static let operation = "operation"
  /// The log it was read from. Known for every batch; not part of a series.
  public static let source = "source"

  /// The dimensions that every series has, possibly empty, in the order of the ledger's columns.
  public static let standard = [provider, model, product, customer, team, operation]
}

/// The distinct combinations of dimension values in a batch, as columns. A row of usage names its
/// combination by number.
///
///     dimension   values                     codes (one per series)
///     model       [ChatGPT, GPT-4]           [0, 1, 0, 1]
///     log_type    [API log, Conversation…]   [0, 0, 1, 1]
public struct SeriesTable: Codable, Hashable, Sendable {
  /// The values of one dimension: each distinct text once, and one code per series.
  public struct Column: Codable, Hashable, Sendable {
    /// A name of ``Dimension``, or a tag.
    public let dimension: String
    /// The distinct values; a code is an index into them.
    public let values: [String]
    /// The index into ``values`` of each series, so ``SeriesTable/count`` of them.
    public let codes: [UInt32]

    public init(dimension: String, values: [String], codes: [UInt32]) {
      self.dimension = dimension
      self.values = values
      self.codes = codes
    }

    enum CodingKeys: Int, CodingKey {
      case dimension = 1
      case values, codes
    }
  }

  /// The number of series: that of each column's codes, and at most 1 without columns.
  public let count: Int
  /// Sorted by dimension name; a dimension without values in the batch is absent.
  public let columns: [Column]

  /// - Throws: ``BatchError`` when a column does not fit the table.
  public init(count: Int, columns: [Column]) throws(BatchError) {
    self.count = count
    self.columns = columns
    try check()
  }

  /// A table without series.
  public init() {
    count = 0
    columns = []
  }

  enum CodingKeys: Int, CodingKey {
    case count = 1
    case columns
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      count: container.decode(Int.self, forKey: .count),
      columns: container.decode([Column].self, forKey: .columns))
  }

  /// The value of a dimension in a series; empty when it has none.
  public func value(of dimension: String, in series: Int) -> String {
    guard let column = columns.first(where: { $0.dimension == dimension }) else { return "" }
    return column.values[Int(column.codes[series])]
  }

  /// All dimensions of a series that have a value.
  public func dimensions(of series: Int) -> [String: String] {
    var result: [String: String] = [:]
    for column in columns {
      let value = column.values[Int(column.codes[series])]
      if !value.isEmpty { result[column.dimension] = value }
    }
    return result
  }

  private func check() throws(BatchError) {
    guard count >= 0, !columns.isEmpty || count <= 1 else {
      throw BatchError("\(count) series of \(columns.count) dimensions")
    }
    for column in columns {
      guard column.codes.count == count else {
        throw BatchError(
          "'\(column.dimension)' has \(column.codes.count) codes for \(count) series")
      }
      guard count == 0 || column.codes.reduce(0, max) < column.values.count else {
        throw BatchError("'\(column.dimension)' refers to a value that does not exist")
      }
      try BatchError.wrap { () throws(InvalidValue) in
        try InvalidValue.checkName(column.dimension, "a dimension")
        for value in column.values { try InvalidValue.checkName(value, "a \(column.dimension)") }
      }
    }
    guard zip(columns, columns.dropFirst()).allSatisfy({ $0.dimension < $1.dimension }) else {
      throw BatchError("dimensions are repeated or out of order")
    }
  }
}

/// A batch whose parts do not fit together: damage, or a bug of the sender.
public struct BatchError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What does not fit, starting with `batch:`.
  public let description: String
  public init(_ description: String) { self.description = "batch: \(description)" }

  static func wrap(_ body: () throws(InvalidValue) -> Void) throws(BatchError) {
    do throws(InvalidValue) { try body() } catch { throw BatchError(error.description) }
  }
}
