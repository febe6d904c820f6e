// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ClusterAPI
import Rendering

struct JobsShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows one of them: its rows, sums and dimensions.")

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The batch, as `solvent jobs` numbers it.")
  var batch: UInt64

  func run() async throws {
    JobsPrinter(try await cluster.ask(.show(batch)), isDetailed: true).print(on: output.page)
  }
}
