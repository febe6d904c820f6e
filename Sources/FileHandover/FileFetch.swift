// SPDX-License-Identifier: Apache-2.0

import CHost
import Glibc
public import SystemPackage

extension FileOfferName {
  /// Gets the file that is offered by this name, in this or another process of this user. Blocks.
  /// - Parameter seconds: how long to wait for whoever offers it.
  /// - Returns: a regular file, the caller's to close. Its position is shared with whoever offers it, and with
  ///   others that fetch it: read at positions of your own (pread).
  /// - Throws: ``FileHandoverError``.
  public func fetch(patience seconds: Int = 5) throws(FileHandoverError) -> FileDescriptor {
    let connection = try LocalSocket.make()
    defer { try? connection.close() }
    // SO_SNDTIMEO also bounds connect, which waits while the other side's queue is full.
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      guard
        setsockopt(
          connection.rawValue, SOL_SOCKET, option, &patience,
          socklen_t(MemoryLayout<timeval>.size)) == 0
      else { throw FileHandoverError(errno) }
    }
    try connect(connection)
    // Who listens, as the kernel noted when it began to.
    guard try LocalSocket.isOurs(connection) else { throw FileHandoverError(.otherUser) }
    return try receive(from: connection)
  }

  private func connect(_ connection: FileDescriptor) throws(FileHandoverError) {
    let problem: Int32 = LocalSocket.withAddress(self) { address, length in
      while Glibc.connect(connection.rawValue, address, length) != 0 {
        if errno != EINTR { return errno }
      }
      return 0
    }
    switch problem {
    case 0: return
    case ECONNREFUSED: throw FileHandoverError(.gone)
    case EAGAIN: throw FileHandoverError(.silent)
    default: throw FileHandoverError(problem)
    }
  }

  private func receive(from connection: FileDescriptor) throws(FileHandoverError) -> FileDescriptor
  {
    var number: Int32 = -1
    switch chost_receive_file(connection.rawValue, &number) {
    case 0: break
    case EAGAIN: throw FileHandoverError(.silent)
    case ECONNRESET: throw FileHandoverError(.gone)
    case let problem: throw FileHandoverError(problem)
    }
    guard number >= 0 else { throw FileHandoverError(.gone) }
    let file = FileDescriptor(rawValue: number)
    var status = stat()
    guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      try? file.close()
      throw FileHandoverError(.notAFile)
    }
    return file
  }
}
