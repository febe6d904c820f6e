// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Documents
import Economics
import Foundation
import Rendering
import Runway
import ZeroMQ

extension Scenario {
  struct Keys: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the keys of a scenario, which --set also takes.")

    func run() {
      var table = Table(columns: [
        .init(title: "PARAMETER"), .init(title: "SYMBOL"), .init(title: "MEANING", rank: 1),
        .init(title: "ALLOWED", rank: 2), .init(title: "IN RUNWAY-60"),
      ])
      for parameter in RunwayScenario.Parameter.allCases {
        table.rows.append([
          parameter.name, parameter.symbol, parameter.meaning, parameter.allowedText,
          "\(RunwayScenario.runway60[parameter])",
        ])
      }
      table.print(on: Terminal.page(.table))
      Terminal.print()
      var settings = Table(columns: [.init(title: "SETTING"), .init(title: "MEANING")])
      for setting in ScenarioSetting.all { settings.rows.append([setting.key, setting.meaning]) }
      settings.print(on: Terminal.page(.table))
      Terminal.print()
      Terminal.print("events    audience@MONTH, price@MONTH, cost@MONTH, tranche@MONTH")
      Terminal.print("lists     events=[], correlations=[]: none")
    }
  }
}
