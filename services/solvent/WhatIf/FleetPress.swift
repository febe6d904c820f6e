// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Press: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "press-2023",
      abstract: "The estimate behind \"$700,000 per day\", as published and with memory included.",
      discussion: """
        press-2023 is the article's arithmetic: two operations per parameter and token, nothing \
        else. press-2023-roofline is the same service under the same assumptions, by the equations \
        in docs/FLEET.md, which include memory, its bandwidth and the network. --idle, --gpu-hour \
        and --reached change the assumptions of both.
        """)

    @OptionGroup var options: FleetOptions

    @Option(help: "Share of the time in which GPUs are idle.")
    var idle = 0.5

    @Option(help: "Dollars per GPU-hour.")
    var gpuHour = 1.0

    @Option(help: "Share of peak arithmetic that press-2023 assumes.")
    var reached = 0.35

    func validate() throws {
      guard (0...0.999).contains(idle), (1e-6...1e6).contains(gpuHour), (1e-3...1).contains(reached)
      else {
        throw ValidationError(
          "--idle must be from 0 to 0.999, --gpu-hour 0.000001 to 1,000,000, --reached 0.001 to 1")
      }
    }

    func run() async throws {
      var assumptions = PressEstimate.Assumptions()
      assumptions.idle = idle
      assumptions.gpuHour = gpuHour
      assumptions.reached = reached
      do {
        let press = try PressComparison(
          assumptions, model: options.model(), catalogue: options.catalogues())
        press.print(on: options.output.page)
      } catch let error as FleetError {
        throw Failure(ExitStatus.failed, error.description)
      }
    }
  }
}
