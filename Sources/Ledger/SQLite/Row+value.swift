// SPDX-License-Identifier: Apache-2.0

import GRDB

extension Row {
  /// The value of a column. SQLite keeps any value in any column, so another kind than the schema's is
  /// damage; GRDB's subscript would end the process.
  /// - Throws: ``LedgerError`` `damaged`.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ column: String, as type: Value.Type = Value.self
  ) throws(LedgerError) -> Value {
    do {
      return try decode(type, forColumn: column)
    } catch {
      throw LedgerError(.damaged, "a row without a proper '\(column)': \(self)")
    }
  }
}
