// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Dispatch
import Documents
import Fleet
import Foundation
import Host
import Rendering
import Synchronization

extension Fleet {
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Predicts measured points without fitting, and reports the errors.",
      discussion: """
        --fail-if makes the command exit with 3 when a condition holds: median>9%, p90>27%, \
        bias>3% (either way), covered<85%, unsupported>0.
        """)

    @OptionGroup var options: FleetOptions

    @Flag(help: "Show only the tables, not each point.")
    var summary = false

    @Option(
      name: .customLong("fail-if"), parsing: .singleValue,
      help: "Exit with 3 if this holds, such as 'median>9%'.")
    var conditions: [String] = []

    @Argument(help: "Measured points (CSV).", completion: .file())
    var points: String

    func run() async throws {
      let contents = try Points.read(points, options)
      let conditions = try conditions.map(CheckCondition.init)
      guard !contents.points.isEmpty else {
        try Points.report(contents.problems)
        throw Failure(ExitStatus.dataError, "\(points): has no points")
      }
      let model = try options.model()
      let check = PredictionCheck(
        contents.points, unsupported: contents.problems.count, model: model)
      CheckPrinter(check, isSummary: summary).print(on: options.output.page)
      for problem in contents.problems { Terminal.note("unsupported: \(problem)") }
      for condition in conditions {
        if let met = condition.met(by: check) { throw Failure(3, "condition met: \(met)") }
      }
      try Points.report(contents.problems)
    }
  }
}
