// SPDX-License-Identifier: Apache-2.0

import Broker
import Cluster
import Foundation
import Testing
import ZeroMQ

@Suite("Processes", .serialized, .timeLimit(.minutes(10)))
struct ClusterProcessTests {
  static func write(_ cluster: TestCluster, _ name: String, _ text: String) throws -> String {
    let path = "\(cluster.data)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  static func costs(_ cluster: TestCluster) throws -> [String: [Int]] {
    let output = try cluster.solvent("cost", "--by", "hour,model,log_type", "--csv")
    try #require(output.status == 0, "\(output.err)")
    return try SampleLog.parse(output.out)
  }

  @Test func aLogIsPricedExactlyAndOnce() throws {
    let cluster = try TestCluster()
    let log = SampleLog(rows: 20_000)
    let path = try Self.write(cluster, "log.csv", log.text)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    let first = try cluster.solvent("ingest", "--prices", prices, "--batch-rows", "3000", path)
    #expect(first.status == 0, "\(first.err)")
    #expect(try Self.costs(cluster) == log.expected)
    // Again: nothing is added, and it says so.
    let digest = try cluster.digest()
    let again = try cluster.solvent("ingest", "--prices", prices, path)
    #expect(again.status == 0 && again.out.contains("was imported before; nothing was added"))
    // Also from standard input, and compressed: the content is what counts.
    let piped = try cluster.solvent("ingest", "--prices", prices, "-", input: Data(log.text.utf8))
    #expect(piped.out.contains("nothing was added"))
    #expect(try cluster.digest() == digest)
    // The same computed here, without the cluster.
    let direct = try Binaries.run([
      "cost", "--prices", prices, "--by", "hour,model,log_type", "--csv", path,
    ])
    #expect(try SampleLog.parse(direct.out) == log.expected)
  }

  @Test func theLedgerDoesNotDependOnWorkersBatchesOrFiles() throws {
    let log = SampleLog(rows: 30_000, seed: 7)
    var digests: [String: String] = [:]
    for (workers, batch) in [(1, 20_000), (2, 500), (4, 20_000)] {
      let cluster = try TestCluster(workers: workers)
      let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
      let path = try Self.write(cluster, "log.csv", log.text)
      let output = try cluster.solvent(
        "ingest", "--prices", prices, "--batch-rows", "\(batch)", path)
      #expect(output.status == 0, "\(output.err)")
      digests["\(workers) workers, batches of \(batch)"] = try cluster.digest()
    }
    let cluster = try TestCluster(workers: 2)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    for part in [3, 0, 4, 2, 1] {
      let rows = log.rows[(part * 6_000)..<((part + 1) * 6_000)]
      let text = ([SampleLog.header] + rows).joined(separator: "\n") + "\n"
      let path = try Self.write(cluster, "part\(part).csv", text)
      #expect(try cluster.solvent("ingest", "--prices", prices, path).status == 0)
    }
    digests["five files"] = try cluster.digest()
    #expect(Set(digests.values).count == 1, "\(digests)")
  }

