// SPDX-License-Identifier: Apache-2.0

import CBOR
import Foundation
import Testing

/// Compares with independent implementations: Python's cbor2 and pycddl, from the environment that
/// `make test` prepares (`SOLVENT_PYTHON`). Without it the suite says that it was skipped.
@Suite(
  "CBOR beside Python", .enabled(if: PythonPeer.isThere, "SOLVENT_PYTHON is not set: run make test")
)
struct PythonPeerTests {
  @Test func cbor2WritesTheSameBytes() throws {
    // Each line: the hex of our bytes. Python decodes, encodes canonically, and must agree.
    var lines: [String] = []
    for seed in 0..<100 {
      var random = SeededGenerator(seed: UInt64(seed))
      lines.append(CBORTests.hex(try CBOREncoder().encode(CBORTests.tree(&random, depth: 2))))
    }
    let script = """
      import sys, cbor2
      bad = 0
      for line in sys.stdin:
          data = bytes.fromhex(line.strip())
          if cbor2.dumps(cbor2.loads(data), canonical=True) != data:
              bad += 1
      print(bad)
      """
    #expect(try PythonPeer.run(script, input: lines.joined(separator: "\n")) == "0")
  }

  @Test func messagesFollowTheSchema() throws {
    let schema = PythonPeer.repository.appending(path: "docs/protocol.cddl")
    let script = """
      import sys, pycddl
      text = open(\(String(reflecting: schema.path))).read()
      for line in sys.stdin:
          rule, data = line.split()
          pycddl.Schema("start = " + rule + "\\n" + text).validate_cbor(bytes.fromhex(data))
          try:
              pycddl.Schema("start = " + rule + "\\n" + text).validate_cbor(b"\\xa1\\x01\\x61x")
              print("accepts anything:", rule)
          except pycddl.ValidationError:
              pass
      print("ok")
      """
    let lines = try SampleMessages.all().map { "\($0.rule) \(CBORTests.hex($0.bytes))" }
    #expect(try PythonPeer.run(script, input: lines.joined(separator: "\n")) == "ok")
  }
}

enum PythonPeer {
  static let python = ProcessInfo.processInfo.environment["SOLVENT_PYTHON"]
  static var isThere: Bool { python != nil }

  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func run(_ script: String, input: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python ?? "/usr/bin/python3")
    process.arguments = ["-c", script]
    let (stdin, stdout) = (Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try stdin.fileHandleForWriting.close()
    let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
