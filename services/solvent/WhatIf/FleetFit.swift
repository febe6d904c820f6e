// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClusterAPI
import Crypto
import Documents
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Fit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fits the coefficients to measured points and reports their errors.",
      discussion: """
        docs/FLEET.md lists the columns of the points. The command also fits without each GPU, \
        model and source and without an eighth of the groups, and measures errors on the points \
        left out: the error tables and the 90% ranges come from them. --to writes a file for \
        --coefficients.
        """)

    @OptionGroup var options: FleetOptions

    @Option(help: "Write the coefficients to this file.")
    var to: String?

    @Flag(name: .shortAndLong, help: "Hide progress.")
    var quiet = false

    @Argument(help: "Measured points (CSV); several files count as one.", completion: .file())
    var points: [String]

    func run() async throws {
      let contents = try Points.read(points, options)
      guard contents.points.count >= 20 else {
        throw Failure(
          ExitStatus.dataError,
          "\(points.joined(separator: ", ")): \(contents.points.count) points; a fit needs "
            + "at least 20"
        )
      }
      let started = ContinuousClock.now
      let study = FitStudy(contents.points)
      let report = Self.run(study, quiet: quiet)
      let seconds = started.duration(to: .now) / .seconds(1)
      if let to {
        let names = points.map { URL(filePath: $0).lastPathComponent }
        let text = CoefficientFile.text(
          report.model, fittedTo: names.joined(separator: ", "), points: study.points.count,
          sha256: digest)
        do {
          try text.write(toFile: to, atomically: true, encoding: .utf8)
        } catch {
          throw Failure(ExitStatus.storage, "\(to): cannot be written")
        }
      }
      FitPrinter(report: report, points: study.points, seconds: seconds).print(
        on: options.output.page)
      try Points.report(contents.problems)
    }

    /// SHA-256 of the files, one after the other.
    private var digest: String {
      var hash = SHA256()
      for path in points { hash.update(data: FileManager.default.contents(atPath: path) ?? Data()) }
      return Text.hex(hash.finalize())
    }

    /// The whole first, then everything else on all processors.
    static func run(_ study: FitStudy, quiet: Bool) -> FitReport {
      let bar = ProgressBar("fitting", quiet: quiet)
      let parts = study.parts
      let whole = study.run(parts[0])
      let others = Fanout.each(parts.count - 1) {
        study.run(parts[$0 + 1])
      } progress: { done in
        bar.update(permille: (done + 1) * 1_000 / parts.count, "\(done + 1) of \(parts.count) fits")
      }
      bar.finish()
      let date = ISO8601DateFormatter.string(
        from: Date(), timeZone: .gmt, formatOptions: .withFullDate)
      return study.report([whole] + others, version: date)
    }
  }
}
