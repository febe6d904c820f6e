// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Documents
import Economics
import Foundation
import Host
import Rendering
import Runway
import ZeroMQ

extension Scenario {
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Simulates a scenario.",
      discussion: """
        --fail-if makes the command exit with 3 when a condition holds: ruin.36m>5%, runway.p10<24, \
        break_even.60m<50%, cash.24m.p50<1e9.
        """)

    @OptionGroup var options: SimulationOptions

    @Option(name: .customLong("fail-if"), help: "Exit with 3 if this holds, such as 'ruin.36m>5%'.")
    var conditions: [String] = []

    @Option(
      help: ArgumentHelp(
        "Requests are served on this hardware: model=llama3.1-70b,gpu=H200,gpus=8,rent=2.5.",
        discussion:
          "The estimated cost per request is drawn as a lognormal with the estimate's range.",
        valueName: "key=value,…"))
    var fleet: String?

    @Argument(help: "A scenario file (docs/SCENARIOS.md).", completion: .file())
    var file: String

    func run() async throws {
      var file = try options.file(self.file)
      if let fleet { try FleetSpecification(text: fleet).apply(to: &file) }
      let conditions = try conditions.map {
        try Condition($0, horizon: file.scenario.horizon)
      }
      let started = ContinuousClock.now
      let outcome = try await options.simulate([file.scenario], paths: file.paths)
      let report = ScenarioReport(
        file, outcome.counts[0], seconds: started.duration(to: .now) / .seconds(1))
      report.print(on: options.output.page)
      for condition in conditions {
        guard let met = condition.verdict(report.summary) else { continue }
        throw Failure(3, "condition met: \(met)")
      }
    }
  }
}
