// SPDX-License-Identifier: Apache-2.0

/// The services of a cluster, by the names under which they are offered and asked.
public enum ServiceName {
  /// Prices a batch: ``PricingJob`` to ``PricingOutcome``.
  public static let price = "price"
  /// Simulates paths: a `SimulationJob` to a `SimulationOutcome`.
  public static let simulate = "simulate"
  /// Estimates configurations of hardware: a `FleetJob` to a `FleetOutcome`.
  public static let fleet = "fleet"
  /// Books an outcome: ``PricingOutcome`` to a commit with a ``CommitReceipt``.
  public static let ledger = "ledger"
  /// Books entries and figures: a ``BooksBatch`` to a ``BooksReceipt``.
  public static let books = "books"
  /// Answers questions from the ledger.
  public static let query = "query"
  /// Reads a file into the journal.
  public static let ingest = "import"
}
