// SPDX-License-Identifier: Apache-2.0

import Foundation
import Host
import Testing

/// Who is let in, and how many.
@Suite("The door", .serialized, .timeLimit(.minutes(3)))
struct DoorProcessTests {
  final class Place {
    let data = NSTemporaryDirectory() + "/sd-\(UUID().uuidString.prefix(13))"
    deinit { try? FileManager.default.removeItem(atPath: data) }
  }

  // MARK: tcp without keys

  @Test func aPortWithoutKeysIsRefused() throws {
    let place = Place()
    let arguments = ["--data", place.data, "--broker", "tcp://127.0.0.1:17411"]
    let output = try Binaries.run(arguments, program: "\(Binaries.folder)/solvent-broker")
    #expect(output.status != 0)
    for words in ["every user of this machine", "keys", "ipc://DIRECTORY", "--insecure-tcp"] {
      #expect(output.err.contains(words), "\(output.err)")
    }
    let up = try Binaries.run(
      ["up", "--data", place.data], environment: ["SOLVENT_BROKER": "tcp://127.0.0.1:17411"])
    #expect(up.status == ExitStatus.badConfiguration && up.err.contains("--insecure-tcp"))
  }

  @Test func aPortIsOpenedForWhoAsksForIt() throws {
    let place = Place()
    // Somebody else may have a port; below those that the kernel gives to whoever connects.
    for _ in 0..<20 {
      let address = "tcp://127.0.0.1:\(Int.random(in: 10_000..<32_000))"
      let cluster = try RunningProgram(
        "solvent", ["up", "--data", place.data, "--workers", "1", "--insecure-tcp"],
        environment: ["SOLVENT_BROKER": address])
      let isReady = Patience.until {
        FileManager.default.fileExists(atPath: "\(place.data)/cluster.json") || !cluster.isRunning
      }
      guard isReady, cluster.isRunning else { continue }
      // Those that connect ask for nothing.
      let output = try Binaries.run(["workers", "--data", place.data, "--broker", address])
      #expect(output.status == 0 && output.out.contains("worker-1"), "\(output.err)")
      #expect(cluster.stop() == 0)
      return
    }
    Issue.record("no port was free")
  }
}
