// SPDX-License-Identifier: Apache-2.0

/// A key beside the parameters that takes one value: in files, and with `--set`.
public struct ScenarioSetting: Sendable {
  /// `rounds.most`
  public let key: String
  public let meaning: String
  /// The value with which there is nothing of it; empty where no value means that.
  let nothing: String

  private init(_ key: String, _ nothing: String, _ meaning: String) {
    self.key = key
    self.nothing = nothing
    self.meaning = meaning
  }

  /// The part before the dot; empty for a key without one.
  var group: String { key.contains(".") ? String(key.prefix { $0 != "." }) : "" }
  /// The part after it.
  var name: String { key.contains(".") ? String(key.drop { $0 != "." }.dropFirst()) : key }

  /// The groups whose settings carry money, or how likely it is.
  static let groups = ["rounds", "profit_share", "volatility", "regime"]

  public static let all: [ScenarioSetting] = [
    .init("horizon", "", "months ahead; 60 unless told"),
    .init("steps_per_month", "", "1, 2 or 4; 1 unless told"),
    .init("seed", "", "of the random numbers; 1 unless told"),
    .init("paths", "", "simulated, rounded up to a multiple of 8; 100,000 unless told"),
    .init("break_even_months", "", "months in a row without loss that count; 3 unless told"),
    .init("volatility.audience", "0", "standard deviation a month of the log of the audience"),
    .init("volatility.paid_share", "0", "of the log of the paying part"),
    .init("volatility.requests", "0", "of the log of requests a user"),
    .init("volatility.cost", "0", "of the log of the cost of a request"),
    .init("volatility.api", "0", "of the log of API revenue"),
    .init("regime.enter_decline", "0", "P(a decline begins) a month"),
    .init("regime.leave_decline", "0", "P(a decline ends) a month"),
    .init("regime.starts_in_decline", "false", "true or false"),
    .init("regime.fade", "1", "what drifts are multiplied by each month"),
    .init("regime.paid_share_max", "1", "the paying part is never above it"),
    .init("regime.cost_min", "0", "a request never costs less"),
    .init("profit_share.share", "0", "part of each profit that goes to an investor"),
    .init("profit_share.cap", "0", "until so much is paid"),
    .init("rounds.most", "0", "rounds that may be asked for when cash runs short"),
    .init("rounds.trigger", "", "asked for when cash is below so many months of burn"),
    .init("rounds.gap", "", "months from one round to the next"),
    .init("rounds.lag", "", "months from agreement to cash"),
    .init("rounds.success_base", "", "P(success) a month without growth"),
    .init("rounds.success_slope", "", "what it gains with recent growth a month"),
    .init("rounds.success_min", "", "P(success) is never less"),
    .init("rounds.success_max", "", "P(success) is never more"),
    .init("rounds.median", "", "median size of a round"),
    .init("rounds.spread", "", "standard deviation of the log of its size"),
    .init("rounds.scale_min", "", "its size follows the audience, down to this multiple"),
    .init("rounds.scale_max", "", "and up to this one"),
    .init("rounds.burn_weight", "", "weight of the newest month in the average of burn"),
    .init("rounds.growth_weight", "", "weight of the newest month in the average of growth"),
  ]
}
