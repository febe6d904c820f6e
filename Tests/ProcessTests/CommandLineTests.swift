// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The output contract of `docs/CLI.md`, on pipes and on a terminal.
@Suite("Command line", .serialized, .timeLimit(.minutes(2)))
struct CommandLineTests {
  /// Runs `solvent` on a terminal, which `script` (util-linux) plays.
  static func onTerminal(
    _ command: String, environment: [String: String] = [:]
  ) throws -> Binaries.Output {
    try Binaries.run(
      ["-qec", "stty cols 120; '\(Binaries.folder)/solvent' \(command)", "/dev/null"],
      environment: environment, program: "/usr/bin/script")
  }

  static let log = "timestamp,model,input_tokens\n2026-03-02T10:00:00Z,gpt-4o,41\n"

  @Test func errorsAreJSONWhereTheAnswerWouldBe() throws {
    for (arguments, code) in [
      (["cost", "--json", "/nowhere.csv"], 4),
      (["cost", "-o", "json", "--since", "yesterday"], 64),
      (["verify", "--json", "--data", "/nowhere"], 5), (["cost", "--json", "--nonsense"], 64),
    ] as [([String], Int32)] {
      let output = try Binaries.run(arguments)
      #expect(output.status == code && output.out.isEmpty, "\(arguments): \(output)")
      let object = try JSONSerialization.jsonObject(with: Data(output.err.utf8)) as? [String: Any]
      #expect(object?["schema"] as? String == "solvent.error/v1")
      #expect(object?["code"] as? Int32 == code)
      #expect((object?["message"] as? String)?.isEmpty == false)
    }
  }

  @Test("Completions", arguments: ["bash", "zsh", "fish"])
  func completions(_ shell: String) throws {
    let output = try Binaries.run(["completions", shell])
    #expect(output.status == 0 && output.out.contains("ingest") && output.err.isEmpty)
    guard shell == "bash" else { return }
    let path = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString).bash"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(output.out.utf8).write(to: URL(fileURLWithPath: path))
    #expect(try Binaries.run(["-n", path], program: "/bin/bash").status == 0)
  }

  @Test func colourAndBarsAreForTerminalsOnly() throws {
    let cluster = try TestCluster(workers: 1)
    let path = try ClusterProcessTests.write(cluster, "log.csv", Self.log)
    let arguments = "--data '\(cluster.data)'"
    let first = try Self.onTerminal(
      "ingest \(arguments) '\(path)'", environment: ["TERM": "xterm", "NO_COLOR": ""])
    // The bar was drawn and wiped; the answer follows.
    #expect(first.status == 0 && first.out.contains("[###") && first.out.contains("1 file"))
    let shown = try Self.onTerminal(
      "cost \(arguments) --by model", environment: ["TERM": "xterm", "NO_COLOR": ""])
    #expect(shown.out.contains("\u{1B}[1m"))
    for environment in [["NO_COLOR": "1", "TERM": "xterm"], ["TERM": "dumb"]] {
      let plain = try Self.onTerminal("cost \(arguments) --by model", environment: environment)
      #expect(!plain.out.contains("\u{1B}"), "\(environment)")
    }
    let flag = try Self.onTerminal(
      "cost \(arguments) --by model --no-color", environment: ["TERM": "xterm"])
    #expect(!flag.out.contains("\u{1B}"))
    // A pipe gets the same words.
    let piped = try cluster.solvent("cost", "--by", "model")
    #expect(!piped.out.contains("\u{1B}") && piped.err.isEmpty)
    let quiet = try cluster.solvent("ingest", path)
    #expect(quiet.err.isEmpty)
    let narrow = try Binaries.run(
      ["cost", "--data", cluster.data, "--by", "model"], environment: ["COLUMNS": "60"])
    #expect(
      narrow.out.components(separatedBy: "\n").prefix(3).allSatisfy { $0.count <= 60 })
    let ascii = try Binaries.run(
      ["cost", "--data", cluster.data, "--by", "model"], environment: ["LC_ALL": "C"])
    #expect(ascii.out.utf8.allSatisfy { $0 < 0x80 })
  }

  @Test func watchIsAScreenOnATerminalAndLinesOnAPipe() throws {
    let cluster = try TestCluster(workers: 1)
    let path = try ClusterProcessTests.write(cluster, "log.csv", Self.log)
    #expect(try cluster.solvent("ingest", path).status == 0)
    // What was published when the command began, the mark, and what has been booked since: the stream
    // follows the ledger within a tenth of a second, so that either may hold the row.
    let piped = try cluster.solvent("watch", "--updates", "2", "cost/day/model")
    let later = try cluster.solvent("watch", "--updates", "3", "cost/day/model")
    let screen = try Self.onTerminal(
      "watch --data '\(cluster.data)' --updates 2 cost/day/model",
      environment: ["TERM": "xterm", "LC_ALL": "C.UTF-8"])
    #expect(screen.out.contains("\u{1B}[2J") && screen.out.contains("cost  █"), "\(screen)")
    let objects = try (piped.out + later.out).split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    #expect(objects.contains { $0?["caught_up"] as? Bool == true })
    let object = objects.first { ($0?["rows"] as? [Any])?.isEmpty == false } ?? nil
    let row = (object?["rows"] as? [[String: Any]])?.first
    #expect(row?["name"] as? String == "gpt-4o" && row?["input_tokens"] as? Int == 41)
    #expect((object?["total"] as? [String: Any])?["input_tokens"] as? Int == 41)
  }
}
