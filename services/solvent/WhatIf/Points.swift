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

  /// Read = taken + quarantined, and somebody must see it.
  static func report(_ problems: [FileProblem]) throws {
    guard let first = problems.first else { return }
    throw Failure(
      ExitStatus.quarantined,
      "\(problems.count) lines were quarantined, the first: \(first.description)")
  }
}
