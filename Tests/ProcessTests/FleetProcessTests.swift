// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Fleet on the command line and on workers", .serialized, .timeLimit(.minutes(3)))
struct FleetProcessTests {
  private static func object(_ output: Binaries.Output) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(output.out.utf8))
    return try #require(value as? [String: Any], "\(output.out) \(output.err)")
  }

  /// The answer without the time that it took.
  private static func timeless(_ output: Binaries.Output) throws -> String {
    #expect(output.status == 0, "\(output.err)")
    let cut = try #require(output.out.range(of: ",\"seconds\":"))
    return String(output.out[..<cut.lowerBound])
  }

  private static func folder() throws -> String {
    let path = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  @Test func aSearchSaysTheSameHereAndOnWorkers() throws {
    let arguments = [
      "fleet", "search", "--model", "deepseek-r1", "--requests", "20", "--tpot", "60", "--batches",
      "300", "--json",
    ]
    let here = try Self.timeless(Binaries.run(arguments + ["--local"]))
    for workers in [1, 3] {
      let cluster = try TestCluster(workers: workers)
      #expect(try Self.timeless(Binaries.run(arguments + ["--data", cluster.data])) == here)
    }
  }

  @Test func aWorkerKilledInASearchChangesNothing() throws {
    let arguments = [
      "fleet", "search", "--model", "deepseek-r1", "--batches", "1000", "--json", "--gpu", "H200",
      "--gpu", "B200", "--gpu", "MI355X", "--replica-max", "64",
    ]
    let here = try Self.timeless(Binaries.run(arguments + ["--local"]))
    let cluster = try TestCluster(workers: 2)
    let victim = try #require(
      try cluster.members().first { $0.name.hasPrefix("worker") })
    // Frozen, it takes jobs and answers none; killed, they must be done elsewhere.
    kill(victim.pid, SIGSTOP)
    let process = Process()
    let out = Pipe()
    process.executableURL = URL(fileURLWithPath: "\(Binaries.folder)/solvent")
    process.arguments = arguments + ["--data", cluster.data]
    process.standardOutput = out
    process.standardError = FileHandle.nullDevice
    try process.run()
    func status() throws -> [String: Any] { try Self.object(cluster.solvent("workers", "--json")) }
    func held() throws -> Int {
      let workers = try #require(try status()["workers"] as? [[String: Any]])
      let frozen = workers.first { $0["process"] as? Int == Int(victim.pid) }
      return frozen?["in_flight"] as? Int ?? 0
    }
    #expect(try Patience.until { try held() > 0 }, "the frozen worker was given no job")
    kill(victim.pid, SIGKILL)
    let said = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let output = Binaries.Output(status: process.terminationStatus, out: said, err: "")
    #expect(try Self.timeless(output) == here)
    #expect(try status()["requeued"] as? Int ?? 0 > 0)
  }

  @Test func thePressFigureAndWhatMemoryMakesOfIt() throws {
    let output = try Binaries.run(["fleet", "press-2023"])
    #expect(output.status == 0 && output.out.contains("$694,444.44"))
    for figure in ["28,935.19", "0.356", "1.78", "press-2023-roofline"] {
      #expect(output.out.contains(figure), "\(figure)")
    }
    let json = try Self.object(Binaries.run(["fleet", "press-2023", "--json"]))
    let scenarios = try #require(json["scenarios"] as? [[String: Any]])
    let perDay = scenarios.compactMap { $0["cost_per_day"] as? Double }
    // 1.56 and 0.91 M$ by the reference's program; ours are its own.
    try #require(perDay.count == 3)
    let range = try #require(scenarios[1]["range"] as? [String: Double])
    #expect(range["low"]! < 1.56e6 && 1.56e6 < range["high"]! && perDay[1] > perDay[2])
    let small = try #require(scenarios[2]["range"] as? [String: Double])
    #expect(
      small["low"]! < 0.91e6 && 0.91e6 < small["high"]!
        && scenarios[1]["regime"] as? String == "capacity")
  }

  /// From an estimate to booked cost: a fleet's rates price usage like any other.
  @Test func aFleetsRatesPriceUsage() throws {
    let cluster = try TestCluster()
    let book = cluster.data + "/own.yaml"
    let rates = try Binaries.run([
      "fleet", "rates", "--model", "llama3.1-8b", "--gpu", "H100", "--rent", "2.5", "--provider",
      "own", "--from", "2026-01-01", "--to", book,
    ])
    #expect(rates.status == 0, "\(rates.err)")
    let text = try String(contentsOfFile: book, encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.contains("per_million_tokens") })
    let numbers = line.split { !"0123456789.".contains($0) }.compactMap { Double($0) }
    try #require(numbers.count == 2 && numbers.allSatisfy { $0 > 0 })
    let log = cluster.data + "/log.csv"
    try """
    timestamp,provider,model,input_tokens,output_tokens
    2026-02-01T00:00:00Z,own,llama3.1-8b,1000000,2000000

    """.write(toFile: log, atomically: true, encoding: .utf8)
    let ingested = try cluster.solvent("ingest", "--prices", book, log)
    #expect(ingested.status == 0, "\(ingested.err)")
    let json = try Self.object(cluster.solvent("cost", "--json"))
    let written = "\(json)"
    #expect(written.contains("estimated"), "\(written)")
    let total = try #require(
      ((json["total"] as? [String: Any])?["cost"] as? String).flatMap(Double.init)
        ?? (json["total"] as? [String: Any])?["cost"] as? Double, "\(written)")
    #expect(abs(total - numbers[0] - 2 * numbers[1]) < 1e-6)
    #expect(
      try Binaries.run([
        "fleet", "rates", "--model", "llama3.1-8b", "--gpu", "H100", "--rent", "2.5", "--json",
      ]).status == 64)
    // A book that is there is not overwritten.
    let again = try Binaries.run([
      "fleet", "rates", "--model", "llama3.1-8b", "--gpu", "H100", "--rent", "2.5", "--to", book,
    ])
    #expect(again.status == 1 && !again.err.isEmpty)
  }

  @Test func measuredHoursAreWorkAndIdle() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func page(_ name: String, _ prompts: Int, _ answers: Int, _ requests: Int) throws -> String {
      let path = "\(folder)/\(name)"
      try """
      vllm:prompt_tokens_total{engine="0"} \(prompts)
      vllm:generation_tokens_total{engine="0"} \(answers)
      vllm:request_success_total{finished_reason="stop"} \(requests)

      """.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }
    let (before, after) = (try page("a", 5, 5, 1), try page("b", 20_000_005, 9_000_005, 20_001))
    let (book, idle) = ("\(folder)/book.yaml", "\(folder)/idle.yaml")
    let arguments = [
      "fleet", "measure", "--model", "llama3.1-70b", "--gpu", "H200", "--gpus", "2", "--hours", "1",
      "--gpu-hours", "2.5", "--rent", "3", "--json", before, after,
    ]
    let json = try Self.object(
      Binaries.run(arguments + ["--capacity", "5000", "--to", book, "--books", idle]))
    #expect(json["paid"] as? Double == 7.5 && json["evidence"] as? String == "measured")
    #expect(json["utilization"] as? Double == 0.5 && json["idle_cost"] as? Double == 3.75)
    #expect(try String(contentsOfFile: book, encoding: .utf8).contains("evidence: measured"))
    let booked = try String(contentsOfFile: idle, encoding: .utf8)
    #expect(booked.contains("cost: 3.75") && booked.contains("account: hosting"))
    let cluster = try TestCluster(workers: 1)
    #expect(try cluster.solvent("book", idle).status == 0)
    // A catalogue's price is not measured, bought or rented.
    let bought = arguments.filter { $0 != "--rent" && $0 != "3" } + ["--own", "--capacity", "5000"]
    #expect(try Self.object(Binaries.run(bought))["evidence"] as? String == "estimated")
    // Without a measured capacity, how much was idle is an estimate.
    #expect(try Self.object(Binaries.run(arguments))["evidence"] as? String == "estimated")
    #expect(
      try Self.object(Binaries.run(arguments + ["--spread-idle"]))["evidence"] as? String
        == "measured")
    #expect(try Binaries.run(arguments + ["--spread-idle", "--books", "x"]).status == 64)
  }

  @Test func buyOrBuildHasABreakEvenAndAPlot() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let arguments = [
      "fleet", "compare", "--model", "llama3.1-70b", "--gpu", "H100", "--gpus", "2", "--precision",
      "fp8", "--rent", "2.5", "--api-price", "0.6,1.2", "--plot", "\(folder)/p.svg",
    ]
    let json = try Self.object(Binaries.run(arguments + ["--json"]))
    let point = try #require(json["break_even_requests_per_day"] as? [String: Any])
    let (low, middle) = (point["low"] as? Double, point["estimate"] as? Double)
    // Two GPUs for a day at 2.5 $, over 0.0012 $ a request.
    let expected: Double = 120 / 0.0012
    let found = try #require(middle)
    #expect(abs(found - expected) < 1e-6)
    let best = try #require(low)
    #expect(best <= found)
    let plot = try String(contentsOfFile: "\(folder)/p.svg", encoding: .utf8)
    let parser = XMLChecker(plot)
    #expect(parser.isWellFormed && plot.contains("own fleet, 90% range"))
    let named = try Binaries.run([
      "fleet", "compare", "--model", "llama3.1-70b", "--gpu", "H100", "--api", "openai/gpt-4o-mini",
    ])
    #expect(named.status == 0 && named.out.contains("break-even"), "\(named.err)")
    let unknown = try Binaries.run([
      "fleet", "compare", "--model", "llama3.1-70b", "--gpu", "H100", "--api",
      "openai/gpt-4o-minni",
    ])
    #expect(unknown.status == 64 && unknown.err.contains("did you mean 'gpt-4o-mini'?"))
  }

  @Test func anEstimateSaysHowItIsKnown() throws {
    let arguments = [
      "fleet", "estimate", "--model", "llama3.1-70b", "--gpu", "H200", "--gpus", "4", "--json",
    ]
    let plain = try Self.object(Binaries.run(arguments))
    func rate(_ json: [String: Any], _ key: String) throws -> Double {
      try #require((json["output_tokens_per_second"] as? [String: Any])?[key] as? Double)
    }
    let (low, middle, high) = (
      try rate(plain, "low"), try rate(plain, "estimate"), try rate(plain, "high")
    )
    #expect(low < middle && middle < high && plain["evidence"] as? String == "estimated")
    let nearest = try #require(plain["nearest_measured"] as? [String: Any])
    #expect(nearest["gpu"] as? String == "H200" && (nearest["median_error"] as? Double) ?? 1 < 0.3)
    let pinned = try Self.object(
      Binaries.run(arguments + ["--observed", "\(middle * 0.8)"]))
    let after = try rate(pinned, "estimate")
    #expect(after < middle * 0.86 && after > middle * 0.79 && pinned["pinned"] as? Bool == true)
    #expect(try rate(pinned, "high") / rate(pinned, "low") < high / low)
    // Every answer names what it cannot do.
    let none = try Binaries.run(
      arguments + ["--precision", "bf16", "--gpus", "1", "--gpu", "H100"])
    #expect(none.status == 64 && none.err.contains("needs 151."))
    let error = try JSONSerialization.jsonObject(with: Data(none.err.utf8)) as? [String: Any]
    #expect(error?["schema"] as? String == "solvent.error/v1")
    for bad in [
      ["--tp", "3"], ["--precision", "fp7"], ["--engine", "vlm"], ["--observed", "-3"],
    ] {
      #expect(try Binaries.run(arguments + bad).status == 64, "\(bad)")
    }
  }

  private static func estimate(_ arguments: String...) throws -> (rate: Double, json: [String: Any])
  {
    let output = try Binaries.run(["fleet", "estimate", "--json"] + arguments)
    #expect(output.status == 0, "\(output.err)")
    let json = try object(output)
    let range = try #require(json["output_tokens_per_second"] as? [String: Double])
    return (try #require(range["estimate"]), json)
  }

  /// A rack serves about as much a GPU as four of its GPUs do (MLPerf 5.1 offline: 4,024 on 72 GB200).
  @Test func spreadingExpertsFurtherKeepsWhatAGPUServes() throws {
    func perGPU(_ gpus: Int) throws -> Double {
      try Self.estimate(
        "--model", "deepseek-r1", "--gpu", "GB200", "--gpus", "\(gpus)", "--spread-experts",
        "--precision", "fp4"
      ).rate / Double(gpus)
    }
    let (four, rack) = (try perGPU(4), try perGPU(72))
    #expect(rack >= 0.5 * four && rack <= 1.5 * four, "\(four) \(rack)")
    #expect((2_000...8_000).contains(rack), "\(rack)")
  }

  @Test func aModelOfEightBillionRunsOnACardOf24GB() throws {
    for gpu in ["L4", "A10"] {
      let (rate, json) = try Self.estimate(
        "--model", "llama3.1-8b", "--gpu", gpu, "--gpus", "1", "--precision", "bf16")
      #expect((200...1_500).contains(rate) && json["regime"] as? String == "capacity", "\(rate)")
    }
  }

  @Test func aModelsOwnPrecisionIsTheDefault() throws {
    // Its weights are published at 4 bits and fit one GPU; measured: 2,276 to 2,943.
    let (rate, json) = try Self.estimate("--model", "gpt-oss-120b", "--gpu", "H100", "--gpus", "1")
    #expect(json["precision"] as? String == "w4a16" && (1_500...4_500).contains(rate), "\(rate)")
    let plain = try Self.estimate("--model", "llama3.1-8b", "--gpu", "H100", "--gpus", "1")
    #expect(plain.json["precision"] as? String == "bf16")
    let told = try Self.estimate(
      "--model", "llama3.1-8b", "--gpu", "H100", "--gpus", "1", "--precision", "fp8")
    #expect(told.json["precision"] as? String == "fp8" && told.rate > plain.rate)
    // What a chip cannot multiply is unpacked, and said.
    let old = try Binaries.run([
      "fleet", "estimate", "--model", "minimax-m2", "--gpu", "A100", "--gpus", "8",
    ])
    #expect(old.status == 0 && old.out.contains("8/16/16"), "\(old.out)")
    #expect(old.err.contains("unpacked to 16 bits"), "\(old.err)")
  }

  @Test func aConfigurationIsAddedAndUsed() throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = "\(folder)/Tiny-3B"
    try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: true)
    try """
    {"model_type": "llama", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28,
     "num_attention_heads": 24, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256,
     "max_position_embeddings": 131072, "tie_word_embeddings": true,
     "quantization_config": {"quant_method": "awq", "bits": 4}}
    """.write(toFile: "\(model)/config.json", atomically: true, encoding: .utf8)
    let environment = ["SOLVENT_FLEET": "\(folder)/fleet"]
    let added = try Binaries.run(
      ["fleet", "add", "\(model)/config.json"], environment: environment)
    #expect(added.status == 0 && added.out.contains("Tiny-3B"), "\(added.err)")
    let listed = try Binaries.run(["fleet", "models", "tiny-3b"], environment: environment)
    #expect(listed.status == 0 && listed.out.contains("3.2B"), "\(listed.out)")
    let estimate = try Binaries.run(
      ["fleet", "estimate", "--model", "Tiny-3B", "--gpu", "L4"], environment: environment)
    #expect(estimate.status == 0 && estimate.out.contains("output tokens/s"), "\(estimate.err)")
    #expect(estimate.out.contains("Tiny-3B w4a16"))
    let direct = try Binaries.run([
      "fleet", "estimate", "--config", "\(model)/config.json", "--gpu", "L4",
    ])
    #expect(direct.status == 0 && direct.out.contains("Tiny-3B w4a16"))
    let gpu = try Binaries.run(["fleet", "gpus", "B300"])
    #expect(gpu.status == 0 && gpu.out.contains("13,125") && gpu.out.contains("guess") == false)
  }

  /// What another GPU does to the runway is one command, and drawn with the estimate's range.
  @Test func aScenarioCanBeServedOnAFleet() throws {
    let example = Binaries.repository.appending(path: "examples/chatgpt-2023.yaml").path
    let arguments = [
      "scenario", "compare", example, "--local", "--paths", "4000", "--json", "--fleet",
      "model=gpt3-175b,gpu=A100,gpus=8,precision=8/8/8,input-tokens=24,output-tokens=1976,rent=1,utilization=0.5",
      "--fleet", "model=llama3.1-8b,gpu=H200,rent=2.5,utilization=0.5",
    ]
    let output = try Binaries.run(arguments)
    #expect(output.status == 0, "\(output.err)")
    let first = try #require(output.out.range(of: "model=gpt3-175b"))
    let second = try #require(output.out.range(of: "model=llama3.1-8b"))
    #expect(first.lowerBound < second.lowerBound)
    let wrong = try Binaries.run([
      "scenario", "run", example, "--local", "--fleet", "model=llama3.1-8b,gpu=H2000",
    ])
    #expect(wrong.status == 64 && wrong.err.contains("did you mean"))
    for words in [
      "own=yes", "concurrency=10,tpot=20", "concurrency=nan", "observed=5200@100", "interest=2",
    ] {
      let bad = try Binaries.run([
        "scenario", "run", example, "--local", "--fleet", "model=llama3.1-8b,gpu=H200,\(words)",
      ])
      #expect(bad.status == 64, "\(words): \(bad.err)")
    }
    // The scenario's cost is the estimate's: 90 % between its ends.
    let estimate = try Self.object(
      Binaries.run([
        "fleet", "estimate", "--model", "llama3.1-8b", "--gpu", "H200", "--rent", "2.5",
        "--observed", "9000@500,500", "--json",
      ]))
    let cost = try #require(estimate["cost_per_request"] as? [String: Double])
    let common = ["scenario", "run", example, "--local", "--paths", "4000", "--json"]
    let fleet = try Binaries.run(
      common + ["--fleet", "model=llama3.1-8b,gpu=H200,rent=2.5,observed=9000@500,500"])
    let told = try Binaries.run(
      common + ["--set", "cost_per_request=\(cost["low"]!) to \(cost["high"]!)"])
    func ruin(_ output: Binaries.Output) throws -> String {
      let start = try #require(output.out.range(of: "\"ruin\""), "\(output.err)")
      return String(output.out[start.lowerBound...].prefix(200))
    }
    #expect(try ruin(fleet) == ruin(told))
  }

  /// The gate on the points that are always there: the same limits, as a command.
  @Test func knownPointsAreWithinTheLimits() throws {
    let points = Binaries.repository.appending(path: "Tests/DocumentsTests/Resources/points.csv")
      .path
    let limits = ["median>9%", "p90>27%", "bias>3%", "unsupported>0"].flatMap { ["--fail-if", $0] }
    let check = try Binaries.run(["fleet", "check", points, "--summary", "--json"] + limits)
    #expect(check.status == 0, "\(check.err)")
    #expect(try Self.object(check)["points"] as? Int == 49)
    let strict = ["fleet", "check", points, "--summary", "--fail-if", "median>1%"]
    #expect(try Binaries.run(strict).status == 3)
  }

  @Test(.enabled(if: Binaries.data != nil, "the development data is not there"))
  func pointsAreCheckedAndFitted() throws {
    let data = try #require(Binaries.data)
    let points = "\(data)/inference/points_dev.csv"
    let more = "\(data)/inference/points_dev2.csv"
    let check = try Binaries.run([
      "fleet", "check", points, "--summary", "--json", "--fail-if", "median>9%", "--fail-if",
      "p90>27%", "--fail-if", "bias>3%", "--fail-if", "unsupported>0",
    ])
    #expect(check.status == 0, "\(check.err)")
    let json = try Self.object(check)
    #expect(json["points"] as? Int == 805 && json["unsupported"] as? Int == 0)
    #expect(
      try Binaries.run(["fleet", "check", points, "--summary", "--fail-if", "median>1%"]).status
        == 3)
    // The nearest point is one of the same kind of deployment and requests, with its own error.
    let near = try Self.object(
      Binaries.run([
        "fleet", "estimate", "--model", "llama3.1-70b", "--gpu", "H200", "--gpus", "4", "--engine",
        "trtllm-0.14", "--precision", "fp8", "--input-tokens", "2048", "--output-tokens", "128",
        "--points", points,
        "--json",
      ]))
    let point = try #require(near["nearest_point"] as? [String: Any])
    let row = try String(contentsOfFile: points, encoding: .utf8).split(separator: "\n")
      .first { $0.hasPrefix("\(point["id"] ?? ""),") }
    let line = try #require(row)
    #expect(line.contains(",llama3.1-70b,") && line.contains(",H200,4,4,"), "\(line)")
    #expect(line.contains(",2048,128,") && line.contains("trtllm-0.14"), "\(line)")
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let fitted = "\(folder)/mine.yaml"
    let fit = try Self.object(
      Binaries.run(["fleet", "fit", points, more, "--to", fitted, "--json"]))
    let coverage = try #require(fit["coverage"] as? [[String: Any]])
    #expect(coverage.count == 4)
    for row in coverage {
      let covered = try #require(row["covered"] as? Double)
      #expect((0.85...0.95).contains(covered), "\(row)")
    }
    // The shipped coefficients are these, to the last digit but for the date.
    let shipped = try String(
      contentsOf: Binaries.repository.appending(
        path: "Sources/Documents/Resources/performance.yaml"), encoding: .utf8)
    func undated(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { !$0.hasPrefix("performance:") }
    }
    #expect(try undated(String(contentsOfFile: fitted, encoding: .utf8)) == undated(shipped))
    let demand = try Self.object(
      Binaries.run([
        "fleet", "size", "--model", "llama3.1-8b", "--gpu", "L40S", "--json", "--tokens",
        "\(data)/servegen/m-small-tokens.csv.gz", "\(data)/servegen/m-small-demand.csv.gz",
      ]))
    let plans = try #require(demand["plans"] as? [[String: Any]])
    let hours = plans.compactMap { $0["gpu_hours_per_day"] as? Double }
    #expect(hours.count == 2 && hours[1] < hours[0] / 2 && demand["clients"] as? Int == 43)
  }
}

/// Whether a text is well-formed XML, as far as tags close in order.
private struct XMLChecker {
  let isWellFormed: Bool

  init(_ text: String) {
    var open: [Substring] = []
    var isGood = true
    for part in text.split(separator: "<").map({ $0.prefix { $0 != ">" } }) {
      if part.hasSuffix("/") { continue }
      let name = part.prefix { !$0.isWhitespace }
      if name.hasPrefix("/") {
        isGood = isGood && open.popLast() == name.dropFirst()
      } else {
        open.append(name)
      }
    }
    isWellFormed = isGood && open.isEmpty && !text.contains("nan")
  }
}
