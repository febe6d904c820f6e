// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Ingestion
import Modeling
import ZeroMQ

struct Scenario: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Simulates futures: how long the money lasts, how likely ruin is, what drives it.",
    subcommands: [Run.self, Compare.self, New.self, Keys.self])
}

/// How a simulation is run.
struct SimulationOptions: ParsableArguments {
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a value: cash=2e9, 'price*=0.8', audience@1=-12%, tranche@3=10e9, rounds.most=0.",
      valueName: "key=value"))
  var sets: [String] = []

  @Option(help: "Paths. Default: what the file says, else 100,000.")
  var paths: Int?

  @Option(help: "Seed. Default: what the file says, else 1.")
  var seed: UInt64?

  @Option(help: "Paths a job. The result does not depend on it.")
  var shard: Int?

  @Flag(help: "In this process, not on the workers of a running cluster.")
  var local = false

  @Flag(help: "Partial results as lines of JSON on standard error.")
  var partials = false

  @Flag(name: .shortAndLong, help: "No progress, no hints.")
  var quiet = false

  func validate() throws {
    if let paths, !(8...2_000_000_000).contains(paths) {
      throw ValidationError("--paths is 8 to 2,000,000,000")
    }
    if let shard, !(8...SimulationJob.pathsMax).contains(shard) {
      throw ValidationError("--shard is 8 to \(SimulationJob.pathsMax)")
    }
  }

  /// Reads a scenario and applies what the command line changes.
  func file(_ path: String) throws -> ScenarioFile {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw Failure(ExitStatus.badFile, "\(path): cannot be read as UTF-8 text")
    }
    do {
      var file = try ScenarioFile(text, file: path)
      for assignment in sets { try file.set(assignment) }
      if let seed { file.scenario.seed = seed }
      if let paths { file.paths = paths }
      try RunwayProgram.validate(file.scenario)
      return file
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    } catch let error as ScenarioError {
      throw Failure(EX_USAGE, error.description)
    }
  }

  /// Simulates, on the cluster if one runs.
  func simulate(_ scenarios: [RunwayScenario], paths: Int) async throws -> SimulationOutcome {
    let bar = ProgressBar("simulating", quiet: quiet || partials)
    let simulator = Simulator(scenarios: scenarios, paths: paths, shard: shard) {
      [partials] partial in
      if partials { Terminal.note(Self.line(partial)) }
      bar.update(
        permille: Int(partial.paths * 1_000 / max(1, partial.ofPaths)),
        "P(ruin) \(Percent.text(partial.ruin))")
    }
    defer { bar.finish() }
    guard !local, cluster.isRunning else { return try simulator.run() }
    return try await cluster.onWorkers(of: ServiceName.simulate) { client, workers in
      try await simulator.run(on: client, workers: workers)
    }
  }

  private static func line(_ partial: Simulator.Partial) -> String {
    JSONText.object([
      ("schema", .string("solvent.partial/v1")), ("paths", .number("\(partial.paths)")),
      ("of", .number("\(partial.ofPaths)")), ("ruin", .number("\(partial.ruin.value)")),
      ("standard_error", .number("\(partial.ruin.standardError)")),
    ]).text
  }
}

extension ClusterOptions {
  /// Whether a cluster is meant, or runs on the data directory.
  var isRunning: Bool {
    if broker != nil || ProcessInfo.processInfo.environment["SOLVENT_BROKER"] != nil { return true }
    return FileManager.default.fileExists(atPath: places.cluster) && ClusterLock(places) == nil
  }
}

