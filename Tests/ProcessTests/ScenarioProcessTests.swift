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
      arguments + ["--data", cluster.data, "--shard", "64", "--partials"]
    let (out, err) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    try process.run()
    let answer = Mutex(Data())
    let reader = Thread {
      let data = out.fileHandleForReading.readDataToEndOfFile()
      answer.withLock { $0 = data }
    }
    reader.start()
    var partials = 0
    var killed = 0
    var line = ""
    while let piece = try err.fileHandleForReading.read(upToCount: 1), !piece.isEmpty {
      line += String(decoding: piece, as: UTF8.self)
      guard line.hasSuffix("\n") else { continue }
      partials += 1
      if [40, 120].contains(partials),
        let victim = try cluster.members().first(where: { $0.name.hasPrefix("worker") })
      {
        kill(victim.pid, SIGKILL)
        killed += 1
      }
      line = ""
    }
    process.waitUntilExit()
    while !reader.isFinished {}
    #expect(process.terminationStatus == 0 && killed == 2 && partials > 120)
    #expect(String(decoding: answer.withLock { $0 }, as: UTF8.self) == here.out)
  }

  @Test func conditionsEndWithThree() throws {
    let arguments = ["scenario", "run", Self.example, "--local", "--paths", "2000"]
    let met = try Binaries.run(arguments + ["--fail-if", "ruin.60m>5%"])
    #expect(met.status == 3 && met.err.contains("condition met") && met.out.contains("P(RUIN)"))
    let fine = try Binaries.run(arguments + ["--fail-if", "runway.p10<12"])
    #expect(fine.status == 0 && fine.err.isEmpty)
    #expect(try Binaries.run(arguments + ["--fail-if", "luck>1"]).status == 64)
    #expect(try Binaries.run(arguments + ["--set", "cahs=1"]).err.contains("did you mean 'cash'"))
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
