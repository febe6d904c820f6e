// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Documents
import Economics
import Foundation
import Host
import Logging
import Reporting
import Usage
import ZeroMQ

/// How a log is read and priced.
struct ReadingArguments: ParsableArguments {
  @Option(help: "YAML file that maps columns to usage (docs/MAPPINGS.md).")
  var mapping: String?

  @Option(help: "Use the mapping with this name instead of recognizing the header.")
  var mappingName: String?

  @Option(help: "Name of the log. Default: the mapping's name.")
  var source: String?

  @Option(help: "Origin of relative times: 2023-08-01 or 2023-08-01T00:00:00Z.")
  var origin: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("A dimension or tag for all rows: product=chat.", valueName: "name=value"))
  var constants: [String] = []

  @Option(
    help: "Price book (YAML or JSON) that takes precedence over the built-in one (docs/PRICES.md).")
  var prices: String?

  @Option(help: "Rows per batch.")
  var batchRows = 32_768

  func validate() throws {
    guard ReadingOptions.batchRowsRange.contains(batchRows) else {
      throw ValidationError("--batch-rows must be from 1 to 65,536")
    }
  }

  func options() throws -> ReadingOptions {
    var options = ReadingOptions(batchRows: batchRows)
    options.mappingName = mappingName
    options.source = source
    if let mapping {
      options.mappingText = try Self.text(mapping)
      options.mappingFile = mapping
    }
    if let prices {
      options.pricesText = try Self.text(prices)
      options.pricesFile = prices
    }
    if let origin {
      guard let time = MappingFile.originTime(origin) else {
        throw ValidationError(
          "--origin must be a date, or a time with a zone: 2023-08-01T00:00:00Z")
      }
      options.origin = time
    }
    for constant in constants {
      let parts = constant.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw ValidationError("--set needs name=value, not '\(constant)'")
      }
      options.constants[String(parts[0])] = String(parts[1])
    }
    // What is wrong in the user's files is said before anything is read.
    do {
      _ = try options.priceBook()
      if let text = options.mappingText { _ = try MappingFile.read(text, file: mapping ?? "") }
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
    return options
  }

  private static func text(_ path: String) throws -> String {
    do {
      return try UserFile.text(path)
    } catch {
      throw Failure(ExitStatus.badFile, error.description)
    }
  }
}
