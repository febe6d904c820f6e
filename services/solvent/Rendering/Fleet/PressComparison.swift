// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

/// The published estimate beside the equations' under the same assumptions.
struct PressComparison {
  struct Case {
    var name: String
    var what: String
    var estimate: PressEstimate
    /// 90 % of dollars a day; `nil` where the method knows no range.
    var range: Interval?
    var batch: Double?
    var regime: Performance.Regime?
  }

  let assumptions: PressEstimate.Assumptions
  let cases: [Case]

  init(
    _ assumptions: PressEstimate.Assumptions = .init(), model: PerformanceModel,
    catalogue: FleetCatalogue
  ) throws {
    self.assumptions = assumptions
    guard let architecture = catalogue.architectures["gpt3-175b"]?.value,
      let accelerator = catalogue.accelerators["A100-80-SXM"]?.value
    else {
      throw FleetError("the catalogue has no gpt3-175b or A100-80-SXM any more")
    }
    var cases = [
      Case(
        name: "press-2023", what: "arithmetic only, as published",
        estimate: .press2023(assumptions), range: nil, batch: nil, regime: nil)
    ]
    for bits in [16, 8] {
      let deployment = PressEstimate.deployment(architecture, accelerator, cacheBits: bits)
      let (estimate, range, performance) = try PressEstimate.roofline(
        model, deployment, assumptions)
      cases.append(
        Case(
          name: bits == 16 ? "press-2023-roofline" : "press-2023-roofline, KV at 8 bits",
          what: "with memory, bandwidth and network, KV at \(bits) bits", estimate: estimate,
          range: range, batch: performance.batch, regime: performance.regime))
    }
    self.cases = cases
  }

  /// `694,444.44`
  static func dollars(_ value: Double) -> String {
    let cents = Int64((value * 100).rounded())
    return "$\(Text.grouped(cents / 100)).\(String(format: "%02d", Int(cents % 100)))"
  }

  static func decimal(_ value: Double) -> String {
    let hundredths = Int64((value * 100).rounded())
    return "\(Text.grouped(hundredths / 100)).\(String(format: "%02d", Int(hundredths % 100)))"
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.press/v1")),
          (
            "scenarios",
            .array(
              cases.map { one in
                .object([
                  ("name", .string(one.name)), ("method", .string(one.what)),
                  ("usd_per_day", .number("\(one.estimate.perDay)")),
                  ("range", one.range.map(FleetEstimate.json) ?? .null),
                  ("gpus", .number("\(one.estimate.gpus)")),
                  ("cents_per_request", .number("\(one.estimate.perRequest * 100)")),
                  ("usd_per_million_tokens", .number("\(one.estimate.perMillionTokens)")),
                  ("busy_tokens_per_second_per_gpu", .number("\(one.estimate.busyRate)")),
                  ("batch", one.batch.map { .number("\($0)") } ?? .null),
                  ("regime", one.regime.map { .string($0.name) } ?? .null),
                ])
              })
          ),
        ]).text)
    case .csv:
      Terminal.print("scenario,usd_per_day,low,high,gpus,cents_per_request,usd_per_million_tokens")
      for one in cases {
        Terminal.print(
          CSVText.line([
            one.name, "\(one.estimate.perDay)", one.range.map { "\($0.low)" } ?? "",
            one.range.map { "\($0.high)" } ?? "", "\(one.estimate.gpus)",
            "\(one.estimate.perRequest * 100)", "\(one.estimate.perMillionTokens)",
          ]))
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: "SCENARIO"), .init(title: "A DAY", isNumber: true),
        .init(title: "90 %", isNumber: true), .init(title: "GPUS", isNumber: true),
        .init(title: "CENTS A REQUEST", isNumber: true),
        .init(title: "$/M TOKENS", isNumber: true, rank: 1),
        .init(title: "TOKENS/S A BUSY GPU", isNumber: true, rank: 2),
        .init(title: "BINDS", rank: 3),
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
      table.print(as: format)
      Terminal.print()
      Terminal.print(
        "13 M users x 15 requests x 2,000 tokens, 175 B parameters on A100, "
          + "\(Percent.text(assumptions.idle)) idle, \(FleetEstimate.dollar(assumptions.gpuHour)) a "
          + "GPU-hour · SemiAnalysis, 2023-02-09")
      Terminal.print(why)
    }
  }

  /// In the words of the demo.
  func tell() {
    func line(_ label: String, _ text: String) {
      Terminal.print(label.padding(toLength: 18, withPad: " ", startingAt: 0) + text)
    }
    let (press, roofline, eight) = (cases[0].estimate, cases[1], cases[2].estimate)
    Terminal.print(Terminal.bold("Where the press figure is from"))
    line(
      "press-2023",
      "\(Self.dollars(press.perDay)) a day: arithmetic only, \(Self.decimal(press.gpus)) A100, "
        + String(
          format: "%.3f cents a query, $%.2f a million tokens", press.perRequest * 100,
          press.perMillionTokens))
    line(
      "with memory",
      "\(Amount.text(roofline.estimate.perDay, "USD")) a day"
        + (roofline.range.map {
          " (90 %: \(Amount.text($0.low, "USD")) to \(Amount.text($0.high, "USD")))"
        } ?? "")
        + ": the cache leaves room for \(Int(roofline.batch ?? 0)) requests a server; "
        + "\(Amount.text(eight.perDay, "USD")) with the cache at 8 bits")
    Terminal.print(
      Terminal.dim("press-2023-roofline: solvent fleet press-2023 · equations: docs/FLEET.md"))
  }

  /// Why they differ, in a sentence.
  var why: String {
    let (press, roofline, eight) = (cases[0].estimate, cases[1].estimate, cases[2].estimate)
    return String(
      format:
        "Arithmetic alone allows %.0f tokens/s a GPU; the cache of GPT-3, 4.7 MB a token, leaves room "
        + "for %.0f requests on 8 GPUs, so each step reads all weights for few tokens: %.0f (%.0f with "
        + "the cache at 8 bits). Under its own assumptions the press figure is %.1f to %.1f times too "
        + "low.",
      press.busyRate, (cases[1].batch ?? 0).rounded(.down), roofline.busyRate, eight.busyRate,
      eight.perDay / press.perDay, roofline.perDay / press.perDay)
  }
}
