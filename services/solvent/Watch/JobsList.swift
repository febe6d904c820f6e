// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClusterAPI
import Rendering

struct JobsList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists batches that could not be booked, and why.")

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    JobsPrinter(try await cluster.ask(.list)).print(on: output.page)
  }
}
