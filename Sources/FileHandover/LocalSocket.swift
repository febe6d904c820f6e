// SPDX-License-Identifier: Apache-2.0

import CHost
import Glibc
import SystemPackage

/// A socket of the abstract namespace (unix(7)): no file, and gone with its owner.
enum LocalSocket {
  static func make(_ flags: Int32 = 0) throws(FileHandoverError) -> FileDescriptor {
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) | flags, 0)
    guard number >= 0 else { throw FileHandoverError(errno) }
    return FileDescriptor(rawValue: number)
  }

  /// Calls `body` with the address of a name.
  static func withAddress<Result>(
    _ name: FileOfferName, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // The first byte stays 0: abstract. The name is not ended by a zero, its length counts.
    let bytes = Array(name.text.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      path[1...].copyBytes(from: bytes)
    }
    let length = MemoryLayout.offset(of: \sockaddr_un.sun_path)! + 1 + bytes.count
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }

  /// Whether the process at the other end runs as our user.
  static func isOurs(_ connection: FileDescriptor) throws(FileHandoverError) -> Bool {
    var user = uid_t()
    let problem = chost_peer_user(connection.rawValue, &user)
    guard problem == 0 else { throw FileHandoverError(problem) }
    return user == geteuid()
  }
}
