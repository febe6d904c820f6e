// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import Economics
import Foundation
import Ingestion
import Logging
import Reporting
import ZeroMQ

/// Where the cluster is.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Directory for files.",
      discussion: "Default: $SOLVENT_DATA, else $XDG_DATA_HOME/solvent or ~/.local/share/solvent."))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Where the broker is: ipc://DIRECTORY or tcp://127.0.0.1:PORT.",
      discussion: "Default: $SOLVENT_BROKER, else the data directory's local sockets."))
  var broker: String?

  var places: Places { Places(data: data) }

  func address() throws -> BrokerAddress {
    let environment = ProcessInfo.processInfo.environment
    do {
      return try BrokerAddress(broker ?? environment["SOLVENT_BROKER"] ?? places.broker)
    } catch {
      throw Failure(ExitStatus.badConfiguration, "\(error)")
    }
  }

  /// A connection to the cluster; close it after use.
  func client() async throws -> ClusterClient {
    try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()),
      services: [ServiceName.query, ServiceName.ingest, "broker"], logger: Self.quietLogger)
  }

  /// Asks the report service of the cluster.
  func ask(_ question: SharedMessage) async throws -> SharedMessage {
    let client = try await client()
    do {
      let answer = try await client.ask(ServiceName.query, question)
      await client.close()
      return answer
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
  }

  /// Asks the broker about itself.
  func brokerStatus() async throws -> BrokerStatus {
    let client = try await client()
    do {
      let status = try await client.brokerStatus()
      await client.close()
      return status
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
  }

  static let quietLogger = Logger(label: "solvent") { _ in SwiftLogNoOpLogHandler() }
}

/// How the answer is written.
struct OutputOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv, md
  }

  @Option(name: [.customShort("o"), .long], help: "table, json, csv or md.")
  var output: Format?

  @Flag(help: "The same as --output json.")
  var json = false

  @Flag(help: "The same as --output csv.")
  var csv = false

  @Flag(name: .customLong("no-color"), help: "No colour, as with NO_COLOR=1.")
  var noColour = false

  var format: Format { output ?? (json ? .json : csv ? .csv : .table) }

  /// Whether arguments ask for JSON: errors are told before and after they are parsed.
  static func wantsJSON(_ arguments: [String]) -> Bool {
    zip(arguments, arguments.dropFirst() + [""]).contains { word, next in
      word == "--json" || word == "--output=json" || word == "-ojson"
        || ["-o", "--output"].contains(word) && next == "json"
    }
  }
}

/// How a log is read and priced.
struct ReadingArguments: ParsableArguments {
  @Option(help: "YAML file with mappings of columns to usage (docs/MAPPINGS.md).")
  var mapping: String?

  @Option(help: "Take the mapping of this name instead of recognising the header.")
  var mappingName: String?

  @Option(help: "What the log is called. Default: the mapping's name.")
  var source: String?

  @Option(help: "What relative times count from: 2023-08-01 or 2023-08-01T00:00:00Z.")
  var origin: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("A dimension or tag of all rows: product=chat.", valueName: "name=value"))
  var constants: [String] = []

  @Option(help: "Price book (YAML or JSON) that goes before the shipped one (docs/PRICES.md).")
  var prices: String?

  @Option(help: "Rows a batch.")
  var batchRows = 32_768

  func validate() throws {
    guard (1...65_536).contains(batchRows) else {
      throw ValidationError("--batch-rows is 1 to 65,536")
    }
  }

  func options() throws -> ReadingOptions {
    var options = ReadingOptions(batchRows: batchRows)
    options.mappingName = mappingName
    options.source = source
    if let mapping {
      options.mappingText = try Self.text(of: mapping)
      options.mappingFile = mapping
    }
    if let prices {
      options.pricesText = try Self.text(of: prices)
      options.pricesFile = prices
    }
    if let origin {
      guard let time = MappingFile.originTime(origin) else {
        throw ValidationError("--origin is a date or a time with a zone: 2023-08-01T00:00:00Z")
      }
      options.origin = time
    }
    for constant in constants {
      let parts = constant.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw ValidationError("--set needs name=value, not '\(constant)'")
      }
      options.constants[String(parts[0])] = String(parts[1])
    }
    // What is wrong in the user's files is said before anything is read.
    do {
      _ = try options.priceBook()
      if let text = options.mappingText { _ = try MappingFile.read(text, file: mapping ?? "") }
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    }
    return options
  }

  private static func text(of path: String) throws -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw Failure(ExitStatus.badFile, "\(path): cannot be read as UTF-8 text")
    }
  }
}

/// Reads `7d`, `2023-08-01` or a time, for --since and --until.
enum TimeArgument {
  static func milliseconds(_ text: String, zone: String, now: Date = Date()) throws -> Int64 {
    let units: [Character: Double] = ["h": 3_600, "d": 86_400, "w": 604_800]
    if let unit = text.last.flatMap({ units[$0] }), let count = Double(text.dropLast()), count >= 0
    {
      let time = Int64((now.timeIntervalSince1970 - count * unit) * 1_000)
      return TimeBucket(containing: time).start
    }
    if let time = TimeText.milliseconds(text) { return try onBorder(time, text) }
    guard let zone = TimeZone(identifier: zone),
      let day = TimeText.milliseconds(text + "T00:00:00Z"), text.count == 10
    else {
      throw ValidationError(
        "'\(text)' is no time; write 7d, 12h, 2023-08-01 or 2023-08-01T00:00:00Z")
    }
    func offset(at time: Int64) -> Int64 {
      Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(time / 1_000))))
        * 1_000
    }
    // The offset that holds at local midnight, not at midnight UTC: they differ when clocks change.
    return try onBorder(day - offset(at: day - offset(at: day)), text)
  }

  private static func onBorder(_ time: Int64, _ text: String) throws -> Int64 {
    guard time % TimeBucket.milliseconds == 0 else {
      throw ValidationError("'\(text)' is not on a quarter of an hour, the ledger's grain")
    }
    return time
  }
}
