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

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    sequence = try container.decode(Int64.self, forKey: .sequence)
    wasKnown = try container.decode(Bool.self, forKey: .wasKnown)
    try InvalidValue.check(sequence, in: 1...Int64.max - 1, "a ledger sequence")
  }
}
