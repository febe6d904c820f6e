// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Foundation

struct Fleet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Estimates what inference costs on your own hardware, with the error of the estimate.",
    subcommands: [
      Estimate.self, Search.self, Compare.self, Size.self, Rates.self, Measure.self, Press.self,
      Models.self, GPUs.self, Add.self, Fit.self, Check.self,
    ])
}
