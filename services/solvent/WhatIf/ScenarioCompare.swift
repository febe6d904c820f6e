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
  struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Simulates scenarios on the same random numbers and shows the differences.",
      discussion: """
        Differences are relative to the first. All share their draws, so a difference is much more \
        certain than the two probabilities. With one file, each --variant changes one thing in it.
        """)

    @OptionGroup var options: SimulationOptions

    @Option(
      parsing: .singleValue,
      help: ArgumentHelp("The first file with this value changed.", valueName: "key=value"))
    var variant: [String] = []

    @Option(
      parsing: .singleValue,
      help: ArgumentHelp(
        "The first file with requests served on this hardware: model=llama3.1-70b,gpu=H200,gpus=8.",
        valueName: "key=value,…"))
    var fleet: [String] = []

    @Argument(help: "Scenario files.", completion: .file())
    var files: [String]

    func validate() throws {
      guard files.count + variant.count + fleet.count >= 2 else {
        throw ValidationError("give a second file, a --variant or a --fleet")
      }
    }

    func run() async throws {
      var cases = try files.map { try options.file($0) }
      for change in variant {
        var changed = cases[0]
        do throws(ScenarioError) {
          try changed.set(change)
          try changed.check()
        } catch {
          throw Failure(EX_USAGE, "--variant \(change): \(error.description)")
        }
        changed.scenario.name = change
        cases.append(changed)
      }
      for text in fleet {
        var changed = cases[0]
        let fleet = FleetSpecification(text: text)
        try fleet.apply(to: &changed)
        changed.scenario.name = fleet.title
        cases.append(changed)
      }
      guard Set(cases.map { [$0.scenario.horizon, $0.scenario.stepsPerMonth] }).count == 1 else {
        throw Failure(EX_USAGE, "compared scenarios need the same horizon and steps")
      }
      // The same draws: the seed of the first counts for all.
      for index in cases.indices { cases[index].scenario.seed = cases[0].scenario.seed }
      let outcome = try await options.simulate(cases.map(\.scenario), paths: cases[0].paths)
      ComparisonReport(cases, outcome).print(on: options.output.page)
    }
  }
}
