// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Every JSON answer of every command follows its published schema.
@Suite("Schemas", .serialized)
struct SchemaProcessTests {
  /// A cluster with usage, some of it unpriced and some refused, and with books.
  private static func filled(_ cluster: TestCluster, _ answers: inout [String]) throws {
    let log = try ClusterProcessTests.write(
      cluster, "log.csv",
      """
      timestamp,provider,model,product,input_tokens,output_tokens
      2023-08-20T10:00:00Z,openai,gpt-4,chat,1000000,500000
      2023-08-21T10:00:00Z,openai,o9-preview,api,2000000,100000
      2023-08-21T10:00:00Z,openai,gpt-4,api,x,100000

      """)
    answers.append(try cluster.solvent("ingest", log, "--json").out)
    answers.append(try cluster.solvent("ingest", "/nowhere.csv", "--json").out)
    answers.append(
      try cluster.solvent("cost", "--by", "nothing.yaml", "--since", "x", "--json").err)
    let books = Binaries.repository.appending(path: "examples/chatgpt-2023-books.yaml").path
    answers.append(try cluster.solvent("book", books, "--json").out)
  }

  private static let examples = Binaries.repository.appending(path: "examples").path

  /// 24 points made of the estimate of one deployment each: enough for a fit.
  private static func points(_ folder: String) throws -> String {
    let columns = [
      "id", "source", "date", "engine", "kind", "model", "weight_bits", "act_bits", "kv_bits",
      "gpu", "n_gpus", "tp", "input_len", "output_len", "concurrency_or_batch",
      "output_tokens_per_s",
    ]
    var text = columns.joined(separator: ",") + "\n"
    for index in 0..<24 {
      let batch = 1 << (index % 6)
      let gpu = index % 2 == 0 ? "H100-SXM" : "A100-80-SXM"
      text += "P\(index),made,2025-01,vllm-2025,static_batch,llama3.1-8b,16,16,16,\(gpu),1,1,"
      text += "512,128,\(batch),\(Double(batch) * (index % 2 == 0 ? 110 : 75))\n"
    }
    let path = "\(folder)/points.csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Commands that need no cluster.
  private static func fleet(_ folder: String, _ answers: inout [String]) throws {
    func run(_ words: [String]) throws {
      let output = try Binaries.run(
        ["fleet"] + words + ["--json"], environment: ["SOLVENT_FLEET": "\(folder)/fleet"])
      #expect(!output.out.isEmpty, "\(words): \(output.err)")
      answers.append(output.out)
    }
    let model = ["--model", "llama3.1-8b", "--gpu", "H100"]
    let points = try points(folder)
    for words in [
      ["gpus"], ["gpus", "H100"], ["models"], ["models", "llama3.1-70b"], ["press-2023"],
      ["estimate"] + model + ["--points", points],
      ["compare"] + model + ["--api-price", "0.6,0.6"],
      ["search"] + model + ["--requests", "5", "--local"],
      ["check", points], ["fit", points],
    ] { try run(words) }
    let demand = "\(folder)/demand.csv"
    try "window_start_s,requests_per_s\n0,5\n900,9\n1800,2\n".write(
      toFile: demand, atomically: true, encoding: .utf8)
    try run(["size"] + model + [demand])
    for (name, count) in [("before", 5), ("after", 20_000)] {
      try """
      vllm:prompt_tokens_total{engine="0"} \(count * 100)
      vllm:generation_tokens_total{engine="0"} \(count * 50)
      vllm:request_success_total{finished_reason="stop"} \(count)

      """.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
    try run(["measure"] + model + ["--hours", "1", "\(folder)/before", "\(folder)/after"])
    try """
    {"model_type": "llama", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28,
     "num_attention_heads": 24, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256,
     "max_position_embeddings": 131072, "tie_word_embeddings": true}
    """.write(toFile: "\(folder)/config.json", atomically: true, encoding: .utf8)
    try run(["add", "\(folder)/config.json", "--name", "Tiny-3B"])
  }

  @Test(.enabled(if: Binaries.python != nil, "SOLVENT_PYTHON is not set: run make test"))
  func everyJSONAnswerFollowsItsSchema() throws {
    let cluster = try TestCluster()
    var answers: [String] = []
    try Self.filled(cluster, &answers)
    for command in [
      "cost", "jobs", "workers", "verify", "pnl", "unit", "coverage", "runway", "balance",
      "audience",
    ] {
      answers.append(try cluster.solvent(command, "--json").out)
    }
    answers.append(try cluster.solvent("cost", "--by", "day,product,meter", "--json").out)
    answers.append(try cluster.solvent("prices", "check", "--json").out)
    answers.append(try Binaries.run(["prices", "list", "--json"]).out)
    answers.append(try cluster.solvent("doctor", "--json").out)
    // The state at the start, which was empty, and what was booked since.
    answers.append(try cluster.solvent("watch", "cost/day/model", "--updates", "2").out)
    let run = try cluster.solvent(
      "scenario", "run", "\(Self.examples)/runway-60.yaml", "--paths", "2000", "--json",
      "--partials")
    answers += [run.out, run.err]
    answers.append(
      try cluster.solvent(
        "scenario", "compare", "\(Self.examples)/runway-60.yaml", "--paths", "2000", "--variant",
        "audience@1=-12%", "--json"
      ).out)
    let folder = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Self.fleet(folder, &answers)

    let lines = answers.flatMap { $0.split(separator: "\n") }.joined(separator: "\n")
    let schemas = Binaries.repository.appending(path: "docs/schemas").path
    let output = try Binaries.run(
      [Binaries.repository.appending(path: "Tests/Schemas/validate.py").path, schemas],
      input: Data(lines.utf8), program: #require(Binaries.python))
    #expect(output.status == 0 && output.out.isEmpty, "\(output.out)\(output.err)")
    // None is published that no command was seen to write.
    let published = try FileManager.default.contentsOfDirectory(atPath: schemas)
      .map { String($0.dropLast(".json".count)) }.sorted()
    let seen = output.err.split(separator: " ").dropFirst().map {
      $0.trimmingCharacters(in: .newlines)
    }
    #expect(seen.sorted() == published)
  }
}
