// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables, in numbered migrations that only go forward, each in one transaction.
///
///     batches    one row per batch: its key (unique), what was read, the digests of its result and of
///                its postings, and the hash chain over all batches
///     series     each combination of dimension values once
///     postings   what a batch says of a (bucket, series, meter): quantity, pricing, evidence, cost
///     entries    revenue, other costs, capital, cash: dated, double, with a hash chain of their own
///     lines      the amounts of an entry by account; they sum to zero
///     figures    audience
///
/// Rows are only ever added. A cost is three integers, which SQLite sums exactly:
///
///     cost = units + pico / 10^12 + yocto / 10^24        0 <= pico, yocto < 10^12
enum LedgerSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 usage costs") { db in
      try db.execute(sql: first)
    }
    migrator.registerMigration("2 books") { db in
      try db.execute(sql: second)
    }
    return migrator
  }

  private static let second = """
    CREATE TABLE entries (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      day INTEGER NOT NULL,
      product TEXT NOT NULL,
      customer TEXT NOT NULL,
      counterparty TEXT NOT NULL,
      content BLOB NOT NULL,
      chain BLOB NOT NULL
    );

    CREATE TABLE lines (
      entry INTEGER NOT NULL REFERENCES entries (number),
      account TEXT NOT NULL,
      units INTEGER NOT NULL,
      pico INTEGER NOT NULL,
      yocto INTEGER NOT NULL
    );

    CREATE TABLE figures (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      day INTEGER NOT NULL,
      measure TEXT NOT NULL,
      product TEXT NOT NULL,
      content BLOB NOT NULL,
      chain BLOB NOT NULL
    );

    CREATE TRIGGER entries_are_final BEFORE UPDATE ON entries
    BEGIN SELECT raise(ABORT, 'entries are never changed; add a correction'); END;
    CREATE TRIGGER entries_stay BEFORE DELETE ON entries
    BEGIN SELECT raise(ABORT, 'entries are never deleted; add a correction'); END;
    CREATE TRIGGER lines_are_final BEFORE UPDATE ON lines
    BEGIN SELECT raise(ABORT, 'entries are never changed; add a correction'); END;
    CREATE TRIGGER lines_stay BEFORE DELETE ON lines
    BEGIN SELECT raise(ABORT, 'entries are never deleted; add a correction'); END;
    CREATE TRIGGER figures_are_final BEFORE UPDATE ON figures
    BEGIN SELECT raise(ABORT, 'figures are never changed; add a newer one'); END;
    CREATE TRIGGER figures_stay BEFORE DELETE ON figures
    BEGIN SELECT raise(ABORT, 'figures are never deleted; add a newer one'); END;
    """

  private static let first = """
    CREATE TABLE meta (
      name TEXT NOT NULL PRIMARY KEY,
      value NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE batches (
      sequence INTEGER PRIMARY KEY,
      source TEXT NOT NULL,
      stream BLOB NOT NULL,
      start INTEGER NOT NULL,
      "end" INTEGER NOT NULL,
      rows_read INTEGER NOT NULL,
      rows_accepted INTEGER NOT NULL,
      rows_quarantined INTEGER NOT NULL,
      rows_duplicate INTEGER NOT NULL,
      book BLOB NOT NULL,
      result BLOB NOT NULL,
      postings BLOB NOT NULL,
      chain BLOB NOT NULL,
      UNIQUE (source, stream, start)
    );

    CREATE TABLE series (
      id INTEGER PRIMARY KEY,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      product TEXT NOT NULL,
      customer TEXT NOT NULL,
      team TEXT NOT NULL,
      operation TEXT NOT NULL,
      tags TEXT NOT NULL,
      UNIQUE (provider, model, product, customer, team, operation, tags)
    );

    CREATE TABLE postings (
      batch INTEGER NOT NULL REFERENCES batches (sequence),
      bucket INTEGER NOT NULL,
      series INTEGER NOT NULL REFERENCES series (id),
      meter INTEGER NOT NULL,
      quantity INTEGER NOT NULL,
      pricing INTEGER NOT NULL,
      evidence INTEGER NOT NULL,
      units INTEGER NOT NULL,
      pico INTEGER NOT NULL,
      yocto INTEGER NOT NULL
    );

    CREATE TRIGGER postings_are_final BEFORE UPDATE ON postings
    BEGIN SELECT raise(ABORT, 'postings are never changed; add a correction'); END;
    CREATE TRIGGER postings_stay BEFORE DELETE ON postings
    BEGIN SELECT raise(ABORT, 'postings are never deleted; add a correction'); END;
    CREATE TRIGGER batches_are_final BEFORE UPDATE ON batches
    BEGIN SELECT raise(ABORT, 'batches are never changed'); END;
    CREATE TRIGGER batches_stay BEFORE DELETE ON batches
    BEGIN SELECT raise(ABORT, 'batches are never deleted'); END;
    """
}
