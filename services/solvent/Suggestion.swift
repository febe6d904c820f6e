// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation

/// Says what a mistyped subcommand may have meant; the parser does so for options only.
enum Suggestion {
  static func print(for error: any Error, arguments: [String]) {
    guard arguments.count > 1, SolventCommand.exitCode(for: error) == .validationFailure else {
      return
    }
    let names = SolventCommand.configuration.groupedSubcommands.flatMap(\.subcommands)
      .compactMap { $0.configuration.commandName ?? "\($0)".lowercased() }
    let word = arguments[1]
    guard !word.hasPrefix("-"), !names.contains(word),
      let near = Spelling.nearest(to: word, among: names)
    else { return }
    Terminal.note("'\(word)' is not a command; did you mean '\(near)'?")
  }
}