extension Scenario {
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Simulates a scenario.",
      discussion: """
        --fail-if ends with exit code 3 when a condition holds: ruin.36m>5%, runway.p10<24,
        break_even.60m<50%, cash.24m.p50<1e9.
        """)

    @OptionGroup var options: SimulationOptions

    @Option(name: .customLong("fail-if"), help: "Exit with 3 if this holds, such as 'ruin.36m>5%'.")
    var conditions: [String] = []

    @Option(
      help: ArgumentHelp(
        "Requests are served on this hardware: model=llama3.1-70b,gpu=H200,gpus=8,rent=2.5.",
        discussion:
          "Its cost of a request, with the range of the estimate, is drawn as a lognormal.",
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
      report.print(options.output.format)
      for condition in conditions {
        guard let met = condition.verdict(report.summary) else { continue }
        throw Failure(3, "condition met: \(met)")
      }
    }
  }

  struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Simulates scenarios on the same random numbers and shows the differences.",
      discussion: """
        Differences are to the first. All share their draws, so a difference is far surer than the
        two probabilities. With one file, each --variant is that file with one thing changed.
        """)

    @OptionGroup var options: SimulationOptions

    @Option(
      parsing: .singleValue,
      help: ArgumentHelp("The first file with this changed.", valueName: "key=value"))
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
        throw ValidationError("name a second file, a --variant or a --fleet")
      }
    }

    func run() async throws {
      var cases = try files.map { try options.file($0) }
      for change in variant {
        var changed = cases[0]
        do throws(ScenarioError) {
          try changed.set(change)
          try RunwayProgram.validate(changed.scenario)
        } catch {
          throw Failure(EX_USAGE, error.description)
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
        throw Failure(EX_USAGE, "scenarios are compared over the same horizon and steps")
      }
      // The same draws: the seed of the first counts for all.
      for index in cases.indices { cases[index].scenario.seed = cases[0].scenario.seed }
      let outcome = try await options.simulate(cases.map(\.scenario), paths: cases[0].paths)
      ComparisonReport(cases, outcome).print(options.output.format)
    }
  }

  struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists what a scenario may say, and what --set takes.")

    func run() {
      var table = Table(columns: [
        .init(title: "PARAMETER"), .init(title: "SYMBOL"), .init(title: "MEANING", rank: 1),
        .init(title: "REFERENCE"),
      ])
      for parameter in RunwayScenario.Parameter.allCases {
        table.rows.append([
          parameter.name, parameter.symbol, parameter.meaning,
          "\(RunwayScenario.runway60[parameter])",
        ])
      }
      table.print()
      Terminal.print()
      Terminal.print("settings  \(ScenarioFile.settingNames.joined(separator: ", "))")
      Terminal.print("events    audience@MONTH, price@MONTH, cost@MONTH, tranche@MONTH")
    }
  }
}

/// A condition on results: `ruin.36m>5%`.
struct Condition {
  private let text: String
  private let words: [String]
  private let isGreater: Bool
  private let limit: Double

  init(_ text: String, horizon: Int) throws {
    self.text = text
    guard let sign = text.firstIndex(where: { $0 == ">" || $0 == "<" }) else {
      throw ValidationError("'\(text)' is no condition such as ruin.36m>5%")
    }
    words = text[..<sign].split(separator: ".").map(String.init)
    isGreater = text[sign] == ">"
    do throws(ScenarioError) {
      limit = try ScenarioFile.amount(String(text[text.index(after: sign)...]))
    } catch {
      throw ValidationError(error.description)
    }
    guard isKnown(horizon) else {
      throw ValidationError(
        """
        '\(text)': conditions are on ruin.36m, break_even.36m, runway.p10 (months) and \
        cash.36m.p50, within \(horizon) months
        """)
    }
  }

  private func isKnown(_ horizon: Int) -> Bool {
    switch (words.first, words.count) {
    case ("ruin", 2), ("break_even", 2): month(1).map { (1...horizon).contains($0) } ?? false
    case ("runway", 2): probability(1) != nil
    case ("cash", 3):
      probability(2) != nil && month(1).map { (1...horizon).contains($0) } ?? false
    default: false
    }
  }

  private func month(_ place: Int) -> Int? {
    words[place].hasSuffix("m") ? Int(words[place].dropLast()) : nil
  }

  private func probability(_ place: Int) -> Double? {
    guard words[place].hasPrefix("p"), let percent = Int(words[place].dropFirst()),
      (1...99).contains(percent)
    else { return nil }
    return Double(percent) / 100
  }

  /// What holds, in words; `nil` when the condition does not.
  func verdict(_ summary: RunwaySummary) -> String? {
    let value: Double
    switch words[0] {
    case "ruin": value = summary.ruin(by: month(1) ?? 1).value
    case "break_even": value = summary.breakEven(by: month(1) ?? 1).value
    case "runway":
      value = summary.runway(probability(1) ?? 0.5).value.map { Double($0) } ?? .infinity
    default: value = summary.cash(at: month(1) ?? 1, probability(2) ?? 0.5).value
    }
    guard isGreater ? value > limit : value < limit else { return nil }
    return "\(words.joined(separator: ".")) = \(String(format: "%.6g", value)), \(text)"
  }
}
