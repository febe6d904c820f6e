// SPDX-License-Identifier: Apache-2.0

public import Economics
import Foundation

/// JSON answers: `Encodable` values with the name of their schema, keys in snake_case, in alphabetical
/// order. Money is text of its exact decimals; estimates and quantiles of money are statistics and
/// stay numbers. What is not known is absent or null, never 0.
public enum JSON {
  /// One line.
  /// - Parameter schema: such as `solvent.cost/v1`; published as `docs/schemas/solvent.cost.v1.json`.
  public static func text(_ schema: String, _ answer: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // JSON has no infinities.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "unknown")
    do {
      return String(
        decoding: try encoder.encode(Named(schema: schema, answer: answer)), as: UTF8.self)
    } catch {
      preconditionFailure("an answer of \(schema) is not JSON: \(error)")
    }
  }

  /// An answer beside the name of its schema.
  private struct Named<Answer: Encodable>: Encodable {
    let schema: String
    let answer: Answer

    private enum Key: String, CodingKey { case schema }

    func encode(to encoder: any Encoder) throws {
      try answer.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(schema, forKey: .schema)
    }
  }

  /// A value under a key that is made while the program runs: a dimension, a line of a statement.
  public enum Value: Encodable, Sendable {
    case text(String)
    case count(UInt64)
    case number(Double)
    case flag(Bool)
    case null
    case object([String: Value])
    case list([Value])

    /// The exact decimals of an amount; null where it is not known.
    public static func money(_ money: Money?) -> Value { money.map { .text($0.decimal) } ?? .null }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .count(let count): try container.encode(count)
      case .number(let number): try container.encode(number)
      case .flag(let flag): try container.encode(flag)
      case .null: try container.encodeNil()
      // Keys of a dictionary are data and stay as they are.
      case .object(let fields): try container.encode(fields)
      case .list(let items): try container.encode(items)
      }
    }
  }
}

extension Page {
  /// Writes an answer as a line of JSON.
  public func json(_ schema: String, _ answer: some Encodable) { line(JSON.text(schema, answer)) }
}
