// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not an acceptable CBOR item, or a value cannot be encoded.
public struct CBORError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong. The set may grow; names are stable.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Value: String {
      case truncated, reserved, indefiniteLength, notShortest, keyOrder, trailingBytes
      case depth, invalidUTF8, typeMismatch, outOfRange, missingKey, unsupported
    }
    private let value: Value
    private init(_ value: Value) { self.value = value }

    /// The bytes end inside an item, or a length exceeds what is left.
    public static let truncated = Code(.truncated)
    /// A head with a reserved additional information value (RFC 8949 section 3).
    public static let reserved = Code(.reserved)
    /// Indefinite lengths are not deterministic (RFC 8949 section 4.2.1).
    public static let indefiniteLength = Code(.indefiniteLength)
    /// A number or length is not in its shortest form (RFC 8949 section 4.2.1).
    public static let notShortest = Code(.notShortest)
    /// Map keys are repeated or not in bytewise order (RFC 8949 sections 4.2.1 and 5.6).
    public static let keyOrder = Code(.keyOrder)
    /// Bytes follow the item.
    public static let trailingBytes = Code(.trailingBytes)
    /// Items are nested deeper than ``CBORReader/depthMax``.
    public static let depth = Code(.depth)
    /// A text string is not UTF-8.
    public static let invalidUTF8 = Code(.invalidUTF8)
    /// The item is of another type than was asked for.
    public static let typeMismatch = Code(.typeMismatch)
    /// A number does not fit the type that was asked for.
    public static let outOfRange = Code(.outOfRange)
    /// A required key is absent.
    public static let missingKey = Code(.missingKey)
    /// Well-formed, but not part of the profile that Solvent uses.
    public static let unsupported = Code(.unsupported)

    /// The code's stable name, such as `truncated`.
    public var description: String { value.rawValue }
  }

  /// What is wrong.
  public let code: Code
  /// The byte at which it was noticed; -1 when encoding.
  public let offset: Int
  /// What was being read or written, for a person.
  public let detail: String

  package init(_ code: Code, at offset: Int = -1, _ detail: String = "") {
    self.code = code
    self.offset = offset
    self.detail = detail
  }

  /// The code, the byte offset and the details.
  public var description: String {
    let position = offset >= 0 ? " at byte \(offset)" : ""
    return detail.isEmpty ? "CBOR: \(code)\(position)" : "CBOR: \(code)\(position): \(detail)"
  }
}
