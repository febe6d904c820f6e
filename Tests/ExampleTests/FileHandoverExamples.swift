// SPDX-License-Identifier: Apache-2.0

import FileHandover
import SystemPackage
import TestSupport
import Testing

/// The example of ``FileOffer``.
@Suite("Examples: handing over a file")
struct FileHandoverExamples {
  @Test func aFileIsOfferedAndFetched() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("log.csv", "timestamp,model\n")
    let file = try FileDescriptor.open(FilePath(path), .readOnly)
    let offer = try FileOffer(file)
    defer { offer.close() }
    let received = try offer.name.fetch()  // in another process
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = try bytes.withUnsafeMutableBytes {
      try received.read(fromAbsoluteOffset: 0, into: $0)
    }
    #expect(String(decoding: bytes[..<count], as: UTF8.self) == "timestamp,model\n")
    try received.close()
    try file.close()
  }
}
