// SPDX-License-Identifier: Apache-2.0

import Runway

/// A key beside the parameters that takes one value: in files, and with `--set`.
public struct ScenarioSetting: Sendable {
  /// `rounds.most`
  public let key: String
  /// What the setting does, in words.
  public let meaning: String
  /// The value with which there is nothing of it; empty where no value means that.
  let nothing: String
  private let target: Target

  /// What the setting sets, and what kind of value that is.
  private enum Target {
    case number(any WritableKeyPath<ScenarioFile, Double> & Sendable)
    case whole(any WritableKeyPath<ScenarioFile, Int> & Sendable)
    case flag(any WritableKeyPath<ScenarioFile, Bool> & Sendable)
  }

  private init(_ key: String, _ target: Target, _ nothing: String, _ meaning: String) {
    self.key = key
    self.target = target
    self.nothing = nothing
    self.meaning = meaning
  }

  /// The part before the dot; empty for a key without one.
  var group: String { key.contains(".") ? String(key.prefix { $0 != "." }) : "" }
  /// The part after it.
  var name: String { key.contains(".") ? String(key.drop { $0 != "." }.dropFirst()) : key }

  /// The groups whose settings carry money, or how likely it is.
  static let groups = ["rounds", "profit_share", "volatility", "regime"]

  /// Gives a scenario's setting the value of a text.
  func set(_ file: inout ScenarioFile, _ text: String) throws(ScenarioError) {
    switch target {
    case .number(let path):
      file[keyPath: path] = try ScenarioFile.number(text)
    case .whole(let path):
      guard let whole = Int(exactly: try ScenarioFile.number(text)), whole >= 0 else {
        throw ScenarioError("'\(text)' is not a whole number")
      }
      file[keyPath: path] = whole
    case .flag(let path):
      guard text == "true" || text == "false" else { throw ScenarioError("expected true or false") }
      file[keyPath: path] = text == "true"
    }
  }

  /// The value in a scenario, as a file writes it.
  func text(in file: ScenarioFile) -> String {
    switch target {
    case .number(let path): Distribution.fixed(file[keyPath: path]).description
    case .whole(let path): "\(file[keyPath: path])"
    case .flag(let path): "\(file[keyPath: path])"
    }
  }

  /// Every setting besides the parameters, in the order of a file.
  public static let all: [ScenarioSetting] = [
    .init("horizon", .whole(\.scenario.horizon), "", "months ahead; default 60"),
    .init("steps_per_month", .whole(\.scenario.stepsPerMonth), "", "1, 2 or 4; default 1"),
    .init("seed", .whole(\.seed), "", "seed of the random numbers; default 1"),
    .init(
      "paths", .whole(\.paths), "",
      "simulated paths, rounded up to a multiple of 8; default 100,000"),
    .init(
      "break_even_months", .whole(\.scenario.breakEvenMonths), "",
      "consecutive months without a loss that count as break-even; default 3"),
    .init(
      "volatility.audience", .number(\.scenario.volatility.audience), "0",
      "standard deviation per month of the log of the audience"),
    .init(
      "volatility.paid_share", .number(\.scenario.volatility.paidShare), "0",
      "the same for the log of the paying share"),
    .init(
      "volatility.requests", .number(\.scenario.volatility.requests), "0",
      "the same for the log of requests per user"),
    .init(
      "volatility.cost", .number(\.scenario.volatility.cost), "0",
      "the same for the log of the cost per request"),
    .init(
      "volatility.api", .number(\.scenario.volatility.api), "0",
      "the same for the log of API revenue"),
    .init(
      "regime.enter_decline", .number(\.scenario.regime.enterDecline), "0",
      "P(a decline begins) per month"),
    .init(
      "regime.leave_decline", .number(\.scenario.regime.leaveDecline), "0",
      "P(a decline ends) per month"),
    .init(
      "regime.starts_in_decline", .flag(\.scenario.regime.startsInDecline), "false", "true or false"
    ),
    .init(
      "regime.fade", .number(\.scenario.regime.fade), "1",
      "factor by which drifts are multiplied each month"),
    .init(
      "regime.paid_share_max", .number(\.scenario.regime.paidShareMax), "1",
      "upper limit of the paying share"),
    .init(
      "regime.cost_min", .number(\.scenario.regime.costMin), "0",
      "lower limit of the cost per request"),
    .init(
      "profit_share.share", .number(\.scenario.profitShare.share), "0",
      "share of each profit that goes to an investor"),
    .init(
      "profit_share.cap", .number(\.scenario.profitShare.cap), "0",
      "total at which profit sharing ends"),
    .init(
      "rounds.most", .whole(\.scenario.rounds.most), "0",
      "maximum number of rounds sought when cash runs short"),
    .init(
      "rounds.trigger", .number(\.scenario.rounds.trigger), "",
      "a round is sought when cash is below this many months of burn"),
    .init("rounds.gap", .whole(\.scenario.rounds.gap), "", "minimum months between rounds"),
    .init("rounds.lag", .whole(\.scenario.rounds.lag), "", "months from agreement to cash"),
    .init(
      "rounds.success_base", .number(\.scenario.rounds.successBase), "",
      "P(success) per month without growth"),
    .init(
      "rounds.success_slope", .number(\.scenario.rounds.successSlope), "",
      "its increase with recent growth per month"),
    .init(
      "rounds.success_min", .number(\.scenario.rounds.successMin), "", "lower limit of P(success)"),
    .init(
      "rounds.success_max", .number(\.scenario.rounds.successMax), "", "upper limit of P(success)"),
    .init("rounds.median", .number(\.scenario.rounds.median), "", "median size of a round"),
    .init(
      "rounds.spread", .number(\.scenario.rounds.spread), "",
      "standard deviation of the log of its size"),
    .init(
      "rounds.scale_min", .number(\.scenario.rounds.scaleMin), "",
      "its size follows the audience, down to this multiple"),
    .init("rounds.scale_max", .number(\.scenario.rounds.scaleMax), "", "and up to this one"),
    .init(
      "rounds.burn_weight", .number(\.scenario.rounds.burnWeight), "",
      "weight of the latest month in the average burn"),
    .init(
      "rounds.growth_weight", .number(\.scenario.rounds.growthWeight), "",
      "weight of the latest month in the average growth"),
  ]
}
