// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Documents
import Economics
import Foundation
import Host
import Ledger
import Reporting
import ZeroMQ

struct Prices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the price book, and usage without a price.",
    subcommands: [List.self, Check.self])

  static func book(_ path: String?) throws -> PriceBook {
    guard let path else { return try PriceBookFile.shipped() }
    do {
      return try PriceBookFile.read(UserFile.text(path), file: path)
    } catch {
      throw Failure(ExitStatus.badFile, error.description)
    }
  }
}
