// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import ClusterAPI
import Foundation
import Host

extension ClusterOptions {
  /// Runs something on the workers that offer a service; an interrupt gives up what is under way.
  /// - Parameter body: gets the connection and the number of workers, at least 1.
  func onWorkers<Result: Sendable>(
    of service: String,
    _ body: @escaping @Sendable (ClusterClient, Int) async throws -> Result
  ) async throws -> Result {
    let client = try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()), release: solventRelease,
      services: [service, "broker"], logger: Self.quietLogger)
    let work = Task {
      let status = try await client.brokerStatus()
      let workers = status.workers.count { $0.services.contains(service) }
      return try await body(client, max(1, workers))
    }
    let signals = StopSignal.watch()
    let interrupted = Task {
      for await _ in signals {
        // The jobs under way are given up at the broker.
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
