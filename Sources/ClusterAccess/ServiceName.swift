// SPDX-License-Identifier: Apache-2.0

/// The services of a cluster, by the names under which they are offered and asked. `docs/PROTOCOL.md` says
/// what each is asked and what it answers.
public enum ServiceName {
  /// Prices a batch: a pricing job to its outcome.
  public static let price = "price"
  /// Simulates paths: a simulation job to its outcome.
  public static let simulate = "simulate"
  /// Estimates configurations of hardware: a fleet job to its outcome.
  public static let fleet = "fleet"
  /// Books the outcome of a batch; answered by a commit.
  public static let ledger = "ledger"
  /// Books entries and figures; answered by a commit.
  public static let books = "books"
  /// Answers questions from the ledger.
  public static let query = "query"
  /// Simulates scenarios on all workers and merges what they give; known results are not computed again.
  public static let scenario = "scenario"
  /// Searches for hardware on all workers, as `scenario` simulates.
  public static let search = "search"
  /// Reads a file into the journal.
  public static let ingest = "import"
  /// Lists, replays and discards batches that could not be booked.
  public static let jobs = "jobs"
  /// Tells what the broker knows of its peers and queues. The broker answers itself.
  public static let broker = "broker"
}
