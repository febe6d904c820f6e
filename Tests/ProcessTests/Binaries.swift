// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Host
import Synchronization
import Testing

/// Real programs, real sockets. The programs are those of `SOLVENT_BIN`, else those that were built
/// with the tests.
enum Binaries {
  static let folder: String = {
    if let given = ProcessInfo.processInfo.environment["SOLVENT_BIN"] { return given }
    // The test program lies in the build folder, beside the products.
    return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
  }()

  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let python = ProcessInfo.processInfo.environment["SOLVENT_PYTHON"]

  /// The development data; `nil` where it is not.
  static let data: String? = {
    let environment = ProcessInfo.processInfo.environment["SOLVENT_TEST_DATA"]
    let path = environment ?? repository.appending(path: "../shared/data").standardized.path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  struct Output {
    var status: Int32
    var out: String
    var err: String
  }

  @discardableResult
  static func run(
    _ arguments: [String], input: Data? = nil, environment: [String: String] = [:],
    program: String = "\(folder)/solvent"
  ) throws -> Output {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let files = try ["out", "err"].map { name in
      let path = NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString).\(name)"
      try Data().write(to: URL(fileURLWithPath: path))
      return URL(fileURLWithPath: path)
    }
    defer { for file in files { try? FileManager.default.removeItem(at: file) } }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    let stdin = Pipe()
    process.standardInput = input == nil ? FileHandle.nullDevice : stdin
    try process.run()
    if let input {
      try stdin.fileHandleForWriting.write(contentsOf: input)
      try stdin.fileHandleForWriting.close()
    }
    process.waitUntilExit()
    return Output(
      status: process.terminationStatus,
      out: String(decoding: try Data(contentsOf: files[0]), as: UTF8.self),
      err: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
  }
}

/// A supervised cluster on a directory of its own; it ends with its owner.
final class TestCluster: @unchecked Sendable {
  // Sendable: `process` is started in init and ended by `stop`, which its owner alone calls.
  let data: String
  private let process: Process
  private let isBorrowed: Bool

  /// - Parameter isBorrowed: the directory is somebody else's to remove.
  init(workers: Int = 2, data: String? = nil, isBorrowed: Bool = false) throws {
    self.isBorrowed = isBorrowed
    let folder = data ?? NSTemporaryDirectory() + "/solvent-test-\(UUID().uuidString)"
    self.data = URL(fileURLWithPath: folder).standardizedFileURL.path
    try FileManager.default.createDirectory(atPath: self.data, withIntermediateDirectories: true)
    process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Binaries.folder)/solvent")
    process.arguments = ["up", "--data", self.data, "--workers", "\(workers)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // `up` says "ready" when every process has joined; before that there is nothing to read.
    var said = ""
    while !said.contains("ready in"),
      let piece = try pipe.fileHandleForReading.read(upToCount: 1), !piece.isEmpty
    {
      said += String(decoding: piece, as: UTF8.self)
    }
    try #require(said.contains("ready in"), "the cluster did not start: \(logs)")
  }

  deinit {
    stop()
    if !isBorrowed { try? FileManager.default.removeItem(atPath: data) }
  }

  func stop() {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  var supervisor: Int32 { process.processIdentifier }

  var logs: String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(data)/log")) ?? []
    return names.sorted().map { name in
      "--- \(name)\n"
        + ((try? String(contentsOfFile: "\(data)/log/\(name)", encoding: .utf8)) ?? "")
    }.joined(separator: "\n")
  }

  @discardableResult
  func solvent(_ arguments: String..., input: Data? = nil) throws -> Binaries.Output {
    var words = arguments
    let isNested = words.first == "prices" || words.first == "scenario"
    words.insert(contentsOf: ["--data", data], at: isNested ? 2 : 1)
    return try Binaries.run(words, input: input)
  }

  /// What an import that runs beside the test has ended with; -1 before.
  final class ExitStatus: Sendable {
    private let held = Mutex<Int32>(-1)
    var value: Int32 { held.withLock { $0 } }
    func set(_ status: Int32) { held.withLock { $0 = status } }
  }

  /// Imports a log on a thread of its own; the semaphore is signalled at its end.
  func importInBackground(
    _ path: String, prices: String, batchRows: Int
  ) -> (done: DispatchSemaphore, status: ExitStatus) {
    let (done, status) = (DispatchSemaphore(value: 0), ExitStatus())
    Thread { [self] in
      let output = try? solvent(
        "ingest", "--prices", prices, "--batch-rows", "\(batchRows)", path)
      status.set(output?.status ?? -1)
      done.signal()
    }.start()
    return (done, status)
  }

