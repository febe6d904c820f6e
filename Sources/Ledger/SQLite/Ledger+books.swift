// SPDX-License-Identifier: Apache-2.0

import CBOR
import Crypto
public import Economics
import Foundation
import GRDB

extension Ledger {
  /// Books entries and figures in one transaction: all or none. What is here already, with the same
  /// content, is known and not booked again.
  /// - Throws: ``LedgerError``; nothing was booked then.
  public func book(_ batch: BooksBatch) throws -> BooksReceipt {
    let receipt = try queue.write { db in
      let currency = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'currency'")
      guard currency == nil || currency == batch.currency else {
        throw LedgerError(
          .currency, "the ledger's currency is \(currency ?? ""), the books' is \(batch.currency)")
      }
      if currency == nil {
        try db.execute(
          sql: "INSERT INTO meta (name, value) VALUES ('currency', ?)",
          arguments: [batch.currency])
      }
      var receipt = BooksReceipt(added: 0, known: 0)
      for entry in batch.entries { receipt.count(isNew: try Self.insert(entry, db)) }
      for figure in batch.figures { receipt.count(isNew: try Self.insert(figure, db)) }
      return receipt
    }
    keep(batch.currency)
    return receipt
  }

  /// - Returns: whether it is new.
  private static func insert(_ entry: BookEntry, _ db: Database) throws -> Bool {
    let content = Data(try CBOREncoder().encode(entry))
    let isNew = try isNew(entry.id, "entries", db) { known in
      // Under which name the file was given is no part of what happened.
      var known = try CBORDecoder().decode(BookEntry.self, from: known)
      known.source = entry.source
      return known == entry
    }
    guard isNew else { return false }
    try db.cachedStatement(
      sql: """
        INSERT INTO entries (id, day, product, customer, counterparty, content, chain)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      entry.id, entry.day, entry.product, entry.customer, entry.counterparty, content,
      try chained(content, "entries", db),
    ])
    let number = db.lastInsertedRowID
    for line in entry.lines {
      let parts = MoneyParts(line.amount)
      try db.cachedStatement(
        sql: "INSERT INTO lines (entry, account, units, pico, yocto) VALUES (?, ?, ?, ?, ?)"
      ).execute(arguments: [number, line.account.rawValue, parts.units, parts.pico, parts.yocto])
    }
    return true
  }

  private static func insert(_ figure: AudienceFigure, _ db: Database) throws -> Bool {
    let content = Data(try CBOREncoder().encode(figure))
    let isNew = try isNew(figure.id, "figures", db) { known in
      var known = try CBORDecoder().decode(AudienceFigure.self, from: known)
      known.source = figure.source
      return known == figure
    }
    guard isNew else { return false }
    try db.cachedStatement(
      sql:
        "INSERT INTO figures (id, day, measure, product, content, chain) VALUES (?, ?, ?, ?, ?, ?)"
    ).execute(arguments: [
      figure.id, figure.day, figure.measure.rawValue, figure.product, content,
      try chained(content, "figures", db),
    ])
    return true
  }

  private static func isNew(
    _ id: String, _ table: String, _ db: Database, _ isSame: ([UInt8]) throws -> Bool
  ) throws -> Bool {
    let known = try Data.fetchOne(
      db.cachedStatement(sql: "SELECT content FROM \(table) WHERE id = ?"), arguments: [id])
    guard let known else { return true }
    guard try isSame(Array(known)) else {
      throw LedgerError(
        .conflict,
        "'\(id)' is already booked with other content; book a correction under another id")
    }
    return false
  }

  private static func chained(_ content: Data, _ table: String, _ db: Database) throws -> Data {
    let last = try Data.fetchOne(
      db.cachedStatement(sql: "SELECT chain FROM \(table) ORDER BY number DESC LIMIT 1"))
    var hash = SHA256()
    hash.update(data: last ?? Data(count: 32))
    hash.update(data: content)
    return Data(hash.finalize())
  }

  /// All entries and figures, in the order in which they were booked.
  /// - Throws: ``LedgerError`` for damage, or GRDB's `DatabaseError`.
  public func books() throws -> BooksBatch {
    try queue.read { db in
      guard try db.tableExists("entries") else {
        return BooksBatch(currency: "", entries: [], figures: [])
      }
      let decoder = CBORDecoder()
      let entries = try Data.fetchAll(db, sql: "SELECT content FROM entries ORDER BY number")
        .map { try decoder.decode(BookEntry.self, from: Array($0)) }
      let figures = try Data.fetchAll(db, sql: "SELECT content FROM figures ORDER BY number")
        .map { try decoder.decode(AudienceFigure.self, from: Array($0)) }
      let currency = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'currency'")
      return BooksBatch(currency: currency ?? "", entries: entries, figures: figures)
    }
  }

  /// Walks the chains of entries and figures, and checks that what stands in columns is what was
  /// booked and that every entry sums to zero.
  static func verifyBooks(_ db: Database) throws -> Int {
    var checked = 0
    for table in ["entries", "figures"] {
      var chain = Data(count: 32)
      let cursor = try Row.fetchCursor(db, sql: "SELECT * FROM \(table) ORDER BY number")
      while let row = try cursor.next() {
        let id: String = try row.value("id")
        let content: Data = try row.value("content")
        func damaged(_ what: String) -> LedgerError {
          LedgerError(.damaged, "\(table) '\(id)': \(what)")
        }
        var hash = SHA256()
        hash.update(data: chain)
        hash.update(data: content)
        chain = Data(hash.finalize())
        guard chain == (try row.value("chain")) else { throw damaged("the hash chain is broken") }
        if table == "entries" {
          let entry: BookEntry
          do {
            entry = try CBORDecoder().decode(BookEntry.self, from: Array(content))
          } catch {
            throw damaged("\(error)")
          }
          let stored = try Row.fetchAll(
            db, sql: "SELECT * FROM lines WHERE entry = ? ORDER BY rowid",
            arguments: [try row.value("number", as: Int64.self)])
          let lines = try stored.map { line in
            EntryLine(
              Account(rawValue: try line.value("account")) ?? .cash,
              try MoneyParts(
                units: line.value("units"), pico: line.value("pico"), yocto: line.value("yocto")
              ).money()
            )
          }
          guard lines == entry.lines, entry.id == id, entry.day == (try row.value("day")) else {
            throw damaged("its lines were changed")
          }
        }
        checked += 1
      }
    }
    return checked
  }
}
