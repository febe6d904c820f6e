// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import Cluster
import ClusterAPI
import ClusterAccess
import FileHandover
import Foundation
import Host
import Logging
import Testing
import Usage
import ZeroMQ

/// Files are opened by whoever asks, never by the service.
@Suite("Files that change hands", .serialized, .timeLimit(.minutes(3)))
struct HandoverProcessTests {
  static func client(_ cluster: TestCluster) async throws -> ClusterClient {
    try await ClusterClient(
      address: BrokerAddress(DataDirectory(data: cluster.data).broker), name: "test",
      process: Int(getpid()), release: solventRelease, services: [ServiceName.ingest],
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// Kills ingest in the middle of an import from standard input: the copy of it has no name, so only who offers
  /// it can give it to the next ingest.
  @Test func anImportWhoseServiceIsKilledIsHandedOverAgain() throws {
    let cluster = try TestCluster(workers: 2)
    let log = SampleLog(rows: 40_000, seed: 21)
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    let metrics = "\(cluster.data)/journal"
    let done = DispatchSemaphore(value: 0)
    let status = TestCluster.ExitStatus()
    Thread {
      let output = try? cluster.solvent(
        "ingest", "--prices", prices, "--batch-rows", "20", "-", input: Data(log.text.utf8))
      status.set(output?.status ?? -1)
      done.signal()
    }.start()
    for _ in 0..<3 {
      let before = try Self.bytes(metrics)
      // It has written batches: the import is on its way.
      let isGoingOn = try Patience.until { try Self.bytes(metrics) > before || status.value != -1 }
      #expect(isGoingOn && status.value == -1, "it was over before it was killed")
      let ingest = try #require(try cluster.members().first { $0.name == "ingest" })
      kill(ingest.pid, SIGKILL)
      let isBack = try Patience.until {
        try cluster.members().contains { $0.name == "ingest" && $0.pid != ingest.pid }
      }
      #expect(isBack)
    }
    #expect(Patience.ended(done) && status.value == 0, "\(cluster.logs.suffix(2_000))")
    #expect(try ClusterProcessTests.costs(cluster) == log.expected)
    // Nothing is left of the copy.
    let spool = DataDirectory(data: cluster.data).spool
    #expect(try FileManager.default.contentsOfDirectory(atPath: spool).isEmpty)
  }

  private static func bytes(_ directory: String) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: directory).reduce(0) { sum, name in
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
      return sum + ((attributes[.size] as? NSNumber)?.intValue ?? 0)
    }
  }

  /// What a peer may send: a path, as before; the name of a file that nobody offers.
  @Test func aPathIsNotOpenedAndAnOfferThatIsGoneIsSaidToBe() async throws {
    struct Forged: Encodable {
      var path: String?
      var label = "log.csv"
      var options = ReadingOptions()
      var file: String?

      enum CodingKeys: Int, CodingKey {
        case path = 1
        case label, options, file
      }
    }
    let cluster = try TestCluster(workers: 1)
    let secret = try ClusterProcessTests.write(
      cluster, "secret.csv", "secret-line-of-the-owner,42\n")
    let client = try await Self.client(cluster)
    for (request, problem) in [
      (Forged(path: secret), "names an open file that is offered, not a path"),
      (Forged(file: secret), "is not the name of an offered file"),
      (Forged(file: FileOfferName().text), "log.csv: is no longer offered"),
    ] {
      let message = try SharedMessage(encoding: request)
      let error = await #expect(throws: ClientError.self) {
        try await client.ask(ServiceName.ingest, message)
      }
      #expect(error?.kind == .refused)
      #expect(error?.description.contains(problem) == true, "\(error as Any)")
      #expect(error?.description.contains("secret-line") == false)
    }
    await client.close()
  }

  @Test func whatCannotBeReadTwiceIsCopied() throws {
    let cluster = try TestCluster(workers: 1)
    let log = SampleLog(rows: 500, seed: 22)
    let path = try ClusterProcessTests.write(cluster, "log.csv", log.text)
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    let solvent =
      "'\(Binaries.folder)/solvent' ingest --data '\(cluster.data)' --prices '\(prices)'"
    // A pipe as a file.
    let piped = try Binaries.run(["-c", "\(solvent) <(cat '\(path)')"], program: "/bin/bash")
    #expect(piped.status == 0, "\(piped.err)")
    #expect(try ClusterProcessTests.costs(cluster) == log.expected)
    // A file as standard input, and by its path: the same content.
    for words in ["- < '\(path)'", "'\(path)'"] {
      let output = try Binaries.run(["-c", "\(solvent) \(words)"], program: "/bin/bash")
      #expect(output.status == 0 && output.out.contains("nothing was added"), "\(output)")
    }
  }

  @Test func whatCannotBeOpenedIsSaidByTheCommand() throws {
    let cluster = try TestCluster(workers: 1)
    for (path, reason) in [
      ("/nowhere.csv", "/nowhere.csv: No such file or directory"), ("/", "/: Is a directory"),
    ] {
      let output = try cluster.solvent("ingest", path)
      #expect(output.status == ExitStatus.refused && output.err.contains(reason), "\(output.err)")
    }
  }
}
