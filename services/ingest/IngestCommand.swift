// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Host
import IngestService

@main
struct IngestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solvent-ingest",
    abstract: "Reads usage logs, writes them to the journal and has them priced and booked.",
    version: solventRelease)

  @OptionGroup var options: ServiceOptions

  func run() async throws {
    let dataDirectory = options.dataDirectory
    try dataDirectory.create()
    try await ServiceProcess.run("ingest", options) { parts in
      [
        try IngestService(
          parts: parts, address: options.brokerAddress(), dataDirectory: dataDirectory)
      ]
    }
  }
}
