// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation
import Rendering

extension Fleet {
  struct GPUs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gpus",
      abstract: "Lists GPUs and their prices, or one GPU with the source of every figure.")

    @OptionGroup var options: FleetOptions

    @Argument(help: "One GPU.")
    var name: String?

    func run() async throws {
      let catalogue = try options.catalogues()
      if let name {
        let entry = try catalogue.accelerators.entry(name, "GPU")
        FigureList(
          title: entry.value.name, key: "gpu", figures: GPUList.figures(entry, catalogue)
        ).print(on: options.output.page)
      } else {
        GPUList(catalogue).print(on: options.output.page)
      }
    }
  }
}
