// SPDX-License-Identifier: Apache-2.0

/// A value that nothing may hold: damage, or a bug of the sender. Decoding throws it, so that whatever
/// exists can be computed with.
public struct InvalidValue: Error, Equatable, Sendable, CustomStringConvertible {
  /// What it is and what it must be.
  public let description: String
  /// - Parameter description: a sentence with the value.
  public init(_ description: String) { self.description = description }

  /// Refuses a text, a list or a column that is longer than any honest one.
  /// - Throws: ``InvalidValue`` naming what is too long.
  public static func limit(_ count: Int, to most: Int, _ what: String) throws(InvalidValue) {
    guard count <= most else { throw InvalidValue("\(what): \(count), at most \(most)") }
  }

  /// Refuses a name that databases do not give back as it was: a zero byte ends it there. Names have at
  /// most 4,096 bytes.
  /// - Throws: ``InvalidValue``.
  public static func checkName(_ name: String, _ what: String) throws(InvalidValue) {
    guard name.utf8.count <= 4_096, !name.utf8.contains(0) else {
      throw InvalidValue("\(what) of \(name.utf8.count) bytes, or with a zero among them")
    }
  }

  /// Refuses a number outside a range.
  /// - Throws: ``InvalidValue`` naming the number.
  public static func check<Number: Comparable>(
    _ number: Number, in range: ClosedRange<Number>, _ what: String
  ) throws(InvalidValue) {
    guard range.contains(number) else {
      throw InvalidValue("\(what): \(number), outside \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
