// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Dispatch
import Documents
import Economics
import Fleet
import Foundation
import Host
import Synchronization

/// Files of points on the command line.
enum Points {
  static func read(_ path: String, _ options: FleetOptions) throws -> PointsFile.Contents {
    do {
      return try PointsFile.read(path, options.catalogues())
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
  }

  /// Several files, one after the other.
  static func read(
    _ paths: [String], _ options: FleetOptions
  ) throws -> (points: [MeasuredPoint], problems: [FileProblem]) {
    let files = try paths.map { try read($0, options) }
    return (files.flatMap(\.points), files.flatMap(\.problems))
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
