// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Dispatch
import Foundation
import Ingestion
import Modeling
import Synchronization

extension Fleet {
  struct Fit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fits the coefficients to measured points and says what they are worth.",
      discussion: """
        The columns of the points are in docs/FLEET.md. Also fits without each GPU, model and source \
        and without an eighth of the groups, and judges by what was left out: the error tables and the \
        90 % ranges come from there. --to writes a file for --coefficients.
        """)

    @OptionGroup var options: FleetOptions

    @Option(help: "Write the coefficients to this file.")
    var to: String?

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    @Argument(help: "Measured points (CSV).", completion: .file())
    var points: String

    func run() async throws {
      let contents = try Points.read(points, options)
      guard contents.points.count >= 20 else {
        throw Failure(
          ExitStatus.dataError, "\(points): \(contents.points.count) points; a fit needs 20")
      }
      let started = ContinuousClock.now
      let study = FitStudy(contents.points)
      let report = Self.run(study, quiet: quiet)
      let seconds = started.duration(to: .now) / .seconds(1)
      if let to {
        let bytes = FileManager.default.contents(atPath: points) ?? Data()
        let digest = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
        let text = CoefficientFile.text(
          report.model, fittedTo: URL(filePath: points).lastPathComponent,
          points: study.points.count, sha256: digest)
        do {
          try text.write(toFile: to, atomically: true, encoding: .utf8)
        } catch {
          throw Failure(ExitStatus.storage, "\(to): cannot be written")
        }
      }
      FitPrinter(report: report, points: study.points, seconds: seconds).print(
        options.output.format)
      try Points.tell(contents.problems)
    }

    /// The whole first, then everything else on all processors.
    static func run(_ study: FitStudy, quiet: Bool) -> FitReport {
      let bar = ProgressBar("fitting", quiet: quiet)
      let parts = study.parts
      let whole = study.run(parts[0])
      let state = Mutex<(outcomes: [FitStudy.Outcome], next: Int)>(([whole], 1))
      let processors = ProcessInfo.processInfo.activeProcessorCount
      DispatchQueue.concurrentPerform(iterations: processors) { _ in
        while let part = state.withLock({ state -> FitStudy.Part? in
          guard state.next < parts.count else { return nil }
          defer { state.next += 1 }
          return parts[state.next]
        }) {
          let outcome = study.run(part)
          state.withLock { $0.outcomes.append(outcome) }
          let done = state.withLock { $0.outcomes.count }
          bar.update(permille: done * 1_000 / parts.count, "\(done) of \(parts.count) fits")
        }
      }
      bar.finish()
      let date = ISO8601DateFormatter.string(
        from: Date(), timeZone: .gmt, formatOptions: .withFullDate)
      return study.report(state.withLock { $0.outcomes }, version: date)
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Predicts measured points without fitting, and says how far off it is.",
      discussion: """
        --fail-if ends with exit code 3 when a condition holds: median>9%, p90>27%, bias>3% (either \
        way), covered<85%, unsupported>0.
        """)

    @OptionGroup var options: FleetOptions

    @Flag(help: "The tables only, not each point.")
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
        try Points.tell(contents.problems)
        throw Failure(ExitStatus.dataError, "\(points): no points")
      }
      let model = try options.model()
      let results = contents.points.map { PointResult($0, model) }
      let check = CheckPrinter(
        results: results, unsupported: contents.problems.count, model: model, summary: summary)
      check.print(options.output.format)
      for problem in contents.problems { Terminal.note("unsupported: \(problem)") }
      for condition in conditions {
        if let met = condition.met(by: check) { throw Failure(3, "condition met: \(met)") }
      }
      try Points.tell(contents.problems)
    }
  }
}

/// Files of points on the command line.
enum Points {
  static func read(_ path: String, _ options: FleetOptions) throws -> PointsFile.Contents {
    do {
      return try PointsFile.read(path, options.catalogues())
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
  }

  /// Read = taken + put aside, and somebody must see it.
  static func tell(_ problems: [FileProblem]) throws {
    guard let first = problems.first else { return }
    throw Failure(
      ExitStatus.quarantined,
      "\(problems.count) lines were not taken, the first: \(first.description)")
  }
}

/// A point, what is predicted and the range.
struct PointResult {
  let point: MeasuredPoint
  let predicted: Interval

  init(_ point: MeasuredPoint, _ model: PerformanceModel) {
    self.point = point
    let estimate = model.predict(point)
    let band = model.band(point.deployment)
    // The error of a time is that of the throughput turned round.
    predicted =
      point.kind == .firstToken
      ? model.interval(1 / estimate, band).inverse(1) : model.interval(estimate, band)
  }

  var error: Double { predicted.estimate / point.measured - 1 }
  var isCovered: Bool { predicted.low <= point.measured && point.measured <= predicted.high }
}
