// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import ZeroMQ

struct Scenario: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Simulates futures: how long the money lasts, how likely ruin is, what drives it.",
    subcommands: [Run.self, Compare.self, New.self, Keys.self])
}
