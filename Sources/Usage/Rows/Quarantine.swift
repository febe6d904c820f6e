// SPDX-License-Identifier: Apache-2.0

import Economics

/// Why a row was quarantined. The names are stable: they stand in quarantine files.
public enum QuarantineReason: String, Codable, Sendable, CaseIterable {
  case missingField = "missing_field"
  case badNumber = "bad_number"
  case badTimestamp = "bad_timestamp"
  case fieldCount = "field_count"
  case badQuoting = "bad_quoting"
  case controlCharacter = "control_char"
  case badEncoding = "bad_encoding"
  case tooLong = "too_long"
  case lineTooLong = "line_too_long"
  case inconsistent = "inconsistent"
  case idConflict = "id_conflict"

  /// What to do about it, for people.
  public var remedy: String {
    switch self {
    case .missingField: "fill the field, or make it optional in the mapping"
    case .badNumber: "write a plain count such as 100"
    case .badTimestamp:
      "write the time in the mapping's format, with seconds, between 2015 and two days from now"
    case .fieldCount: "give the row as many fields as the header"
    case .badQuoting: "quote a whole field and double the quotes inside it"
    case .controlCharacter: "remove control characters"
    case .badEncoding: "write the file in UTF-8"
    case .tooLong: "shorten the value to 1,024 bytes"
    case .lineTooLong: "split lines over 1 MiB; a quote may be unclosed"
    case .inconsistent: "the part is larger than the whole: check the mapping's 'includes'"
    case .idConflict: "the id was seen with other content; the first one counts"
    }
  }
}

/// A row that was quarantined, as it was.
public struct QuarantinedRow: Codable, Hashable, Sendable {
  /// The line of the file on which the row begins, from 1.
  public var line: Int
  /// The column, or empty when the row as a whole is meant.
  public var field: String
  /// Why the row was rejected.
  public var reason: QuarantineReason
  /// The original text; bytes that are not UTF-8 are shown as U+FFFD. At most 4,096 bytes of it.
  public var text: String

  public init(line: Int, field: String, reason: QuarantineReason, text: String) {
    self.line = line
    self.field = field
    self.reason = reason
    self.text = text
  }

  enum CodingKeys: Int, CodingKey {
    case line = 1
    case field, reason, text
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    line = try container.decode(Int.self, forKey: .line)
    field = try container.decode(String.self, forKey: .field)
    reason = try container.decode(QuarantineReason.self, forKey: .reason)
    text = try container.decode(String.self, forKey: .text)
    try InvalidValue.check(line, in: UsageReader.lines, "a line")
  }
}
