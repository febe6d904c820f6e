// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import ClusterAPI
import ClusterAccess
import Economics
import Foundation
import Host
import Logging
import Reporting
import ZeroMQ

/// Where the cluster is.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Data directory.",
      discussion:
        "Default: $SOLVENT_DATA, otherwise $XDG_DATA_HOME/solvent or ~/.local/share/solvent."))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Broker address: ipc://DIRECTORY or tcp://127.0.0.1:PORT.",
      discussion: "Default: $SOLVENT_BROKER, otherwise the data directory's local sockets."))
  var broker: String?

  var dataDirectory: DataDirectory { DataDirectory(data: data) }

  func address() throws -> BrokerAddress {
    do {
      return try BrokerAddress(broker ?? Settings().broker ?? dataDirectory.broker)
    } catch {
      throw Failure(ExitStatus.badConfiguration, "\(error)")
    }
  }

  /// A connection to the cluster; close it after use.
  func client() async throws -> ClusterClient {
    try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()), release: solventRelease,
      services: [ServiceName.query, ServiceName.ingest, "broker"], logger: Self.quietLogger)
  }

  /// Asks the report service of the cluster.
  func ask(_ question: SharedMessage) async throws -> SharedMessage {
    let client = try await client()
    do {
      let answer = try await client.ask(ServiceName.query, question)
      await client.close()
      return answer
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
  }

  /// Asks the ingest service about batches that could not be booked.
  func ask(_ request: JobsRequest) async throws -> JobsAnswer {
    try await ask(SharedMessage(encoding: request), of: ServiceName.jobs).decode(JobsAnswer.self)
  }

  /// Asks the broker about itself.
  func brokerStatus() async throws -> BrokerStatus {
    let client = try await client()
    do {
      let status = try await client.brokerStatus()
      await client.close()
      return status
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
  }

  static let quietLogger = Logger(label: "solvent") { _ in SwiftLogNoOpLogHandler() }
}
