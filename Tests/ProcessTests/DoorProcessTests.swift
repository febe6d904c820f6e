// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import ClusterAPI
import Foundation
import Host
import Logging
import Testing
import ZeroMQ

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

  // MARK: Descriptors

  /// Peers that connect and say nothing; they try again when they are refused.
  final class Flood {
    private final class Peer {
      let socket: Socket
      init(_ socket: consuming Socket) { self.socket = socket }
    }
    private let peers: [Peer]

    init(_ count: Int, at endpoint: Endpoint) throws {
      let context = try Context(maxSockets: Int32(count + 10))
      peers = try (0..<count).map { _ in Peer(try Socket.dealer(context, to: endpoint)) }
    }
  }

  static func client(_ address: BrokerAddress) async throws -> ClusterClient {
    try await ClusterClient(
      address: address, name: "test", process: Int(getpid()), release: solventRelease,
      services: ["broker"], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func aFloodOfConnectionsIsRefusedAndThoseThatAreInGoOn() async throws {
    let place = Place()
    // Two a peer, in this process.
    try #require(DescriptorLimit.raise().soft >= 4_000)
    let broker = try RunningProgram("solvent-broker", ["--data", place.data], limits: "-n 1024")
    try #require(try broker.says("broker ready"))
    let address = try BrokerAddress(DataDirectory(data: place.data).broker)
    let honest = try await Self.client(address)
    #expect(try await honest.brokerStatus().release == solventRelease)
    do {
      let flood = try Flood(1_500, at: address.client)
      #expect(try broker.says("connections refused: too many are open"), "\(broker.said)")
      #expect(try await honest.brokerStatus().release == solventRelease)
      withExtendedLifetime(flood) {}
    }
    #expect(try broker.says("connections are accepted again"), "\(broker.said)")
    let newcomer = try await Self.client(address)
    #expect(try await newcomer.brokerStatus().release == solventRelease)
    await newcomer.close()
    await honest.close()
    #expect(broker.stop() == 0)
  }

  @Test func aClusterWithoutDescriptorsSaysWhatToRaise() throws {
    for option in [[], ["--detach"]] {
      let place = Place()
      let up = try RunningProgram(
        "solvent", ["up", "--data", place.data] + option, limits: "-n 64")
      #expect(try up.says("only 64 files open"), "\(up.said)")
      #expect(try up.says("ulimit -n 4096"), "\(up.said)")
      #expect(up.end() == ExitStatus.failed)
    }
  }

  // MARK: Logs

  @Test func logsAreKeptSmallAtTheStartAndWhileTheyGrow() throws {
    let place = Place()
    let directory = DataDirectory(data: place.data)
    try directory.create()
    let log = "\(directory.log)/broker.log"
    let tooMuch = Data(repeating: 0x2E, count: 17 << 20)
    func size(_ path: String) throws -> Int {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      return (attributes[.size] as? NSNumber)?.intValue ?? -1
    }
    try tooMuch.write(to: URL(fileURLWithPath: log))
    let cluster = try TestCluster(workers: 1, data: place.data, isBorrowed: true)
    #expect(try size("\(log).1") == 17 << 20 && size(log) < 1 << 20)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    try file.seekToEnd()
    try file.write(contentsOf: tooMuch)
    try file.close()
    #expect(try Patience.until { try size(log) < 1 << 20 })
    #expect(try size("\(log).1") > 17 << 20)
    // The broker writes on where the file begins now.
    cluster.stop()
    let text = try String(contentsOfFile: log, encoding: .utf8)
    #expect(text.hasPrefix("20") && text.contains("stopped"), "\(text.prefix(200))")
  }
}
