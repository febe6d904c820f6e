// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

extension Fleet {
  struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Models whose architecture is known; one of them with every figure.")

    @OptionGroup var options: FleetOptions

    @Argument(help: "One model.")
    var name: String?

    func run() async throws {
      let known = try options.catalogues().architectures
      if let name {
        let entry = try known.entry(name, "model")
        FigureList(title: entry.value.name, key: "model", figures: ModelList.figures(entry))
          .print(options.output.format)
      } else {
        ModelList(entries: known.entries).print(options.output.format)
      }
    }
  }
}
