// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Commands that answer from files, without a cluster.
@Suite("Answers from files", .timeLimit(.minutes(2)))
struct AnswerProcessTests {
  /// A file that goes with its owner.
  final class File {
    let path = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString).csv"
    init(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Requests are all that a call of speech or ranking has.
  static let requestsOnly = """
    timestamp,provider,model,requests,input_tokens,output_tokens
    2026-11-20T10:00:00Z,openai,gpt-4o,10,10000,1000
    2026-11-20T10:00:00Z,openai,whisper-none,100000,0,0
    2026-11-20T10:00:00Z,cohere,rerank-none,5000000,0,0

    """

  @Test("Calls of a model without any price are unpriced, not nothing")
  func requestsWithoutAPrice() throws {
    let file = try File(Self.requestsOnly)
    let table = try Binaries.run(["cost", "--by", "model", file.path])
    let lines = table.out.split(separator: "\n")
    #expect(
      lines.filter { $0.contains("-none") && $0.contains(" unpriced ") }.count == 2, "\(table.out)")
    #expect(lines.contains { $0.hasPrefix("TOTAL") && $0.contains("+?") })
    #expect(table.out.contains("5,100,000 requests without a price"))
    #expect(try Binaries.run(["cost", "--strict", file.path]).status == 65)
    let json = try Binaries.run(["cost", "--json", file.path])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any])
    let total = try #require(object["total"] as? [String: Any])
    #expect((total["unpriced"] as? [String: Any])?["requests"] as? Int == 5_100_000)
    // 10 requests at $2.50 and $10 per million tokens.
    #expect(total["cost"] as? String == "0.035" && total["cost_per_request"] as? String == "0.0035")
  }

  @Test(
    "A mistake shows the usage of the command by its whole name",
    arguments: [
      (["cost", "--since", "x"], "Usage: solvent cost "),
      (["cost", "--where", "a"], "'solvent cost --help'"),
      (["scenario", "run"], "Usage: solvent scenario run "),
      (["scenario", "new", "--csv"], "'solvent scenario new --help'"),
    ])
  func usage(_ words: [String], _ part: String) throws {
    let output = try Binaries.run(words)
    #expect(output.status == 64 && output.err.contains(part), "\(output.err)")
  }

  /// The parser fills lines to 80 columns; a line end of the source in the text would stay.
  @Test(
    "Paragraphs of help are filled",
    arguments: [
      ["cost"], ["up"], ["ingest"], ["book"], ["runway"], ["watch"], ["demo"], ["scenario", "run"],
      ["scenario", "new"], ["scenario", "compare"], ["fleet", "estimate"], ["fleet", "rates"],
    ])
  func help(_ words: [String]) throws {
    let output = try Binaries.run(words + ["--help"])
    #expect(output.status == 0)
    let overview = output.out.components(separatedBy: "USAGE:")[0].components(separatedBy: "\n")
    for (line, next) in zip(overview, overview.dropFirst()) where !line.isEmpty && !next.isEmpty {
      let word = next.prefix { $0 != " " }
      #expect(line.count + 1 + word.count >= 80, "\(line)")
    }
  }

  @Test(
    "What cannot be answered is refused with the remedy",
    arguments: [
      // words, exit code, part of the message
      (["cost", "--where", "model=a", "--where", "model=b"], 64, "'model' twice"),
      (["cost", "--by", "model,day,model"], 64, "twice"),
      (["cost", "--since", "1e30d"], 64, "1e30d"), (["cost", "--since", "infd"], 64, "infd"),
      (["cost", "--until", "99999999-01-01"], 64, "99999999-01-01"),
      (["scenario", "new", "--json"], 64, "YAML"),
      (["verify", "--data", "/nonexistent/solvent"], 5, "no journal at /nonexistent/solvent"),
    ])
  func refusals(_ words: [String], _ status: Int32, _ part: String) throws {
    let output = try Binaries.run(words)
    #expect(output.status == status && output.out.isEmpty, "\(words)")
    #expect(output.err.contains(part), "\(output.err)")
    #expect(!output.err.contains("Error Domain"))
  }
}
