// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Rendering

extension Fleet {
  struct Models: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists models with a known architecture, or one model with every figure.")

    @OptionGroup var options: FleetOptions

    @Argument(help: "One model.")
    var name: String?

    func run() async throws {
      let known = try options.catalogues().architectures
      if let name {
        let entry = try known.entry(name, "model")
        FigureList(title: entry.value.name, key: "model", figures: ModelList.figures(entry))
          .print(on: options.output.page)
      } else {
        ModelList(known.entries).print(on: options.output.page)
      }
    }
  }
}
