// SPDX-License-Identifier: Apache-2.0

/// The ledger's answer to a batch, in the payload of COMMIT.
public struct CommitReceipt: Codable, Hashable, Sendable {
  /// The ledger sequence of the batch.
  public var sequence: Int64
  /// The ledger had it before.
  public var wasKnown: Bool

  public init(sequence: Int64, wasKnown: Bool) {
    self.sequence = sequence
    self.wasKnown = wasKnown
  }

  enum CodingKeys: Int, CodingKey {
    case sequence = 1
    case wasKnown
  }
}