  @Test func badRowsArePutAsideAndTheRestIsBooked() throws {
    let cluster = try TestCluster(workers: 1)
    var rows = SampleLog(rows: 1_000).rows
    for index in stride(from: 10, to: 1_000, by: 25) {
      rows[index] = rows[index].replacingOccurrences(of: "ChatGPT", with: "Chat\u{7F}")
        .replacingOccurrences(of: "GPT-4", with: "\u{1}")
    }
    let bad = rows.count { $0.contains("\u{7F}") || $0.contains("\u{1}") }
    let path = try Self.write(
      cluster, "bad.csv", ([SampleLog.header] + rows).joined(separator: "\n"))
    let output = try cluster.solvent("ingest", "--json", path)
    #expect(output.status == 3 && bad == 40)
    let object = try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any]
    let file = try #require((object?["files"] as? [[String: Any]])?.first)
    #expect(file["read"] as? Int == 1_000)
    #expect(file["accepted"] as? Int == 960 && file["quarantined"] as? Int == 40)
    let quarantine = try #require(file["quarantine_file"] as? String)
    let lines = try String(contentsOfFile: quarantine, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 40)
    let line = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
    #expect(line?["line"] as? Int == 12 && line?["reason"] as? String == "control_char")
    #expect(line?["field"] as? String == "Model" && line?["text"] as? String == rows[10])
  }

  @Test func refusalsHaveTheirExitCodes() throws {
    let cluster = try TestCluster(workers: 1)
    let comma = try Self.write(cluster, "d3.csv", "timestamp,model,input_tokens,\n")
    let output = try cluster.solvent("ingest", comma)
    #expect(output.status == 4 && output.err.contains("empty_column_name"))
    let prices = try Self.write(
      cluster, "d14.yaml",
      "book: b\nversion: 1\ncurrency: USD\nmodels:\n  - {provider: p, model: m, rates: [{from: 2023-01-01, per_image: $20, source: s, retrieved: d}]}\n"
    )
    let wrong = try cluster.solvent("ingest", "--prices", prices, comma)
    #expect(wrong.status == 2 && wrong.err.contains("d14.yaml:5") && wrong.err.contains("$20"))
    #expect(try cluster.solvent("cost", "--by", "day", "--since", "yesterday").status == 64)
    #expect(try cluster.solvent("ingest", "/nowhere.csv").status == 4)
  }

  @Test func unpricedUsageIsShownAsSuch() throws {
    let cluster = try TestCluster(workers: 1)
    let path = try Self.write(
      cluster, "log.csv", "timestamp,model,input_tokens\n2026-03-02T10:00:00Z,o9-preview,41\n")
    #expect(try cluster.solvent("ingest", path).status == 0)
    let csv = try cluster.solvent("cost", "--by", "model", "--csv").out
    #expect(csv.contains("o9-preview,1,0,41,0,0,0,,USD,41,0,1,measured"))
    #expect(try cluster.solvent("cost", "--by", "model").out.contains("unpriced"))
    #expect(try cluster.solvent("cost", "--strict").status == 65)
    #expect(try cluster.solvent("prices", "check").status == 65)
  }

  @Test func withoutAClusterTheCommandSaysWhatToDo() throws {
    let data = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: data) }
    let output = try Binaries.run(["cost", "--data", data])
    #expect(output.status == 69 && output.err.contains("solvent up") && output.out.isEmpty)
  }

  @Test func aReaderThatLeavesIsNoError() throws {
    let output = try Binaries.run(
      [
        "-c",
        "'\(Binaries.folder)/solvent' prices list --history --csv | head -1; echo ${PIPESTATUS[0]}",
      ],
      program: "/bin/bash")
    #expect(output.out.hasSuffix("0\n") && output.err.isEmpty, "\(output)")
  }

  @Test func aMistypedCommandIsSuggested() throws {
    let output = try Binaries.run(["cots"])
    #expect(output.status == 64 && output.err.contains("did you mean 'cost'?"))
  }

  @Test func everythingStopsByItselfAndLeavesNobody() throws {
    let cluster = try TestCluster()
    let before = try cluster.members()
    #expect(before.map(\.name) == ["broker", "ingest", "report", "worker-1", "worker-2"])
    cluster.stop()
    #expect(try cluster.members().isEmpty)
    // Each said goodbye: none had to be killed.
    for name in before.map(\.name) {
      let log = try String(contentsOfFile: "\(cluster.data)/log/\(name).log", encoding: .utf8)
      #expect(log.contains("stopped"), "\(name): \(log.suffix(500))")
    }
  }

  @Test func aWorkerStartedByHandJoins() throws {
    let cluster = try TestCluster(workers: 1)
    let worker = Process()
    worker.executableURL = URL(fileURLWithPath: "\(Binaries.folder)/solvent-worker")
    worker.arguments = ["--data", cluster.data, "--name", "guest"]
    worker.standardError = FileHandle.nullDevice
    try worker.run()
    #expect(
      try Patience.until { try cluster.solvent("workers", "--json").out.contains("guest-") })
    worker.terminate()
    worker.waitUntilExit()
    #expect(worker.terminationStatus == 0)
    #expect(try !cluster.solvent("workers", "--json").out.contains("guest-"))
  }

  /// A small file system of its own; needs the right to mount.
  final class SmallDisk {
    let path: String

    init?(_ path: String, size: String) {
      self.path = path
      try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let mounted = try? Binaries.run(
        ["-t", "tmpfs", "-o", "size=\(size),mode=0700", "tmpfs", path], program: "/bin/mount")
      guard mounted?.status == 0 else { return nil }
    }

    deinit { _ = try? Binaries.run(["-l", path], program: "/bin/umount") }
  }

  @Test(.enabled(if: getuid() == 0, "mounting a small disk needs root"))
  func aFullDiskStopsAcknowledgementsAndLosesNothing() throws {
    let data = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    guard let disk = SmallDisk("\(data)/journal", size: "1m") else {
      print("SKIPPED: no small disk could be mounted here")
      return
    }
    let cluster = try TestCluster(workers: 1, data: data)
    let log = SampleLog(rows: 60_000, seed: 8)
    let path = try Self.write(cluster, "log.csv", log.text)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    // Something else has taken most of the disk.
    let filler = "\(disk.path)/filler"
    try Data(count: 800_000).write(to: URL(fileURLWithPath: filler))
    let (done, status) = cluster.importInBackground(path, prices: prices, batchRows: 500)
    #expect(Patience.until { cluster.logs.contains("the disk is full") })
    #expect(status.value == -1, "it must wait, not end")
    // What was acknowledged is whole.
    #expect(try cluster.solvent("verify").status == 0)
    try FileManager.default.removeItem(atPath: filler)
    #expect(Patience.ended(done))
    #expect(status.value == 0)
    #expect(try Self.costs(cluster) == log.expected)
    withExtendedLifetime(disk) { cluster.stop() }
  }

  @Test(.timeLimit(.minutes(4))) func killedProcessesLoseAndRepeatNothing() throws {
    let kills = Int(ProcessInfo.processInfo.environment["SOLVENT_KILLS"] ?? "") ?? 30
    let cluster = try TestCluster(workers: 2)
    let log = SampleLog(rows: 60_000, seed: 3)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    var random: UInt64 = 99
    func below(_ bound: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % bound
    }
    var killed: [String: Int] = [:]
    // Files are imported one after the other while processes die; each import goes on where it was.
    let parts = 10
    let size = log.rows.count / parts
    for part in 0..<parts {
      let rows = log.rows[(part * size)..<((part + 1) * size)]
      let path = try Self.write(
        cluster, "part\(part).csv", ([SampleLog.header] + rows).joined(separator: "\n"))
      let (done, status) = cluster.importInBackground(path, prices: prices, batchRows: 20)
      // One dies at once, more at moments that are drawn, while the import runs.
      for _ in 0..<max(1, kills / parts) {
        let members = try cluster.members()
        if !members.isEmpty {
          let victim = members[below(members.count)]
          kill(victim.pid, SIGKILL)
          killed[String(victim.name.prefix(6)), default: 0] += 1
        }
        if done.wait(timeout: .now() + .milliseconds(10 + below(60))) == .success {
          done.signal()
          break
        }
      }
      try #require(Patience.ended(done), "part \(part)\n\(cluster.logs.suffix(4_000))")
      let ended = status.value
      try #require(ended == 0, "part \(part): exit \(ended)\n\(cluster.logs.suffix(4_000))")
    }
    // How many die depends on the machine; that some do in each part does not.
    #expect(killed.values.reduce(0, +) >= parts, "\(killed)")
    #expect(try Self.costs(cluster) == log.expected, "after \(killed)")
    #expect(try cluster.solvent("verify").status == 0)
  }

  @Test(
    .enabled(if: Binaries.data != nil, "the development data is not there"))
  func theBurstGPTLogEqualsItsRollUp() throws {
    let data = try #require(Binaries.data)
    let cluster = try TestCluster()
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    let output = try cluster.solvent(
      "ingest", "--prices", prices, "\(data)/burstgpt/BurstGPT_1_like.csv.gz")
    #expect(output.status == 0 && output.out.contains("1,429,737"))
    let lines = try String(
      contentsOfFile: "\(data)/burstgpt/BurstGPT_1_like_expected.csv", encoding: .utf8
    ).split(separator: "\n").dropFirst()
    var expected: [String: [Int]] = [:]
    for line in lines {
      let fields = line.split(separator: ",")
      expected["\(fields[0]),\(fields[1]),\(fields[2])"] = fields[3...].map { Int($0)! }
    }
    #expect(try Self.costs(cluster) == expected)
  }

  /// Logs in the layouts that have no roll-up of their own.
  struct Layouts: Sendable, CustomTestStringConvertible {
    var burstGPT: (path: String, rows: Int)
    var azure: (path: String, rows: Int)
    var testDescription: String { "\(burstGPT.rows) and \(azure.rows) rows" }

    /// A few hundred rows that are always there, and whole files where the development data is.
    static var all: [Layouts] {
      let here = Binaries.repository.appending(path: "Tests/ProcessTests/Resources").path
      let few = Layouts(
        burstGPT: ("\(here)/burstgpt-8-columns.csv", 300),
        azure: ("\(here)/azure-llm-2023.csv", 400))
      guard let data = Binaries.data else { return [few] }
      return [
        few,
        Layouts(
          burstGPT: ("\(data)/burstgpt/BurstGPT_3_layout_sample.csv", 2_000),
          azure: ("\(data)/azure2023/AzureLLMInferenceTrace_code.csv", 5_291)),
      ]
    }
  }

  /// Against sums made here, row by row.
  @Test(arguments: Layouts.all)
  func theOtherLayoutsEqualTheirSums(_ layouts: Layouts) throws {
    let cluster = try TestCluster()
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    let (path, count) = layouts.burstGPT
    let output = try cluster.solvent("ingest", "--prices", prices, "--json", path)
    #expect(output.status == 0 && output.out.contains("\"accepted\":\(count)"))
    // Timestamp, Session ID, Elapsed time, Model, Request tokens, Response tokens, Total tokens, Log Type
    let rows = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline)
      .dropFirst().map { line in
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        // 19440151.0
        let time = fields[0].dropLast(2)
        return ([time] + [3, 4, 5, 6, 7].map { fields[$0] }).joined(separator: ",")
      }
    #expect(try Self.costs(cluster) == SampleLog(rows: rows).expected)

    let azure = try cluster.solvent("ingest", "--json", layouts.azure.path)
    #expect(azure.status == 0 && azure.out.contains("\"accepted\":\(layouts.azure.rows)"))
    var sums: [String: [Int]] = [:]
    for line in try String(contentsOfFile: layouts.azure.path, encoding: .utf8).split(
      whereSeparator: \.isNewline
    ).dropFirst() {
      // 2023-11-16 18:17:03.9799600,4808,10
      let fields = line.split(separator: ",")
      let hour = "\(fields[0].prefix(10))T\(fields[0].dropFirst(11).prefix(2)):00:00Z"
      let sum = sums[hour] ?? [0, 0, 0]
      sums[hour] = [sum[0] + 1, sum[1] + Int(fields[1])!, sum[2] + Int(fields[2])!]
    }
    let csv = try cluster.solvent("cost", "--by", "hour", "--where", "provider=azure", "--csv").out
    let lines = csv.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let columns = try ["hour", "requests", "input_tokens", "output_tokens"].map {
      try #require(lines[0].firstIndex(of: $0))
    }
    let found = Dictionary(
      uniqueKeysWithValues: lines.dropFirst().map { line in
        (line[columns[0]], columns.dropFirst().map { Int(line[$0]) ?? -1 })
      })
    #expect(found == sums)
  }

  @Test func aLogThatHasGrownAddsWhatIsNew() throws {
    let cluster = try TestCluster(workers: 1)
    let log = SampleLog(rows: 3_000, seed: 12)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    for count in [1_000, 1_001, 3_000] {
      let text = ([SampleLog.header] + log.rows.prefix(count)).joined(separator: "\n") + "\n"
      let path = try Self.write(cluster, "log.csv", text)
      let output = try cluster.solvent("ingest", "--prices", prices, path)
      #expect(output.status == 0, "\(output.err)")
    }
    #expect(try Self.costs(cluster) == log.expected)
    // One that ended in the middle of a line cannot go on: half of a number was read as a number.
    let half = try Self.write(
      cluster, "half.csv", SampleLog.header + "\n1,GPT-4,10,2000,2010,API log\n2,GPT-4,10,20,30,A")
    #expect(try cluster.solvent("ingest", "--prices", prices, half).status == 0)
    _ = try Self.write(
      cluster, "half.csv",
      SampleLog.header + "\n1,GPT-4,10,2000,2010,API log\n2,GPT-4,10,20,30,API log\n")
    let refused = try cluster.solvent("ingest", "--prices", prices, half)
    #expect(refused.status == 4 && refused.err.contains("half.csv:3"), "\(refused)")
    #expect(try cluster.solvent("verify").status == 0)
  }

  @Test func aLostLedgerIsFilledFromTheJournal() throws {
    let log = SampleLog(rows: 9_000, seed: 13)
    let cluster = try TestCluster(workers: 1)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    let half = ([SampleLog.header] + log.rows.prefix(4_000)).joined(separator: "\n") + "\n"
    let path = try Self.write(cluster, "log.csv", half)
    #expect(
      try cluster.solvent("ingest", "--prices", prices, "--batch-rows", "500", path).status == 0)
    cluster.stop()
    let old = try Data(contentsOf: URL(fileURLWithPath: "\(cluster.data)/ledger.sqlite"))
    let digests = try ["older copy", "nothing"].map { what in
      let again = try TestCluster(workers: 1, data: cluster.data, isBorrowed: true)
      _ = try Self.write(cluster, "log.csv", log.text)
      #expect(try again.solvent("ingest", "--prices", prices, path).status == 0)
      #expect(try Self.costs(again) == log.expected)
      again.stop()
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: "\(cluster.data)/ledger.sqlite\(suffix)")
      }
      if what == "older copy" {
        try old.write(to: URL(fileURLWithPath: "\(cluster.data)/ledger.sqlite"))
        let verdict = try again.solvent("verify")
        #expect(verdict.status != 0 && verdict.err.contains("not in the ledger"), "\(verdict)")
      }
      let restored = try TestCluster(workers: 1, data: cluster.data, isBorrowed: true)
      // Importing again waits for everything of that file to be booked.
      let output = try restored.solvent("ingest", "--prices", prices, path)
      #expect(output.status == 0 && output.out.contains("nothing was added"), "\(output)")
      #expect(
        try Patience.until {
          try restored.solvent("verify", "--json").out.contains("\"pending\":0")
        })
      #expect(try Self.costs(restored) == log.expected)
      return try restored.digest()
    }
    #expect(Set(digests).count == 1)
  }

  @Test func aClusterThatCannotBeListedSaysSoAndStops() throws {
    let data = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: data) }
    try FileManager.default.createDirectory(
      atPath: data + "/cluster.json/x", withIntermediateDirectories: true)
    let output = try Binaries.run(["up", "--data", data, "--workers", "1"])
    #expect(output.status == 5 && output.err.contains("cluster.json cannot be written"))
    // Its processes ended with it: the directory is free.
    try FileManager.default.removeItem(atPath: data + "/cluster.json")
    let cluster = try TestCluster(workers: 1, data: data, isBorrowed: true)
    cluster.stop()
  }

  /// `down` and `doctor` go by this file.
  @Test func theListOfProcessesFollowsARestart() throws {
    let cluster = try TestCluster(workers: 1)
    func listed() throws -> [String: Int32] {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(cluster.data)/cluster.json"))
      let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      let members = object?["members"] as? [[String: Any]] ?? []
      return Dictionary(
        uniqueKeysWithValues: try members.map {
          (try #require($0["name"] as? String), Int32(try #require($0["pid"] as? Int)))
        })
    }
    let before = try listed()
    let running = Dictionary(uniqueKeysWithValues: try cluster.members())
    #expect(before == running)
    let victim = try #require(before["worker-1"])
    kill(victim, SIGKILL)
    let isListed = try Patience.until {
      let now = try listed()
      let running = Dictionary(uniqueKeysWithValues: try cluster.members())
      return now["worker-1"] != victim && now == running
    }
    let now = try listed()
    #expect(isListed && now["broker"] == before["broker"], "\(now), killed \(victim)")
  }

  @Test func aKilledWorkersJobsRunElsewhereAtTheNextHeartbeat() throws {
    let cluster = try TestCluster(workers: 2)
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    let log = SampleLog(rows: 2_000, seed: 14)
    let path = try Self.write(cluster, "log.csv", log.text)
    let victim = try #require(try cluster.members().first { $0.name == "worker-1" })
    // It takes its share of the jobs and does nothing with it.
    kill(victim.pid, SIGSTOP)
    let (done, status) = cluster.importInBackground(path, prices: prices, batchRows: 50)
    let holds = try Patience.until {
      let workers =
        try JSONSerialization.jsonObject(
          with: Data(cluster.solvent("workers", "--json").out.utf8)) as? [String: Any]
      return (workers?["workers"] as? [[String: Any]])?.contains {
        ($0["name"] as? String)?.hasPrefix("worker-1") == true
          && ($0["in_flight"] as? Int ?? 0) > 0
      } ?? false
    }
    #expect(holds, "worker-1 never held a job")
    kill(victim.pid, SIGKILL)
    #expect(Patience.ended(done) && status.value == 0, "\(cluster.logs.suffix(3_000))")
    // Its jobs went on because it was missed, not because their leases ran out.
    let loss = cluster.logs.split(separator: "\n").first {
      $0.contains("lost") && $0.contains("name=worker-1")
    }
    let requeued = loss?.firstMatch(of: /requeued=(\d+)/).flatMap { Int($0.1) }
    #expect((requeued ?? 0) > 0, "\(cluster.logs.suffix(3_000))")
    #expect(try Self.costs(cluster) == log.expected)
  }

  @Test(.enabled(if: getuid() == 0, "mounting a small disk needs root"))
  func aFullDiskUnderTheLedgerStopsBookingAndLosesNothing() throws {
    let data = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    // Only the ledger lies on the small disk.
    guard let disk = SmallDisk(data, size: "3m"),
      let journal = SmallDisk("\(data)/journal", size: "64m"),
      let logs = SmallDisk("\(data)/log", size: "8m")
    else {
      print("SKIPPED: no small disk could be mounted here")
      return
    }
    let cluster = try TestCluster(workers: 1, data: data)
    let log = SampleLog(rows: 40_000, seed: 15)
    let path = "\(journal.path)/log.csv"
    try Data(log.text.utf8).write(to: URL(fileURLWithPath: path))
    let prices = try Self.write(cluster, "prices.yaml", SampleLog.prices)
    let filler = "\(disk.path)/filler"
    _ = FileManager.default.createFile(atPath: filler, contents: nil)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: filler))
    while (try? file.write(contentsOf: Data(count: 4_096))) != nil {}
    let (done, status) = cluster.importInBackground(path, prices: prices, batchRows: 500)
    #expect(Patience.until { cluster.logs.contains("the ledger cannot be written") })
    #expect(status.value == -1, "it must wait, not end")
    try file.close()
    try FileManager.default.removeItem(atPath: filler)
    #expect(Patience.ended(done))
    #expect(status.value == 0)
    #expect(try Self.costs(cluster) == log.expected)
    #expect(try cluster.solvent("verify").status == 0)
    withExtendedLifetime((disk, journal, logs)) { cluster.stop() }
  }

  /// Another release, played here: what a broker and a worker say to a peer of another version.
  @Test func anotherVersionOfTheProtocolIsRefusedOnBothSides() throws {
    let cluster = try TestCluster(workers: 1)
    let context = try Context()
    let address = try BrokerAddress("ipc://\(cluster.data)/run")
    let stranger = try Socket.dealer(context, to: address.worker)
    func foreign(_ command: Command) throws -> Message {
      try Message(count: Header.byteCount) {
        Header(command).write(to: $0)
        $0[2] = 9
      }
    }
    var greeting = try foreign(.hello)
    let isSent = try Patience.until {
      do throws(ZeroMQError) {
        try stranger.send(&greeting)
        return true
      } catch {
        // Not connected yet.
        try #require(error.isAgain)
        return false
      }
    }
    try #require(isSent)
    var answer = Message()
    try stranger.waitReceive(into: &answer)
    let header = try answer.withUnsafeBytes { try Header($0) }
    #expect(header.command == .error && header.argument == ErrorCode.version.rawValue)
    // It writes its log after it has answered.
    #expect(
      Patience.until { cluster.logs.contains("refused") && cluster.logs.contains("version") })

    // A broker of another version: the worker says so.
    let place = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    let broker = try Socket(context, .router)
    try broker.bind(BrokerAddress("ipc://\(place)").worker)
    let worker = Process()
    worker.executableURL = URL(fileURLWithPath: "\(Binaries.folder)/solvent-worker")
    worker.arguments = ["--broker", "ipc://\(place)", "--data", place]
    let log = Pipe()
    worker.standardError = log
    try worker.run()
    defer {
      worker.terminate()
      worker.waitUntilExit()
    }
    var peer = Message()
    try broker.waitReceive(into: &peer)
    var reply = try foreign(.welcome)
    try broker.send(&peer, followed: true)
    try broker.send(&reply)
    var said = ""
    while !said.contains("use the same release"),
      let piece = try log.fileHandleForReading.read(upToCount: 1), !piece.isEmpty
    {
      said += String(decoding: piece, as: UTF8.self)
    }
    #expect(said.contains("speaks version 9 of the protocol, this program 2; use the same release"))
  }
}
