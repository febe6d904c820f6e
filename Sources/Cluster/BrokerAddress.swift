// SPDX-License-Identifier: Apache-2.0

public import ZeroMQ

/// Where a broker listens: three endpoints that follow from one.
///
///     ipc:///run/solvent       client ipc:///run/solvent/client   worker …/worker   stream …/stream
///     tcp://127.0.0.1:7400     client port 7400                  worker 7401     stream 7402
public struct BrokerAddress: Hashable, Sendable, CustomStringConvertible {
  /// The text it was made from.
  public let description: String
  /// Producers connect here.
  public let client: Endpoint
  /// Workers connect here.
  public let worker: Endpoint
  /// Subscribers connect here.
  public let stream: Endpoint

  /// - Parameter insecureTCP: whether a broker may listen at a tcp port without keys
  ///   (``Endpoint/isOpenToAll``); whoever connects need not say it.
  /// - Throws: ``EndpointError`` when `text` is neither `ipc://DIRECTORY` nor `tcp://HOST:PORT`.
  public init(_ text: String, insecureTCP: Bool = false) throws(EndpointError) {
    let base = try Endpoint(text, insecureTCP: insecureTCP)
    description = text
    if text.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...]), port <= UInt16.max - 2
    {
      let host = text[...colon]
      client = base
      worker = try Endpoint("\(host)\(port + 1)", insecureTCP: insecureTCP)
      stream = try Endpoint("\(host)\(port + 2)", insecureTCP: insecureTCP)
    } else if text.hasPrefix("ipc://") || text.hasPrefix("inproc://") {
      client = try Endpoint(text + "/client")
      worker = try Endpoint(text + "/worker")
      stream = try Endpoint(text + "/stream")
    } else {
      throw EndpointError(
        text, "is not a valid broker address; write ipc://DIRECTORY or tcp://127.0.0.1:7400")
    }
  }

  /// Whether a broker may listen here; asked early by who starts one.
  /// - Throws: ``EndpointError``, as ``Socket/bind(_:)``.
  public func mayBeListenedAt() throws(EndpointError) { try client.mayBeBound() }
}
