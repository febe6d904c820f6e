// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Rendering

struct Workers: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the workers that have joined the broker and the jobs that wait.")

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    WorkersPrinter(try await cluster.brokerStatus()).print(on: output.page)
  }
}
