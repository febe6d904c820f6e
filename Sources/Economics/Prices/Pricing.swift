// SPDX-License-Identifier: Apache-2.0

/// Whether a quantity has a price. Nothing unpriced is ever shown as 0.
public enum Pricing: Int, Codable, CaseIterable, Sendable {
  /// Counted, not charged by its nature.
  case uncharged = 0
  case priced = 1
  /// No rate is known for it.
  case unpriced = 2
}
