// SPDX-License-Identifier: Apache-2.0

import Cluster
import Foundation
import Host
import Testing
import ZeroMQ

/// The peers of `examples/`, written from `docs/PROTOCOL.md` alone, in a cluster of real processes.
@Suite(
  "Peers in Python", .serialized, .timeLimit(.minutes(2)),
  .enabled(if: Binaries.python != nil, "SOLVENT_PYTHON is not set: run make test"))
struct PythonExampleTests {
  static func script(_ name: String) -> String {
    Binaries.repository.appending(path: "examples/\(name)").path
  }

  static func address(_ cluster: TestCluster) throws -> BrokerAddress {
    try BrokerAddress(DataDirectory(data: cluster.data).broker)
  }

  static func python() throws -> String { try #require(Binaries.python) }

  static func ask(_ cluster: TestCluster, _ words: String...) throws -> Binaries.Output {
    try Binaries.run(
      [script("ask.py"), address(cluster).client.address] + words, program: python())
  }

  /// The words of each line.
  static func words(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }

  /// What `cost --by model --csv` says: model, requests and cost in 10^-9.
  static func costs(_ cluster: TestCluster) throws -> [[String]] {
    let csv = try cluster.solvent("cost", "--by", "model", "--csv").out
    let lines = csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let head = try #require(lines.first)
    let places = try ["requests", "cost"].map { try #require(head.firstIndex(of: Substring($0))) }
    return try lines.dropFirst().map { line in
      [String(line[0]), String(line[places[0]]), "\(try SampleLog.nano(line[places[1]]))"]
    }.sorted { $0[0] < $1[0] }
  }

  static func plain(_ number: String) -> Substring { number.filter { $0 != "," }[...] }

  @Test func aQuestionFromPythonIsAnsweredAsTheCommandAnswersIt() throws {
    let cluster = try TestCluster()
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    let path = try ClusterProcessTests.write(
      cluster, "log.csv", SampleLog(rows: 5_000, seed: 8).text)
    #expect(try cluster.solvent("ingest", "--prices", prices, path).status == 0)
    let output = try Self.ask(cluster)
    #expect(output.status == 0 && output.err == "", "\(output)")
    let rows = Self.words(output.out)
    #expect(rows.first == ["MODEL", "REQUESTS", "INPUT", "OUTPUT", "COST", "USD"])
    #expect(rows.last?.prefix(2) == ["TOTAL", "5,000"])
    // It shows millionths.
    let shown = try rows.dropFirst().dropLast().map { row in
      [row[0], "\(Self.plain(row[1]))", "\(try SampleLog.nano(Self.plain(row[4])) / 1_000)"]
    }
    let expected = try Self.costs(cluster).map {
      [$0[0], $0[1], "\(try #require(Int($0[2])) / 1_000)"]
    }
    #expect(shown.sorted { $0[0] < $1[0] } == expected && expected.count > 1)
    // Nobody listens at another directory.
    let elsewhere = try Binaries.run(
      [Self.script("ask.py"), "ipc://\(cluster.data)/nowhere"], program: Self.python())
    #expect(elsewhere.status == 1 && elsewhere.err.contains("no broker answers"), "\(elsewhere)")
  }

  /// Threads of a test block signals, and a child inherits that: this one takes them again.
  static func worker(_ cluster: TestCluster) throws -> RunningProgram {
    let start = """
      import runpy, signal, sys
      signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
      sys.argv = sys.argv[1:]
      runpy.run_path(sys.argv[0], run_name="__main__")
      """
    return try RunningProgram(
      python(), ["-c", start, script("worker.py"), address(cluster).worker.address])
  }

  @Test func aWorkerInPythonAnswersOutlivesTheBrokerAndLeaves() throws {
    let cluster = try TestCluster(workers: 1)
    let nobody = try Self.ask(cluster, "x-wordcount", "a")
    #expect(nobody.status == 1 && nobody.err.contains("nobody offers"), "\(nobody)")
    let worker = try Self.worker(cluster)
    #expect(try worker.says("joined the broker"))
    let answer = try Self.ask(cluster, "x-wordcount", "to be or not to be")
    #expect(answer.out.contains("'to': 2") && answer.out.contains("'not': 1"), "\(answer)")
    // The broker is killed: its successor asks WHO, and is greeted.
    let broker = try #require(try cluster.members().first { $0.name == "broker" })
    kill(broker.pid, SIGKILL)
    let again = try Self.ask(cluster, "x-wordcount", "once more once")
    #expect(again.out.contains("'once': 2"), "\(again) \(worker.said)")
    worker.terminate()
    #expect(worker.end() == 0)
    let gone = try Self.ask(cluster, "x-wordcount", "a")
    #expect(gone.status == 1 && gone.err.contains("nobody offers"), "\(gone)")
  }

  @Test func aSubscriberInPythonShowsWhatTheLedgerHolds() async throws {
    let cluster = try TestCluster()
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    let path = try ClusterProcessTests.write(
      cluster, "log.csv", SampleLog(rows: 20_000, seed: 6).text)
    #expect(
      try cluster.solvent("ingest", "--prices", prices, "--batch-rows", "500", path).status == 0)
    // Without the requests, which the example does not print.
    let expected = try SubscriberProcessTests.ledger(cluster, "day").map { line in
      let words = line.split(separator: " ")
      return "\(words[0]) \(words[1]) \(words[3])"
    }
    let out = Pipe()
    let (pieces, arrived) = AsyncStream<Data>.makeStream()
    out.fileHandleForReading.readabilityHandler = { handle in
      let piece = handle.availableData
      if piece.isEmpty { arrived.finish() } else { arrived.yield(piece) }
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try Self.python())
    process.arguments = [
      Self.script("subscribe.py"), try Self.address(cluster).stream.address, "cost/day/model",
    ]
    process.standardOutput = out
    try process.run()
    defer {
      // As above: SIGTERM would wait for ever.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    // It prints all rows after each message; the last change is at most a moment away.
    var (printed, lines) = (Data(), [String]())
    for await piece in pieces {
      printed += piece
      lines = Self.lastBlock(String(decoding: printed, as: UTF8.self))
      if lines == expected { break }
    }
    out.fileHandleForReading.readabilityHandler = nil
    #expect(lines == expected)
  }

  /// The rows that the example printed last: time, name, cost in 10^-9.
  static func lastBlock(_ text: String) -> [String] {
    let lines = text.split(separator: "\n")
    let start = lines.lastIndex { $0.hasPrefix("cost/") } ?? 0
    let formatter = ISO8601DateFormatter()
    return words(lines[start...].joined(separator: "\n")).compactMap { words -> String? in
      guard words.count == 4, words[3] == "USD",
        let date = formatter.date(from: words[0].replacingOccurrences(of: "Z", with: ":00Z")),
        let cost = try? SampleLog.nano(plain(words[2]))
      else { return nil }
      return "\(Int(date.timeIntervalSince1970)) \(words[1]) \(cost)"
    }.sorted()
  }

  @Test func aSubscriberWhoseReaderIsGoneEndsWithoutAWord() throws {
    let cluster = try TestCluster()
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    let command =
      try
      "'\(Self.python())' '\(Self.script("subscribe.py"))' '\(Self.address(cluster).stream.address)' | head -n 1 >&2"
    let reader = try RunningProgram("/bin/sh", ["-c", command])
    #expect(try reader.says("ledger"))
    // It notices at its next line, so there must be one.
    let path = try ClusterProcessTests.write(cluster, "log.csv", SampleLog(rows: 100).text)
    #expect(try cluster.solvent("ingest", "--prices", prices, path).status == 0)
    #expect(reader.end() == 0)
    #expect(try !reader.says("Traceback"), "\(reader.said)")
  }
}
