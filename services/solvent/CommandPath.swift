// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How a command is called from the top: `solvent scenario run`.
///
/// The parser knows it for errors of its own only; one that `run()` throws would show `Usage: run`.
enum CommandPath {
  /// - Returns: `nil` for a command that is not below `root`.
  static func of(
    _ command: any ParsableCommand.Type, below root: any ParsableCommand.Type
  ) -> String? {
    if ObjectIdentifier(command) == ObjectIdentifier(root) { return root._commandName }
    let configuration = root.configuration
    let below = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
    for child in below {
      if let path = of(command, below: child) { return "\(root._commandName) \(path)" }
    }
    return nil
  }

  /// A message of the parser with the whole path of its command.
  static func completed(
    _ message: String, _ command: any ParsableCommand.Type, below root: any ParsableCommand.Type
  ) -> String {
    guard let path = of(command, below: root) else { return message }
    let name = command._commandName
    return message.replacing("Usage: \(name) ", with: "Usage: \(path) ")
      .replacing("See '\(name) --help'", with: "See '\(path) --help'")
  }
}
