// SPDX-License-Identifier: Apache-2.0

/// How a number is known, from best to weakest. The evidence of a result is the weakest of what it
/// was made from.
public enum Evidence: Int, Codable, CaseIterable, Sendable, Comparable {
  /// Counted by the service itself.
  case measured = 1
  /// Reported by the other party: a provider's usage report, a list price, an invoice.
  case reported = 2
  /// Computed by a model with a stated error.
  case estimated = 3
  /// Somebody's assumption.
  case assumed = 4

  /// A weaker evidence is greater.
  public static func < (a: Evidence, b: Evidence) -> Bool { a.rawValue < b.rawValue }

  /// The name in files, flags and columns.
  public var name: String {
    switch self {
    case .measured: "measured"
    case .reported: "reported"
    case .estimated: "estimated"
    case .assumed: "assumed"
    }
  }

  /// The evidence with this ``name``; `nil` for any other text.
  public init?(name: some StringProtocol) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}
