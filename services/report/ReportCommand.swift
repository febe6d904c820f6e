// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Host
import ReportService

@main
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvent-report",
    abstract: "Keeps the ledger, answers questions about it and publishes its streams.",
    version: solventRelease)

  @OptionGroup var options: ServiceOptions

  func run() async throws {
    let dataDirectory = options.dataDirectory
    try dataDirectory.create()
    try await ServiceProcess.run("report", options) { parts in
      [
        try ReportService(
          parts: parts, address: options.brokerAddress(), ledgerPath: dataDirectory.ledger)
      ]
    }
  }
}
