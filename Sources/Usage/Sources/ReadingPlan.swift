// SPDX-License-Identifier: Apache-2.0

import Economics
import Glibc

/// Which field of a row is what, worked out once from the mapping and the header.
///
/// A class, so that the row loop holds one reference: of a struct it would copy all parts at each use.
final class ReadingPlan {
  struct Quantity {
    let field: Int
    /// The index of its meter in ``meters``.
    let slot: Int
    let isOptional: Bool
  }

  let timeField: Int
  /// The meters of a row, sorted.
  let meters: [Meter]
  let quantities: [Quantity]
  /// The slots of a quantity and of the part that is counted in it as well.
  let subtractions: [(whole: Int, part: Int)]
  /// The dimensions that vary, and the field of each.
  let varying: [String]
  let dimensions: [Int]
  let constants: [(name: String, value: String)]
  /// -1 when rows do not say whether they failed.
  let failureSlot: Int
  let failureField: Int
  /// As plain memory, since rows are compared with them.
  private let failureValues: UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt8>>
  private let failsWhenListed: Bool
  let idField: Int?

  /// - Throws: ``FileProblem`` when the header lacks what the mapping reads.
  init(_ mapping: Mapping, header: [String], path: String) throws(FileProblem) {
    func field(_ name: String) throws(FileProblem) -> Int {
      if let index = header.firstIndex(of: name) { return index }
      let near = Spelling.hint(for: name, among: header)
      throw FileProblem(
        file: path, line: 1,
        """
        the mapping '\(mapping.name)' reads a column '\(name)', which the header does not have; \
        it has \(header.joined(separator: ", "))\(near)
        """)
    }
    timeField = try field(mapping.timeColumn)
    idField = mapping.idColumn.flatMap { header.firstIndex(of: $0) }
    let present = mapping.quantities.filter { !$1.isOptional || header.contains($1.column) }
    guard !present.isEmpty else {
      throw FileProblem(
        file: path, line: 1,
        """
        none of the quantities of the mapping '\(mapping.name)' is in the header; it looks for \
        \(mapping.quantities.values.map(\.column).sorted().joined(separator: ", "))
        """)
    }
    var meters = present.keys.sorted()
    var (failureSlot, failureField, failsWhenListed) = (-1, 0, true)
    var failureValues: [[UInt8]] = []
    if let failure = mapping.failure {
      meters = (meters + [.failedRequests]).sorted()
      failureSlot = meters.firstIndex(of: .failedRequests) ?? -1
      failureField = try field(failure.column)
      failsWhenListed = failure.isNoneOf.isEmpty
      failureValues = (failsWhenListed ? failure.isOneOf : failure.isNoneOf).map { Array($0.utf8) }
    }
    var quantities: [Quantity] = []
    var subtractions: [(whole: Int, part: Int)] = []
    for (slot, meter) in meters.enumerated() {
      guard let quantity = present[meter] else { continue }
      quantities.append(
        Quantity(field: try field(quantity.column), slot: slot, isOptional: quantity.isOptional))
      if let part = quantity.includes.flatMap({ meters.firstIndex(of: $0) }) {
        subtractions.append((slot, part))
      }
    }
    var varying: [String] = []
    var dimensions: [Int] = []
    var constants: [(name: String, value: String)] = []
    for (name, value) in mapping.dimensions.sorted(by: { $0.key < $1.key }) {
      switch value {
      case .constant(let text):
        constants.append((name, text))
      case .column(let column):
        guard let index = header.firstIndex(of: column) else { continue }
        varying.append(name)
        dimensions.append(index)
      }
    }
    self.meters = meters
    self.quantities = quantities
    self.subtractions = subtractions
    self.varying = varying
    self.dimensions = dimensions
    self.constants = constants
    self.failureSlot = failureSlot
    self.failureField = failureField
    self.failureValues = .allocate(capacity: failureValues.count)
    for (index, value) in failureValues.enumerated() {
      let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: value.count)
      _ = bytes.initialize(from: value)
      self.failureValues.initializeElement(at: index, to: bytes)
    }
    self.failsWhenListed = failsWhenListed
  }

  deinit {
    for value in failureValues { value.deallocate() }
    failureValues.deallocate()
  }

  /// Whether a value of the failure column says that the request failed.
  func tellsFailure(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    for index in 0..<failureValues.count {
      let value = failureValues[index]
      guard value.count == count else { continue }
      if count == 0 || value[0] == start[0] && memcmp(value.baseAddress!, start, count) == 0 {
        return failsWhenListed
      }
    }
    return !failsWhenListed
  }
}
