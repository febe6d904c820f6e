// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Ledger
import ZeroMQ

struct Completions: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a completion script for a shell.")

  @Argument(help: "bash, zsh or fish.")
  var shell: String

  func run() throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw ValidationError("'\(shell)' is not bash, zsh or fish")
    }
    Terminal.print(SolventCommand.completionScript(for: shell))
  }
}
