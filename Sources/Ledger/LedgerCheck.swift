// SPDX-License-Identifier: Apache-2.0

/// What `verify` found right.
public struct LedgerCheck: Codable, Sendable, Equatable {
  /// Batches whose chain, row counts and postings are right.
  public var batches: Int
  /// Postings, each of which belongs to a batch.
  public var postings: Int
  /// Entries and audience figures.
  public var entries: Int
  /// SHA-256 of all facts, whatever batches they came in: equal books have equal digests.
  public var digest: [UInt8]
  /// The head of the hash chain over the batches.
  public var chain: [UInt8]
}
