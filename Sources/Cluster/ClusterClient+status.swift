// SPDX-License-Identifier: Apache-2.0

public import Broker
import ZeroMQ

extension ClusterClient {
  /// Asks the broker about itself; the client must have been made to ask its service.
  /// - Throws: ``ClientError``.
  public func brokerStatus() async throws -> BrokerStatus {
    try await join(within: .seconds(1))
    let answer = try await ask(
      BrokerMachine<SharedMessage>.statusService, SharedMessage([]), timeout: .seconds(3))
    return try answer.decode(BrokerStatus.self)
  }
}
