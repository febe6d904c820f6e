// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import ClusterAPI
import Foundation
import Host
import ZeroMQ

extension ClusterOptions {
  /// Asks for something that takes the workers a while; an interrupt gives it up.
  func askAtLength(
    _ service: String, _ request: some Encodable,
    progress: @escaping @Sendable (SpreadProgress) -> Void
  ) async throws -> SharedMessage {
    let client = try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()), release: solventRelease,
      services: [service], logger: Self.quietLogger)
    let question = try SharedMessage(encoding: request)
    let work = Task {
      try await client.ask(service, question, timeout: .seconds(600)) { _, payload in
        if let told = try? payload?.decode(SpreadProgress.self) { progress(told) }
      }
    }
    let signals = StopSignal.watch()
    let interrupted = Task {
      for await _ in signals {
        // The broker tells the report service, and that the workers.
        work.cancel()
        return
      }
    }
    defer { interrupted.cancel() }
    do {
      let result = try await work.value
      await client.close()
      return result
    } catch {
      await client.close()
      if error is CancellationError { throw Failure(130, "cancelled") }
      throw Failure(asking: error)
    }
  }
}
