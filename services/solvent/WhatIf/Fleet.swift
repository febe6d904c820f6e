// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Foundation

struct Fleet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What inference costs on your own hardware, from the ground up, with its error.",
    subcommands: [
      Estimate.self, Search.self, Compare.self, Size.self, Rates.self, Measure.self, Press.self,
      Models.self, GPUs.self, Add.self, Fit.self, Check.self,
    ])
}
