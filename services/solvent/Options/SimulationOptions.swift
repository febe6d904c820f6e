// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import ClusterAPI
import ClusterAccess
import Documents
import Economics
import Foundation
import Host
import Rendering
import Runway
import Supervision
import ZeroMQ

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

  @Option(
    help: "Paths, rounded up to a multiple of 8. Default: the file's, otherwise 100,000.")
  var paths: Int?

  @Option(help: "Seed. Default: the file's, otherwise 1.")
  var seed: UInt64?

  @Option(help: "Paths per job. The result does not depend on it.")
  var shard: Int?

  @Flag(help: "Compute in this process, not on the workers of a running cluster.")
  var local = false

  @Flag(
    name: .customLong("no-cache"),
    help: "Compute again what the cluster has computed before; the result is the same.")
  var computesAgain = false

  @Flag(help: "Print partial results to standard error, as lines of JSON.")
  var partials = false

  @Flag(name: .shortAndLong, help: "Hide progress and hints.")
  var quiet = false

  func validate() throws {
    if let paths, !(8...2_000_000_000).contains(paths) {
      throw ValidationError("--paths must be from 8 to 2,000,000,000")
    }
    if let shard, !(8...SimulationJob.pathsMax).contains(shard) {
      throw ValidationError("--shard must be from 8 to \(SimulationJob.pathsMax)")
    }
  }

  /// Reads a scenario and applies what the command line changes.
  func file(_ path: String) throws -> ScenarioFile {
    do {
      var file = try ScenarioFile(UserFile.text(path), file: path, changes: sets)
      if let seed { file.scenario.seed = seed }
      if let paths { file.paths = paths }
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
    let show: @Sendable (SpreadProgress) -> Void = { [partials] progress in
      if partials { Terminal.note(PartialLine.text(progress)) }
      bar.update(permille: progress.permille, "P(ruin) \(Percent.text(progress.ruin))")
    }
    defer { bar.finish() }
    guard !local, cluster.isRunning else {
      return try Simulator(scenarios: scenarios, paths: paths, shard: shard, partial: show).run()
    }
    let request = ScenarioRequest(
      scenarios: scenarios, paths: paths, shard: shard, mayBeCached: !computesAgain)
    return try await cluster.askAtLength(ServiceName.scenario, request, progress: show)
      .decode(SimulationOutcome.self)
  }
}

extension ClusterOptions {
  /// Whether a cluster is meant, or runs on the data directory.
  var isRunning: Bool {
    if broker != nil || Settings().broker != nil { return true }
    return FileManager.default.fileExists(atPath: dataDirectory.cluster)
      && ClusterLock(dataDirectory) == nil
  }
}
