// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Dispatch
import Economics
import Foundation
import Host
import Supervision
import Synchronization

struct Down: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stops the cluster that uses a data directory.")

  @Option(help: "Data directory.")
  var data: String?

  func run() async throws {
    let dataDirectory = DataDirectory(data: data)
    // Whoever holds the lock lives; the number in the file may be anybody's by now.
    guard FileManager.default.fileExists(atPath: dataDirectory.data),
      ClusterLock(dataDirectory) == nil,
      let file = ClusterFile.read(dataDirectory), kill(file.supervisor, 0) == 0
    else {
      throw Failure(ExitStatus.unreachable, "no cluster is running on \(dataDirectory.data)")
    }
    kill(file.supervisor, SIGTERM)
    let deadline = ContinuousClock.now + .seconds(30)
    while kill(file.supervisor, 0) == 0, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
    }
    guard kill(file.supervisor, 0) != 0 else {
      throw Failure(ExitStatus.failed, "process \(file.supervisor) does not exit")
    }
    Terminal.print("stopped")
  }
}
