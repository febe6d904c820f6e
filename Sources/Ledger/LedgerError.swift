// SPDX-License-Identifier: Apache-2.0

/// Why the ledger refuses something.
public struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of refusal it is: an open set, compared by value.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Value: String {
      case notDurable, newerSchema, inUse, conflict, currency, damaged
    }
    private let value: Value
    private init(_ value: Value) { self.value = value }

    /// SQLite would not make a commit durable.
    public static let notDurable = Code(.notDurable)
    /// A later release wrote this ledger.
    public static let newerSchema = Code(.newerSchema)
    /// Another process has it.
    public static let inUse = Code(.inUse)
    /// The ledger holds another result for the same batch, or one that overlaps it.
    public static let conflict = Code(.conflict)
    /// The ledger is kept in another currency.
    public static let currency = Code(.currency)
    /// What is stored does not fit together.
    public static let damaged = Code(.damaged)

    /// The code's stable name, such as `conflict`.
    public var description: String { value.rawValue }
  }

  /// For programs: what to do about it.
  public let code: Code
  /// For people: what was refused and why.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// ``message``, starting with `ledger:`.
  public var description: String { "ledger: \(message)" }
}
