// SPDX-License-Identifier: Apache-2.0

import CHost
import Dispatch
import Glibc
public import SystemPackage

/// Hands an open file to every process of this user that asks for it by name, until it is closed.
///
/// ```swift
/// let offer = try FileOffer(file)
/// defer { offer.close() }
/// let received = try offer.name.fetch()  // in another process
/// ```
/// The example is compiled in `Tests/ExampleTests/FileHandoverExamples.swift`.
public final class FileOffer: @unchecked Sendable {
  // Sendable: `name` is an immutable value, and `source` never changes after init, before which nobody else
  // has the object. It is only cancelled, which any thread may do at any time, and more than once
  // (dispatch_source_cancel(3)); its handlers run one at a time on its own queue and capture no `self`.
  /// What the file is asked for by.
  public let name: FileOfferName
  private let source: any DispatchSourceRead

  /// Begins to listen.
  /// - Parameter file: stays the caller's, who may close it.
  /// - Throws: ``FileHandoverError`` when it is not open, or no socket can be had.
  public init(_ file: FileDescriptor) throws(FileHandoverError) {
    name = FileOfferName()
    let copy = fcntl(file.rawValue, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw FileHandoverError(errno) }
    let file = FileDescriptor(rawValue: copy)
    do throws(FileHandoverError) {
      let listener = try Self.listen(name)
      source = DispatchSource.makeReadSource(
        fileDescriptor: listener.rawValue,
        queue: DispatchQueue(label: "solvent-file-offer"))
      source.setEventHandler { Self.serve(file, to: listener) }
      // Not before: the handler may be using them.
      source.setCancelHandler {
        try? listener.close()
        try? file.close()
      }
    } catch {
      try? file.close()
      throw error
    }
    source.resume()
  }

  deinit { source.cancel() }

  /// Withdraws the offer. Who has fetched the file keeps it.
  public func close() { source.cancel() }

  private static func listen(_ name: FileOfferName) throws(FileHandoverError) -> FileDescriptor {
    let listener = try LocalSocket.make(Int32(SOCK_NONBLOCK.rawValue))
    let problem: Int32 = LocalSocket.withAddress(name) { address, length in
      Glibc.bind(listener.rawValue, address, length) == 0
        && Glibc.listen(listener.rawValue, SOMAXCONN) == 0 ? 0 : errno
    }
    guard problem == 0 else {
      try? listener.close()
      throw FileHandoverError(problem)
    }
    return listener
  }

  /// Answers all who have connected: each at once, nobody is waited for.
  private static func serve(_ file: FileDescriptor, to listener: FileDescriptor) {
    while true {
      let number = accept(listener.rawValue, nil, nil)
      guard number >= 0 else { return }
      let connection = FileDescriptor(rawValue: number)
      // Names of sockets are no secret (/proc/net/unix): another user sees its connection closed.
      if (try? LocalSocket.isOurs(connection)) == true {
        _ = chost_send_file(number, file.rawValue)
      }
      try? connection.close()
    }
  }
}
