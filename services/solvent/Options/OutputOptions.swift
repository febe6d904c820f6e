// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Logging
import Reporting
import ZeroMQ

/// How the answer is written.
struct OutputOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv, md
  }

  @Option(name: [.customShort("o"), .long], help: "table, json, csv or md.")
  var output: Format?

  @Flag(help: "The same as --output json.")
  var json = false

  @Flag(help: "The same as --output csv.")
  var csv = false

  @Flag(name: .customLong("no-color"), help: "No colour, as with NO_COLOR=1.")
  var noColour = false

  var format: Format { output ?? (json ? .json : csv ? .csv : .table) }

  /// Whether arguments ask for JSON: errors are told before and after they are parsed.
  static func wantsJSON(_ arguments: [String]) -> Bool {
    zip(arguments, arguments.dropFirst() + [""]).contains { word, next in
      word == "--json" || word == "--output=json" || word == "-ojson"
        || ["-o", "--output"].contains(word) && next == "json"
    }
  }
}
