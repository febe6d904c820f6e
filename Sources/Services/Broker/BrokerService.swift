// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Cluster
public import Host
public import ServiceLifecycle
public import ZeroMQ

/// A broker as a service: listens until it is asked to stop.
public struct BrokerService: Service {
  private let node: BrokerNode

  /// - Throws: `ZeroMQError` when it cannot listen on the address.
  public init(
    parts: ServiceProcess.Parts, address: BrokerAddress,
    settings: BrokerMachine<SharedMessage>.Settings
  ) throws {
    node = try BrokerNode(
      loop: parts.loop, context: parts.context, address: address, settings: settings,
      release: solventRelease, logger: parts.logger)
  }

  public func run() async throws {
    await node.start()
    await cancelWhenGracefulShutdown {
      var metrics = BrokerMetrics()
      while !Task.isCancelled {
        metrics.take(await node.status())
        try? await Task.sleep(for: .seconds(1))
      }
      metrics.take(await node.status())
    }
    await node.stop()
  }
}
