// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Economics
import Fleet
import Foundation
import Host
import Runway

/// A fleet in a few words, for scenarios: `model=llama3.1-70b,gpu=H200,gpus=8,rent=2.5`.
struct FleetSpecification {
  /// What can be said: the options of `fleet estimate` about deployment, request, latency and price.
  private struct Words: ParsableArguments {
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var load: LoadOptions
    @OptionGroup var prices: PriceOptions
    @Option var coefficients: String?
  }

  let text: String

  /// Cut at commas that a name follows: values may hold commas, too.
  private static func parts(_ text: String) -> [String] {
    var parts: [String] = []
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      if parts.isEmpty || piece.first?.isLetter == true {
        parts.append(String(piece))
      } else {
        parts[parts.count - 1] += ",\(piece)"
      }
    }
    return parts
  }

  /// What a request costs on that fleet: a lognormal with the ends of its 90% range.
  func estimate(_ catalogue: FleetCatalogue) throws -> FleetEstimate {
    var arguments: [String] = []
    for part in Self.parts(text) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = pair[0].trimmingCharacters(in: .whitespaces)
      let value = pair.count == 2 ? String(pair[1]) : nil
      if ["own", "spread-experts"].contains(name) {
        switch value {
        case nil, "true": arguments.append("--\(name)")
        case "false": break
        default:
          throw Failure(EX_USAGE, "--fleet '\(text)': \(name) must be true or false")
        }
      } else {
        arguments += ["--\(name)"] + (value.map { [$0] } ?? [])
      }
    }
    let words: Words
    do {
      words = try Words.parse(arguments)
    } catch {
      throw Failure(
        EX_USAGE,
        "--fleet '\(text)': \(Words.message(for: error)); write it as "
          + "model=llama3.1-70b,gpu=H200,gpus=8,input-tokens=1000,output-tokens=500,rent=2.5")
    }
    let load = words.load.load
    do {
      let model = try words.coefficients.map {
        try CoefficientFile.read(FleetOptions.text($0), file: $0)
      }
      return try FleetEstimate(
        words.deployment, words.prices, load: load, ttft: words.load.latency.ttft,
        model: model ?? CoefficientFile.shipped(),
        catalogue: catalogue)
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
  }

  /// Puts the fleet's cost of a request into a scenario.
  func apply(to file: inout ScenarioFile) throws {
    var catalogue: FleetCatalogue
    do {
      catalogue = try CatalogueFile.shipped()
      for own in FleetOptions.added {
        try CatalogueFile.read(FleetOptions.text(own), file: own, into: &catalogue)
      }
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
    let estimate = try estimate(catalogue)
    let cost = estimate.cost.perRequest
    file.set(
      .cost, .lognormal(p5: cost.low, p95: cost.high),
      Provenance(
        source: estimate.deployment.title, date: estimate.model.version,
        evidence: estimate.evidence))
    do throws(ScenarioError) {
      try file.check()
    } catch {
      throw Failure(EX_USAGE, "--fleet '\(text)': \(error.description)")
    }
  }

  /// What to call a scenario with it.
  var title: String { "fleet \(text)" }
}
