// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Foundation
import Host

@main
struct SolventCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvent",
    abstract: "What does your AI service cost, and can you afford it?",
    discussion: """
      First steps:  solvent demo
                    solvent up & solvent ingest LOG.csv && solvent cost --by day,model
      """,
    version: solventRelease,
    groupedSubcommands: [
      CommandGroup(
        name: "Start", subcommands: [Demo.self, Up.self, Down.self, Doctor.self, Completions.self]),
      CommandGroup(name: "Data", subcommands: [Ingest.self, Book.self, Prices.self, Verify.self]),
      CommandGroup(
        name: "Ask",
        subcommands: [
          Cost.self, Unit.self, ProfitAndLoss.self, Coverage.self, RunwayCommand.self,
          Balance.self, Audience.self,
        ]),
      CommandGroup(name: "What if", subcommands: [Scenario.self, Fleet.self]),
      CommandGroup(name: "Watch", subcommands: [Watch.self, Workers.self, Jobs.self]),
    ])

  private typealias Asynchronous = any AsyncParsableCommand

  static func main() async {
    FreedMemory.keep()
    // Somebody who pipes into `head` wants no message about it.
    signal(SIGPIPE, SIG_IGN)
    // Whose usage is shown with an error: the command's, once it is known.
    var type: any ParsableCommand.Type = Self.self
    do {
      var command = try parseAsRoot(nil)
      type = Swift.type(of: command)
      if var asynchronous = command as? Asynchronous {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      failure.report()
      Foundation.exit(failure.code)
    } catch {
      let code = exitCode(for: error).rawValue
      if OutputOptions.wantsJSON(CommandLine.arguments) && code != 0 {
        Failure(code, message(for: error)).report()
        Foundation.exit(code)
      }
      Suggestion.print(for: error, arguments: CommandLine.arguments)
      // Help and versions go to standard output and are whole already.
      guard code != 0 else { type.exit(withError: error) }
      Terminal.note(CommandPath.completed(type.fullMessage(for: error), type, below: Self.self))
      Foundation.exit(code)
    }
  }
}
