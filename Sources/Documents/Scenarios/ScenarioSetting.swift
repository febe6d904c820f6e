// SPDX-License-Identifier: Apache-2.0

/// A key beside the parameters that takes one value: in files, and with `--set`.
public struct ScenarioSetting: Sendable {
  /// `rounds.most`
  public let key: String
  /// What the setting does, in words.
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

  /// Every setting besides the parameters, in the order of a file.
  public static let all: [ScenarioSetting] = [
    .init("horizon", "", "months ahead; default 60"),
    .init("steps_per_month", "", "1, 2 or 4; default 1"),
    .init("seed", "", "seed of the random numbers; default 1"),
    .init("paths", "", "simulated paths, rounded up to a multiple of 8; default 100,000"),
    .init(
      "break_even_months", "", "months in a row without loss that count as break-even; default 3"),
    .init("volatility.audience", "0", "standard deviation per month of the log of the audience"),
    .init("volatility.paid_share", "0", "the same for the log of the paying share"),
    .init("volatility.requests", "0", "the same for the log of requests per user"),
    .init("volatility.cost", "0", "the same for the log of the cost per request"),
    .init("volatility.api", "0", "the same for the log of API revenue"),
    .init("regime.enter_decline", "0", "P(a decline begins) per month"),
    .init("regime.leave_decline", "0", "P(a decline ends) per month"),
    .init("regime.starts_in_decline", "false", "true or false"),
    .init("regime.fade", "1", "factor by which drifts are multiplied each month"),
    .init("regime.paid_share_max", "1", "upper limit of the paying share"),
    .init("regime.cost_min", "0", "lower limit of the cost per request"),
    .init("profit_share.share", "0", "share of each profit that goes to an investor"),
    .init("profit_share.cap", "0", "total at which profit sharing ends"),
    .init("rounds.most", "0", "most funding rounds that are sought when cash runs short"),
    .init("rounds.trigger", "", "a round is sought when cash is below this many months of burn"),
    .init("rounds.gap", "", "least months between rounds"),
    .init("rounds.lag", "", "months from agreement to cash"),
    .init("rounds.success_base", "", "P(success) per month without growth"),
    .init("rounds.success_slope", "", "its increase with recent growth per month"),
    .init("rounds.success_min", "", "lower limit of P(success)"),
    .init("rounds.success_max", "", "upper limit of P(success)"),
    .init("rounds.median", "", "median size of a round"),
    .init("rounds.spread", "", "standard deviation of the log of its size"),
    .init("rounds.scale_min", "", "its size follows the audience, down to this multiple"),
    .init("rounds.scale_max", "", "and up to this one"),
    .init("rounds.burn_weight", "", "weight of the latest month in the average burn"),
    .init("rounds.growth_weight", "", "weight of the latest month in the average growth"),
  ]
}
