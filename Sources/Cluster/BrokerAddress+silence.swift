// SPDX-License-Identifier: Apache-2.0

import Glibc
import ZeroMQ

extension BrokerAddress {
  /// What the file system says of a broker that does not answer.
  enum Finding: Equatable {
    /// Nothing: no local socket, or one of ours that nobody listens at.
    case nothing
    /// The socket's file is another user's.
    case foreignSocket(owner: uid_t)
    /// The path leads through another user's directory, which is closed to us.
    case closedDirectory(path: String, owner: uid_t)
  }

  /// Why nobody answers at this address, as far as the file system knows, and what to do: a sentence for
  /// a person. A broker closes the connections of other users without a word (``Socket/bind(_:)``).
  public func reasonForSilence() -> String { reasonForSilence(finding()) }

  func reasonForSilence(_ finding: Finding) -> String {
    let (what, owner) =
      switch finding {
      case .nothing: ("", uid_t?.none)
      case .foreignSocket(let owner): ("the broker at \(self)", owner)
      case .closedDirectory(let path, let owner): ("the directory \(path)", owner)
      }
    guard let owner else { return "no broker answers at \(self); start one with: solvent up" }
    let name = Self.name(of: owner)
    return """
      \(what) belongs to user \(name ?? "\(owner)"), whose cluster answers only that user's own programs; \
      run this as that user (sudo -u \(name ?? "'#\(owner)'") …), or start a cluster of your own with: \
      solvent up
      """
  }

  func finding() -> Finding {
    guard client.address.hasPrefix("ipc://"), !client.address.hasPrefix("ipc://@") else {
      return .nothing
    }
    var path = String(client.address.dropFirst("ipc://".count))
    var status = stat()
    if stat(path, &status) == 0 {
      return status.st_uid == geteuid() ? .nothing : .foreignSocket(owner: status.st_uid)
    }
    guard errno == EACCES else { return .nothing }
    // The innermost directory that can be seen is the one that is closed.
    while let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      path = String(path[..<slash])
      if stat(path, &status) == 0 {
        return status.st_uid == geteuid()
          ? .nothing : .closedDirectory(path: path, owner: status.st_uid)
      }
    }
    return .nothing
  }

  /// - Returns: `nil` for a user without a name, as in containers.
  private static func name(of user: uid_t) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      return nil
    }
    return String(validatingCString: entry.pw_name)
  }
}
