// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Foundation
import Ingestion

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
      CommandGroup(name: "Watch", subcommands: [Watch.self, Workers.self]),
    ])

  static func main() async {
    // Somebody who pipes into `head` wants no message about it.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot(nil)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      failure.tell()
      Darwinless.exit(failure.code)
    } catch {
      let code = exitCode(for: error).rawValue
      if OutputOptions.wantsJSON(CommandLine.arguments) && code != 0 {
        Failure(code, message(for: error)).tell()
        Darwinless.exit(code)
      }
      Suggestion.tell(for: error, arguments: CommandLine.arguments)
      exit(withError: error)
    }
  }
}

/// `exit` of the C library, under a name that no parser library takes.
enum Darwinless {
  static func exit(_ code: Int32) -> Never { Foundation.exit(code) }
}

/// Says what a mistyped subcommand may have meant; the parser does so for options only.
enum Suggestion {
  static func tell(for error: any Error, arguments: [String]) {
    guard arguments.count > 1, SolventCommand.exitCode(for: error) == .validationFailure else {
      return
    }
    let names = SolventCommand.configuration.groupedSubcommands.flatMap(\.subcommands)
      .compactMap { $0.configuration.commandName ?? "\($0)".lowercased() }
    let word = arguments[1]
    guard !word.hasPrefix("-"), !names.contains(word),
      let near = Spelling.nearest(to: word, among: names)
    else { return }
    Terminal.note("there is no command '\(word)'; did you mean '\(near)'?")
  }
}

/// The exit codes of `docs/CLI.md`.
enum ExitStatus {
  static let failed: Int32 = 1
  /// A file that the user wrote (prices, mapping) is wrong.
  static let badFile: Int32 = 2
  /// Imported, but some rows were put aside.
  static let quarantined: Int32 = 3
  /// A log as a whole could not be read.
  static let refused: Int32 = 4
  /// Damage, or the disk does not take it.
  static let storage: Int32 = 5
  static let dataError: Int32 = 65
  static let unreachable: Int32 = 69
  static let tryAgain: Int32 = 75
  static let badConfiguration: Int32 = 78
}

/// A failure with the words for a person and the code for a script.
struct Failure: Error {
  let code: Int32
  let message: String

  init(_ code: Int32, _ message: String) {
    self.code = code
    self.message = message
  }

  /// What a question to the cluster failed with.
  init(asking error: any Error) {
    switch error {
    case let failure as Failure:
      self = failure
    case let error as ClientError:
      switch error.kind {
      case .unreachable, .version: self.init(ExitStatus.unreachable, error.description)
      case .noAnswer:
        self.init(
          ExitStatus.tryAgain, "\(error.description); see: solvent workers, solvent doctor")
      case .refused: self.init(ExitStatus.failed, error.description)
      }
    default:
      self.init(ExitStatus.failed, "\(error)")
    }
  }

  /// Tells it on standard error: in words, or where the answer would be JSON, as JSON.
  func tell() {
    guard !message.isEmpty else { return }
    guard OutputOptions.wantsJSON(CommandLine.arguments) else { return Terminal.error(message) }
    let object = JSONText.object([
      ("schema", .string("solvent.error/v1")), ("code", .number("\(code)")),
      ("message", .string(message)),
    ])
    Terminal.note(object.text)
  }
}
