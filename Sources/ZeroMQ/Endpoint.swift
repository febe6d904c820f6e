// SPDX-License-Identifier: Apache-2.0

/// Where a socket binds or connects: `ipc:///path`, `ipc://@abstract`, `inproc://name`,
/// `tcp://host:port`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// The endpoint in libzmq's spelling.
  public let address: String
  /// Whether a socket may be bound to it though nobody can say who connects.
  public let isOpenToAll: Bool

  /// Checks the spelling.
  /// - Parameter insecureTCP: whether a tcp port of this machine may be opened without keys, which every
  ///   user of the machine can enter then. Says nothing of connecting.
  /// - Throws: ``EndpointError`` with the remedy when the text is not an endpoint that Solvent uses.
  public init(_ address: String, insecureTCP: Bool = false) throws(EndpointError) {
    guard let scheme = address.firstRange(of: "://").map({ address[..<$0.lowerBound] }) else {
      throw EndpointError(
        address, "has no transport; write ipc:///path, tcp://127.0.0.1:port or inproc://name")
    }
    let rest = address.dropFirst(scheme.count + 3)
    switch scheme {
    case "ipc":
      // sockaddr_un holds 108 bytes with the final zero (unix(7)).
      guard !rest.isEmpty, rest.utf8.count <= 107 else {
        throw EndpointError(address, "needs a path of 1 to 107 bytes; choose a shorter directory")
      }
    case "inproc":
      guard !rest.isEmpty else { throw EndpointError(address, "needs a name") }
    case "tcp":
      let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count >= 2, let port = parts.last, port == "*" || UInt16(port) != nil else {
        throw EndpointError(address, "needs a port from 0 to 65535, as in tcp://127.0.0.1:7400")
      }
    default:
      throw EndpointError(address, "uses the transport '\(scheme)'; allowed are ipc, tcp, inproc")
    }
    self.address = address
    isOpenToAll = insecureTCP
  }

  /// Whether only processes of this machine can reach it.
  ///
  /// Loopback is 127.0.0.0/8 and ::1 (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). A name such
  /// as `localhost` is not trusted: what it resolves to is not known here.
  public var isLocal: Bool {
    guard address.hasPrefix("tcp://") else { return true }
    let host = address.dropFirst(6)
    if host.hasPrefix("[::1]:") { return true }
    let octets = host.prefix { $0 != ":" }.split(separator: ".", omittingEmptySubsequences: false)
    return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
  }

  /// Whether a socket of ours may be bound to it.
  ///
  /// On ipc and inproc it is known who connects. On tcp only keys could tell, and there are none yet: every
  /// user of this machine could enter a loopback port, read the books and have files imported.
  /// - Throws: ``EndpointError`` for tcp: always beyond loopback, else unless ``isOpenToAll``.
  package func mayBeBound() throws(EndpointError) {
    guard isLocal else {
      throw EndpointError(
        address,
        """
        is reachable from other machines, and Solvent has no keys yet to know who connects; \
        use ipc://DIRECTORY
        """)
    }
    guard !address.hasPrefix("tcp://") || isOpenToAll else {
      throw EndpointError(
        address,
        """
        could be entered by every user of this machine: tcp does not say who connects without keys, and \
        Solvent has none yet (they come with clusters of several hosts). Use ipc://DIRECTORY, the default, \
        or accept that with --insecure-tcp (SOLVENT_INSECURE_TCP=1)
        """)
    }
  }

  public var description: String { address }
}

/// An endpoint that is not one, or that may not be used here.
public struct EndpointError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  package init(_ address: String, _ reason: String) {
    description = "endpoint '\(address)' \(reason)"
  }
}
