// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Documents
import Economics
import Fleet
import Foundation
import Host

/// What is known of models and hardware, and how predictions are made.
struct FleetOptions: ParsableArguments {
  @OptionGroup var output: OutputOptions

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Catalogue file that takes precedence over the built-in ones, as `solvent fleet add` "
        + "writes it.",
      valueName: "file"))
  var catalogue: [String] = []

  @Option(help: "Coefficients fitted by `solvent fleet fit`. Default: the built-in ones.")
  var coefficients: String?

  /// Shipped, then what was added, then what the command line names: later ones go before.
  func catalogues() throws -> FleetCatalogue {
    do {
      var known = try CatalogueFile.shipped()
      for file in Self.added + catalogue {
        try CatalogueFile.read(Self.text(file), file: file, into: &known)
      }
      return known
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
  }

  func model() throws -> PerformanceModel {
    do {
      guard let coefficients else { return try CoefficientFile.shipped() }
      return try CoefficientFile.read(Self.text(coefficients), file: coefficients)
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
  }

  /// The files of the user's own catalogue, in order of their names.
  static var added: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: ownCatalogue)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(ownCatalogue)/\($0)" }
  }

  /// `$SOLVENT_FLEET`, or `fleet` beside the data: a file for each addition.
  static var ownCatalogue: String {
    Settings().fleetDirectory ?? DataDirectory().data + "/fleet"
  }

  /// - Throws: ``FileProblem``.
  static func text(_ path: String) throws -> String {
    try UserFile.text(path)
  }
}
