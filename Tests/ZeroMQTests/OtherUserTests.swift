// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import ZeroMQ

@Suite("Other users", .timeLimit(.minutes(1)))
struct OtherUserTests {
  static let python = ProcessInfo.processInfo.environment["SOLVENT_PYTHON"]

  /// Connects as another user and prints how many bytes of ZMTP's greeting it got: a server sends them at
  /// once (ZMTP 3.1, "Greeting"), or closes.
  static let stranger = """
    import os, socket, sys
    if sys.argv[2] != "0":
      os.setgroups([]); os.setgid(65534); os.setuid(65534)
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    print(len(s.recv(10)))
    """

  static func bytesOfGreeting(_ path: String, user: Int) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    process.arguments = ["-c", stranger, path, "\(user)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test(
    .enabled(
      if: geteuid() == 0 && python != nil, "needs root and SOLVENT_PYTHON, to be another user"))
  func areRefusedWhateverTheModesAndWeAreNot() throws {
    let folder = try TemporaryPath()
    let context = try Context()
    let router = try Socket(context, .router)
    let path = "\(folder.path)/open"
    try router.bind(Endpoint("ipc://\(path)"))
    // Only the filter is left to refuse.
    #expect(chmod(folder.path, 0o777) == 0 && chmod(path, 0o777) == 0)

    #expect(try Self.bytesOfGreeting(path, user: 65_534) == "0")
    #expect(try Self.bytesOfGreeting(path, user: 0) == "10")
    let dealer = try Socket.dealer(context, to: Endpoint("ipc://\(path)"))
    var frame = try Message([7])
    while true {
      do throws(ZeroMQError) {
        try dealer.send(&frame)
        break
      } catch {
        // IMMEDIATE: until it is connected there is nowhere to send to.
        guard error.isAgain else { throw error }
      }
    }
    try router.waitReceive(into: &frame)
    try router.waitReceive(into: &frame)
    let bytes = frame.withUnsafeBytes { Array($0) }
    #expect(bytes == [7])
  }
}