  /// The processes of this cluster, by name, as the kernel has them now.
  func members() throws -> [(name: String, pid: Int32)] {
    var found: [(String, Int32)] = []
    for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
      guard let pid = Int32(entry),
        let raw = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
      else { continue }
      let words = raw.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      guard let first = words.first, first.contains("/solvent-"), words.contains(data),
        let index = words.firstIndex(of: "--name"), index + 1 < words.count
      else { continue }
      found.append((words[index + 1], pid))
    }
    return found.sorted { $0.0 < $1.0 }
  }

  /// The digest of all facts.
  func digest() throws -> String {
    let output = try solvent("verify", "--json")
    try #require(output.status == 0, "\(output.err)")
    let object = try JSONSerialization.jsonObject(with: Data(output.out.utf8)) as? [String: Any]
    return try #require((object?["ledger"] as? [String: Any])?["digest"] as? String)
  }
}

/// A small log in the layout of BurstGPT, and the exact roll-up of it.
struct SampleLog {
  let rows: [String]
  static let header = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"
  static let prices = """
    book: test
    version: 1
    currency: USD
    models:
      - provider: openai
        model: gpt-3.5-turbo
        aliases: [ChatGPT]
        rates: [{from: 2015-01-01, per_million_tokens: {input: 0.5, output: 1.5}, source: test, retrieved: 2026-01-01}]
      - provider: openai
        model: gpt-4
        rates: [{from: 2015-01-01, per_million_tokens: {input: 30, output: 60}, source: test, retrieved: 2026-01-01}]
    """

  init(rows: [String]) { self.rows = rows }

  init(rows count: Int, seed: UInt64 = 1) {
    var state = seed
    func below(_ bound: UInt64) -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (state >> 33) % bound
    }
    var time: UInt64 = 0
    rows = (0..<count).map { _ in
      time += below(60)
      let (input, output) = (below(3_000), below(10) == 0 ? 0 : below(900))
      let model = below(7) == 0 ? "GPT-4" : "ChatGPT"
      let kind = below(5) == 0 ? "Conversation log" : "API log"
      return "\(time),\(model),\(input),\(output),\(input + output),\(kind)"
    }
  }

  var text: String { ([Self.header] + rows).joined(separator: "\n") + "\n" }

  /// What `--by hour,model,log_type --csv` must say: key to requests, failed, in, out, nano-dollars.
  var expected: [String: [Int]] {
    var sums: [String: [Int]] = [:]
    for row in rows {
      let fields = row.split(separator: ",")
      let (time, input, output) = (Int(fields[0])!, Int(fields[2])!, Int(fields[3])!)
      let cost =
        fields[1] == "GPT-4" ? input * 30_000 + output * 60_000 : input * 500 + output * 1_500
      var sum = sums["\(time / 3_600),\(fields[1]),\(fields[5])"] ?? [0, 0, 0, 0, 0]
      for (index, value) in [1, output == 0 ? 1 : 0, input, output, cost].enumerated() {
        sum[index] += value
      }
      sums["\(time / 3_600),\(fields[1]),\(fields[5])"] = sum
    }
    return sums
  }

  /// An exact amount in 10^-9 of its currency.
  static func nano(_ decimal: Substring) throws -> Int {
    try #require(Int(Money(decimal: String(decimal)).nano))
  }

  /// Reads the output of `--by hour,model,log_type --csv` in the same form.
  static func parse(_ csv: String) throws -> [String: [Int]] {
    let lines = csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let header = try #require(lines.first).map(String.init)
    let columns = try ["requests", "failed", "input_tokens", "output_tokens", "cost"].map {
      name in
      try #require(header.firstIndex(of: name), "no column \(name)")
    }
    let formatter = ISO8601DateFormatter()
    var sums: [String: [Int]] = [:]
    for line in lines.dropFirst() {
      let date = try #require(formatter.date(from: String(line[0])))
      let hour = Int(date.timeIntervalSince1970 - 1_690_848_000) / 3_600
      sums["\(hour),\(line[1]),\(line[2])"] = try columns.map { column in
        header[column] == "cost" ? try nano(line[column]) : Int(line[column]) ?? -1
      }
    }
    return sums
  }
}
