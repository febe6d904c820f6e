// SPDX-License-Identifier: Apache-2.0

public import Broker
public import Cluster
public import Host
import Logging
import Metrics
public import ServiceLifecycle
public import ZeroMQ

/// A broker as a service: listens until it is asked to stop.
public struct BrokerService: Service {
  private let node: BrokerNode
  private let logger: Logger

  /// - Throws: `ZeroMQError` when it cannot listen on the address.
  public init(
    parts: ServiceProcess.Parts, address: BrokerAddress,
    settings: BrokerMachine<SharedMessage>.Settings
  ) throws {
    logger = parts.logger
    node = try BrokerNode(
      loop: parts.loop, context: parts.context, address: address, settings: settings,
      release: solventRelease, logger: parts.logger)
  }

  public func run() async throws {
    await node.start()
    await cancelWhenGracefulShutdown {
      var metrics = BrokerMetrics()
      var refusals = RefusalWatch()
      while !Task.isCancelled {
        metrics.take(await node.status())
        log(refusals.look(ConnectionGate.refused))
        try? await Task.sleep(for: .seconds(1))
      }
      metrics.take(await node.status())
    }
    await node.stop()
  }

  private func log(_ note: RefusalWatch.Note?) {
    switch note {
    case .refused(let count):
      Counter(.brokerRefusedConnections).increment(by: Int64(clamping: count))
      logger.warning(
        "connections refused: too many are open",
        metadata: ["refused": "\(count)", "descriptors": "\(DescriptorLimit().soft)"])
    case .room(let count):
      logger.notice("connections are accepted again", metadata: ["refused": "\(count)"])
    case nil: break
    }
  }
}
