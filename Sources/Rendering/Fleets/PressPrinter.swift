// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// `solvent.fleet.press/v1`
private struct PressJSON: Encodable {
  struct Scenario: Encodable {
    var name: String
    var method: String
    var costPerDay: Double
    var range: RangeJSON?
    var gpus: Double
    var costPerRequest: Double
    var costPerMillionTokens: Double
    var busyTokensPerSecondPerGpu: Double
    var batch: Double?
    var regime: String?
  }

  var currency = FleetEstimate.currency
  var scenarios: [Scenario]

  init(_ comparison: PressComparison) {
    scenarios = comparison.cases.map {
      Scenario(
        name: $0.name, method: $0.what, costPerDay: $0.estimate.perDay,
        range: $0.range.map(RangeJSON.init), gpus: $0.estimate.gpus,
        costPerRequest: $0.estimate.perRequest,
        costPerMillionTokens: $0.estimate.perMillionTokens,
        busyTokensPerSecondPerGpu: $0.estimate.busyRate, batch: $0.batch,
        regime: $0.regime?.name)
    }
  }
}

extension PressComparison {
  /// `694,444.44`
  public static func dollars(_ value: Double) -> String {
    let cents = Int64((value * 100).rounded())
    return "$\(Text.grouped(cents / 100)).\(String(format: "%02d", Int(cents % 100)))"
  }

  public static func decimal(_ value: Double) -> String {
    let hundredths = Int64((value * 100).rounded())
    return "\(Text.grouped(hundredths / 100)).\(String(format: "%02d", Int(hundredths % 100)))"
  }

  public func print(on page: Page) {
    switch page.format {
    case .json:
      page.json("solvent.fleet.press/v1", PressJSON(self))
    case .csv:
      page.csv([
        "scenario", "cost_per_day", "low", "high", "gpus", "cost_per_request",
        "cost_per_million_tokens",
      ])
      for one in cases {
        page.csv([
          one.name, "\(one.estimate.perDay)", one.range.map { "\($0.low)" } ?? "",
          one.range.map { "\($0.high)" } ?? "", "\(one.estimate.gpus)",
          "\(one.estimate.perRequest)", "\(one.estimate.perMillionTokens)",
        ])
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: "SCENARIO"), .init(title: "PER DAY", isNumber: true),
        .init(title: "90%", isNumber: true), .init(title: "GPUS", isNumber: true),
        .init(title: "CENTS PER REQUEST", isNumber: true),
        .init(title: "$/M TOKENS", isNumber: true, rank: 1),
        .init(title: "TOKENS/S PER BUSY GPU", isNumber: true, rank: 2),
        .init(title: "BOTTLENECK", rank: 3),
      ])
      for one in cases {
        table.rows.append([
          one.name, Self.dollars(one.estimate.perDay),
          one.range.map { "\(Amount.text($0.low, "USD")) to \(Amount.text($0.high, "USD"))" }
            ?? "–",
          Self.decimal(one.estimate.gpus), String(format: "%.3f", one.estimate.perRequest * 100),
          String(format: "%.2f", one.estimate.perMillionTokens), Rate.text(one.estimate.busyRate),
          one.regime?.name ?? "compute",
        ])
      }
      table.print(on: page)
      page.line()
      page.line(
        "13 M users x 15 requests x 2,000 tokens, 175 B parameters on A100, "
          + "\(Percent.text(assumptions.idle)) idle, \(FleetEstimate.dollar(assumptions.gpuHour)) "
          + "per GPU-hour · SemiAnalysis, 2023-02-09")
      page.line(why)
    }
  }

  /// In the words of the demo.
  public func printStory(on page: Page) {
    func line(_ label: String, _ text: String) {
      page.line(label.padding(toLength: 18, withPad: " ", startingAt: 0) + text)
    }
    let (press, roofline, eight) = (cases[0].estimate, cases[1], cases[2].estimate)
    page.line(page.bold("Where the press figure comes from"))
    line(
      "press-2023",
      "\(Self.dollars(press.perDay)) per day: arithmetic only, \(Self.decimal(press.gpus)) A100, "
        + String(
          format: "%.3f cents per query, $%.2f per million tokens", press.perRequest * 100,
          press.perMillionTokens))
    line(
      "with memory",
      "\(Amount.text(roofline.estimate.perDay, "USD")) per day"
        + (roofline.range.map {
          " (90%: \(Amount.text($0.low, "USD")) to \(Amount.text($0.high, "USD")))"
        } ?? "")
        + ": the cache leaves room for \(Int(roofline.batch ?? 0)) requests per server; "
        + "\(Amount.text(eight.perDay, "USD")) with the cache at 8 bits")
    page.line(
      page.dim("press-2023-roofline: solvent fleet press-2023 · equations: docs/FLEET.md"))
  }

  /// Why they differ, in a sentence.
  public var why: String {
    let (press, roofline, eight) = (cases[0].estimate, cases[1].estimate, cases[2].estimate)
    return String(
      format:
        "Arithmetic alone allows %.0f tokens/s per GPU; the cache of GPT-3, 4.7 MB per "
        + "token, leaves room "
        + "for %.0f requests on 8 GPUs, so each step reads all weights for few tokens: %.0f (%.0f with "
        + "the cache at 8 bits). Under its own assumptions the press figure is %.1f to %.1f times too "
        + "low.",
      press.busyRate, (cases[1].batch ?? 0).rounded(.down), roofline.busyRate, eight.busyRate,
      eight.perDay / press.perDay, roofline.perDay / press.perDay)
  }
}
