// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Rendering

/// How the answer is written.
struct OutputOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .long], help: "Format: table, json, csv or md.")
  var output: OutputFormat?

  @Flag(help: "The same as --output json.")
  var json = false

  @Flag(help: "The same as --output csv.")
  var csv = false

  @Flag(name: .customLong("no-color"), help: "No color, as with NO_COLOR=1.")
  var noColour = false

  var format: OutputFormat { output ?? (json ? .json : csv ? .csv : .table) }

  /// Standard output, as it is to be written.
  var page: Page { Terminal.page(format) }

  /// Whether arguments ask for JSON: errors are printed before and after they are parsed.
  static func wantsJSON(_ arguments: [String]) -> Bool {
    zip(arguments, arguments.dropFirst() + [""]).contains { word, next in
      word == "--json" || word == "--output=json" || word == "-ojson"
        || ["-o", "--output"].contains(word) && next == "json"
    }
  }
}

extension OutputFormat: ExpressibleByArgument {}
