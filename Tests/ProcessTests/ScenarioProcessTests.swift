// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

@Suite("Scenarios on workers", .serialized, .timeLimit(.minutes(3)))
struct ScenarioProcessTests {
  static let example = Binaries.repository.appending(path: "examples/runway-60.yaml").path

  @Test func theSameBytesWhateverWorksAndWhateverDies() throws {
    let arguments = ["scenario", "run", Self.example, "--json", "--paths", "20000", "--seed", "7"]
    let here = try Binaries.run(arguments + ["--local", "--shard", "1000"])
    #expect(here.status == 0, "\(here.err)")
    for workers in [1, 4] {
      let cluster = try TestCluster(workers: workers)
      for shard in ["64", "8192"] {
        let there = try Binaries.run(arguments + ["--data", cluster.data, "--shard", shard])
        #expect(
          there.status == 0 && there.out == here.out, "\(workers) workers, shards of \(shard)")
      }
    }
    // Workers are killed as results come in.
    let cluster = try TestCluster(workers: 2)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Binaries.folder)/solvent")
    process.arguments =
      arguments + ["--data", cluster.data, "--shard", "8", "--partials"]
    let (out, err) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    try process.run()
    let answer = Mutex(Data())
    let isRead = DispatchSemaphore(value: 0)
    Thread {
      let data = out.fileHandleForReading.readDataToEndOfFile()
      answer.withLock { $0 = data }
      isRead.signal()
    }.start()
    var partials = 0
    var killed = 0
    var line = ""
    while let piece = try err.fileHandleForReading.read(upToCount: 1), !piece.isEmpty {
      line += String(decoding: piece, as: UTF8.self)
      guard line.hasSuffix("\n") else { continue }
      partials += 1
      // At most twenty a second are told.
      if [2, 5].contains(partials),
        let victim = try cluster.members().first(where: { $0.name.hasPrefix("worker") })
      {
        kill(victim.pid, SIGKILL)
        killed += 1
      }
      line = ""
    }
    process.waitUntilExit()
    #expect(Patience.ended(isRead))
    #expect(process.terminationStatus == 0 && killed == 2 && partials > 5)
    #expect(String(decoding: answer.withLock { $0 }, as: UTF8.self) == here.out)
  }

  /// The golden fingerprint of the unit tests, which are a debug build, from the released program.
  @Test func theReleaseGivesTheSameBytesAsDebug() throws {
    let output = try Binaries.run([
      "scenario", "run", Self.example, "--local", "--json", "--paths", "8192", "--seed", "7",
    ])
    #expect(output.out.contains("\"fingerprint\":\"e9bc66e940da59b\""))
  }

  @Test func cancellingGivesTheShardsUp() throws {
    let cluster = try TestCluster(workers: 1)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Binaries.folder)/solvent")
    process.arguments = [
      "scenario", "run", Self.example, "--data", cluster.data, "--paths", "2000000000",
      "--partials",
    ]
    let err = Pipe()
    process.standardError = err
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    // The first partial result: shards are under way.
    var line = ""
    while !line.hasSuffix("\n"), let piece = try err.fileHandleForReading.read(upToCount: 1),
      !piece.isEmpty
    {
      line += String(decoding: piece, as: UTF8.self)
    }
    #expect(line.contains("solvent.partial/v1"))
    process.interrupt()
    while let piece = try err.fileHandleForReading.read(upToCount: 4_096), !piece.isEmpty {}
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    // The worker is free again: another simulation ends.
    let next = try cluster.solvent("scenario", "run", Self.example, "--paths", "800")
    #expect(next.status == 0, "\(next.err)")
  }

  @Test func conditionsEndWithThree() throws {
    let arguments = ["scenario", "run", Self.example, "--local", "--paths", "2000"]
    let met = try Binaries.run(arguments + ["--fail-if", "ruin.60m>5%"])
    #expect(met.status == 3 && met.err.contains("condition met") && met.out.contains("P(RUIN)"))
    let fine = try Binaries.run(arguments + ["--fail-if", "runway.p10<12"])
    #expect(fine.status == 0 && fine.err.isEmpty)
    let markdown = try Binaries.run(arguments + ["-o", "md"]).out
    #expect(markdown.contains("| BY | P(RUIN) |") && markdown.contains("| --- | ---: |"))
    #expect(try Binaries.run(arguments + ["--fail-if", "luck>1"]).status == 64)
    #expect(try Binaries.run(arguments + ["--set", "cahs=1"]).err.contains("did you mean 'cash'"))
  }

  @Test func theLastMonthsAreShownOnce() throws {
    for (horizon, titles) in [("24", 1), ("36", 2), ("12", 1)] {
      let output = try Binaries.run([
        "scenario", "compare", Self.example, "--local", "--paths", "800", "-o", "md", "--set",
        "horizon=\(horizon)", "--variant", "cash=2e9",
      ])
      let head = output.out.prefix { $0 != "\n" }
      #expect(head.components(separatedBy: "RUIN").count - 1 == titles, "\(head) \(output.err)")
    }
  }

  @Test func noRuinedPathIsNotZero() throws {
    let arguments = ["scenario", "run", Self.example, "--local", "--paths", "3000"]
    let output = try Binaries.run(arguments + ["--set", "cash=900e9"])
    #expect(output.out.contains("< 0.1%") && !output.out.contains("± 0.0"), "\(output.out)")
    let json = try Binaries.run(arguments + ["--set", "cash=900e9", "--json"])
    let object = try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any]
    let month = (object?["months"] as? [[String: Any]])?.first
    let ruin = month?["ruin"] as? [String: Any]
    #expect(ruin?["value"] as? Double == 0 && ruin?["below"] as? Double == 0.001)
    #expect(object?["paths"] as? Int == 3_000)
  }

  @Test func aScenarioThatLeavesMoneyOutIsRefused() throws {
    let path = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let whole = try String(contentsOfFile: Self.example, encoding: .utf8)
    let part = whole.split(separator: "\n").filter { !$0.hasPrefix("profit_share") }
    try part.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let refused = try Binaries.run(["scenario", "run", path, "--local", "--paths", "800"])
    #expect(refused.status == 2 && refused.out.isEmpty)
    #expect(refused.err.contains("profit_share: {share: 0, cap: 0}"), "\(refused.err)")
    let set = ["--set", "profit_share.share=0.75", "--set", "profit_share.cap=13e9"]
    let arguments = ["--local", "--paths", "8192", "--seed", "7", "--json"]
    let completed = try Binaries.run(["scenario", "run", path] + arguments + set)
    #expect(completed.out.contains("\"fingerprint\":\"e9bc66e940da59b\""), "\(completed.err)")
  }

  @Test func scenariosAreComparedOnTheSameDraws() throws {
    let output = try Binaries.run([
      "scenario", "compare", Self.example, "--local", "--paths", "4000", "--json", "--variant",
      "audience@1=1.0", "--variant", "tranche@3=10e9",
    ])
    let object = try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any]
    let scenarios = try #require(object?["scenarios"] as? [[String: Any]])
    let last = scenarios.map { ($0["months"] as? [[String: Any]])?.last }
    // A factor of 1 changes nothing at all, on any path.
    #expect(last[1]?["difference"] as? Double == 0 && last[1]?["difference_error"] as? Double == 0)
    #expect(scenarios[0]["fingerprint"] as? String == scenarios[1]["fingerprint"] as? String)
    #expect((last[2]?["difference"] as? Double ?? 0) < -0.3)
  }
}

