// SPDX-License-Identifier: Apache-2.0

/// A kind of quantity that is counted. Raw values are stored and sent; they are never reused.
///
/// Input tokens and cached input tokens are disjoint: a source whose input count includes the cached
/// part is split when it is read, since OpenAI includes and Anthropic excludes it.
public enum Meter: Int, Codable, CaseIterable, Sendable, Comparable {
  /// Requests, failed ones included.
  case requests = 1
  /// Requests that failed.
  case failedRequests = 2
  /// Input tokens that were not read from a cache.
  case inputTokens = 3
  /// Input tokens that were read from a cache.
  case cachedInputTokens = 4
  case outputTokens = 5
  case images = 6

  public static func < (a: Meter, b: Meter) -> Bool { a.rawValue < b.rawValue }

  /// The name in files, flags and columns.
  public var name: String {
    switch self {
    case .requests: "requests"
    case .failedRequests: "failed"
    case .inputTokens: "input_tokens"
    case .cachedInputTokens: "cached_input_tokens"
    case .outputTokens: "output_tokens"
    case .images: "images"
    }
  }

  /// The meter with this ``name``; `nil` for any other text.
  public init?(name: some StringProtocol) {
    guard let meter = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = meter
  }

  /// Whether using it costs something unless a rate says otherwise. Requests are counted and, with
  /// most providers, not charged.
  public var isChargeable: Bool { self != .requests && self != .failedRequests }

  /// Whether it counts tokens.
  public var countsTokens: Bool {
    self == .inputTokens || self == .cachedInputTokens || self == .outputTokens
  }

  /// Whose rate applies when there is none: a cached token without a price of its own costs what an
  /// uncached one does.
  var fallback: Meter? { self == .cachedInputTokens ? .inputTokens : nil }
}