@Suite("Books in a cluster", .serialized, .timeLimit(.minutes(2)))
struct BooksProcessTests {
  static func object(_ output: Binaries.Output) throws -> [String: Any] {
    try #require(output.status == 0, "\(output.err)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any])
  }

  /// The numbers of `scenario run --json` by month: P50 of cash.
  private static func medians(_ cluster: TestCluster, _ file: String) throws -> [Double] {
    let object = try object(try cluster.solvent("scenario", "run", "--json", "--local", file))
    return (object["months"] as? [[String: Any]] ?? []).compactMap { month in
      ((month["cash"] as? [String: Any])?["p50"] as? [String: Any])?["value"] as? Double
    }
  }

  @Test func booksWithoutAudienceGiveAScenarioWithoutAudience() throws {
    let cluster = try TestCluster(workers: 1)
    let entries = """
      books: test
      entries:
        - {date: 2026-01-01, opening: 774000, evidence: measured}
        - {date: 2026-01-31, revenue: 8000, account: subscriptions, evidence: measured}
        - {date: 2026-01-31, revenue: 2000, account: other_revenue, evidence: measured}
        - {date: 2026-01-31, cost: 4000, account: hosting, evidence: measured}
        - {date: 2026-01-31, cost: 48000, account: staff, evidence: measured}

      """
    #expect(
      try cluster.solvent("book", ClusterProcessTests.write(cluster, "b.yaml", entries)).status == 0
    )
    let scenario = try cluster.solvent("scenario", "new", "--name", "mine")
    #expect(scenario.status == 0 && scenario.err.isEmpty, "\(scenario.err)")
    for line in ["audience: 0", "api_revenue: 10000", "api_margin: 0.6", "fixed_cost: 48000"] {
      #expect(scenario.out.contains("\n  \(line)\n"), "\(line) in \(scenario.out)")
    }
    // 732,000 is left after January; 42,000 are burnt a month.
    let file = try ClusterProcessTests.write(cluster, "mine.yaml", scenario.out)
    let cash = try Self.medians(cluster, file)
    for month in [1, 6, 12] {
      #expect(abs(cash[month - 1] / Double(732_000 - 42_000 * month) - 1) < 0.02, "\(cash)")
    }
    #expect(cash[17] == 0)
    // Payers alone are the audience.
    let payers = "books: more\naudience:\n  - {month: 2026-01, payers: 500, evidence: measured}\n"
    #expect(
      try cluster.solvent("book", ClusterProcessTests.write(cluster, "p.yaml", payers)).status == 0)
    let paid = try cluster.solvent("scenario", "new")
    for line in ["audience: 500", "paid_share: 1", "price: 16", "api_revenue: 2000"] {
      #expect(paid.out.contains("\n  \(line)\n"), "\(line) in \(paid.out)")
    }
    let again = try Self.medians(
      cluster, ClusterProcessTests.write(cluster, "paid.yaml", paid.out))
    #expect(abs(again[11] / 228_000 - 1) < 0.02, "\(again)")
  }

  @Test func whatBooksDoNotSayIsToBeFilledIn() throws {
    let cluster = try TestCluster(workers: 1)
    let figures = (1...7).map { "  - {month: 2026-0\($0), users: \(1_000 + 50 * $0 * $0)}" }
    let text = """
      books: test
      entries:
        - {date: 2026-07-31, cost: 48000, account: staff}
      audience:
      \(figures.joined(separator: "\n"))

      """
    #expect(
      try cluster.solvent("book", ClusterProcessTests.write(cluster, "b.yaml", text)).status == 0)
    let scenario = try cluster.solvent("scenario", "new")
    #expect(scenario.err.contains("saturation, cash"), "\(scenario.err)")
    let file = try ClusterProcessTests.write(cluster, "mine.yaml", scenario.out)
    let refused = try cluster.solvent("scenario", "run", "--local", file)
    #expect(refused.status == 2 && refused.err.contains("is missing: saturation, cash\n"))
    let filled = try cluster.solvent(
      "scenario", "run", "--local", file, "--paths", "800", "--set", "cash=1e6", "--set",
      "saturation=1e5")
    #expect(filled.status == 0, "\(filled.err)")
  }

  @Test func booksUsageAndStatementsAgree() throws {
    let cluster = try TestCluster(workers: 2)
    // Books first: the ledger takes its currency from whoever comes first.
    let books = try ClusterProcessTests.write(
      cluster, "books.yaml",
      """
      books: test
      entries:
        - {date: 2023-06-01, opening: 5000}
        - {date: 2023-08-15, revenue: 300.25, account: subscriptions}
        - {date: 2023-08-20, cost: 1000, account: staff}
        - {date: 2023-08-01, funding: 10B, counterparty: Fund, stake: 49%, share: 0.75, cap: 13B}
      audience:
        - {month: 2023-08, users: 1000}
        - {month: 2023-08, payers: 15}
      """)
    #expect(try cluster.solvent("book", books).out.contains("6"))
    let again = try Self.object(try cluster.solvent("book", "--json", books))
    #expect((again["files"] as? [[String: Any]])?.first?["new"] as? Int == 0)
    let log = SampleLog(rows: 2_000, seed: 21)
    let path = try ClusterProcessTests.write(cluster, "log.csv", log.text)
    let prices = try ClusterProcessTests.write(cluster, "prices.yaml", SampleLog.prices)
    #expect(try cluster.solvent("ingest", "--prices", prices, path).status == 0)
    // Every view shows the same cost, to the last digit.
    let total = try Self.object(try cluster.solvent("cost", "--json"))["total"] as? [String: Any]
    let cost = try #require(total?["cost"] as? String)
    let pnl = try Self.object(try cluster.solvent("pnl", "--json"))
    let whole = pnl["total"] as? [String: Any]
    #expect(whole?["serving"] as? String == cost && whole?["revenue"] as? String == "300.25")
    let balance = try Self.object(try cluster.solvent("balance", "--json"))
    #expect(balance["difference"] as? String == "0" && balance["liabilities"] as? String == cost)
    let unit = try Self.object(try cluster.solvent("unit", "--json", "--since", "2023-08"))
    #expect(unit["requests"] as? Int == 2_000 && unit["conversion"] as? Double == 0.015)
    let runway = try Self.object(try cluster.solvent("runway", "--json"))
    #expect((runway["runway"] as? Double ?? 0) > (runway["runway_without"] as? Double ?? 1e9))
    let coverage = try cluster.solvent("coverage").out
    // Whose money and whose share it is stands in every format.
    #expect(try cluster.solvent("coverage", "--json").out.contains("Fund"))
    #expect(try cluster.solvent("coverage", "--csv").out.contains("Fund"))
    #expect(coverage.contains("stake 49.0%") && coverage.contains("$13,000,000,000"))
    #expect(try cluster.solvent("audience", "--csv").out.contains("2023-08,,,1000,15,"))
    // The books become a scenario, which runs.
    let scenario = try cluster.solvent("scenario", "new", "--name", "mine")
    let file = try ClusterProcessTests.write(cluster, "mine.yaml", scenario.out)
    #expect(scenario.out.contains("serving cost over requests"))
    #expect(try cluster.solvent("scenario", "run", "--paths", "800", file).status == 0)
    #expect(try cluster.solvent("verify").out.contains("6 entries"))
    // A conflict books nothing and says so.
    let conflict = try ClusterProcessTests.write(
      cluster, "c.yaml", "entries:\n  - {date: 2023-09-01, cost: 1, id: a}\n")
    #expect(try cluster.solvent("book", conflict).status == 0)
    _ = try ClusterProcessTests.write(
      cluster, "c.yaml", "entries:\n  - {date: 2023-09-01, cost: 2, id: a}\n")
    let refused = try cluster.solvent("book", conflict)
    #expect(refused.status == 1 && refused.err.contains("other content"))
  }
}
