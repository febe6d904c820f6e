// SPDX-License-Identifier: Apache-2.0

import Broker
import BrokerService
import Cluster
import ClusterAPI
import ClusterAccess
import Economics
import Foundation
import Host
import IngestService
import Logging
import ReportService
import Reporting
import ServiceLifecycle
import SystemPackage
import TestSupport
import Testing
import Usage
import WorkerService
import ZeroMQ

/// The services as libraries: a whole cluster in one process, in debug, over real sockets.
@Suite("Service examples", .timeLimit(.minutes(2)))
struct ServiceExamples {
  static let logger = Logger(label: "example") { _ in SwiftLogNoOpLogHandler() }

  static func worker(_ context: Context, _ address: BrokerAddress) throws -> WorkerService {
    let loop = PollLoop(name: "worker")
    loop.start()
    let parts = ServiceProcess.Parts(loop: loop, context: context, logger: logger, name: "worker")
    let worker = try WorkerService(parts: parts, address: address, slots: 3)
    return worker
  }

  static func parts(_ name: String, _ context: Context) -> ServiceProcess.Parts {
    let loop = PollLoop(name: name)
    loop.start()
    return ServiceProcess.Parts(loop: loop, context: context, logger: logger, name: name)
  }

  @Test func aClusterInOneProcessPricesALog() async throws {
    let directory = try TemporaryPath()
    let data = DataDirectory(data: directory.path)
    try data.create()
    let context = try Context()
    let address = try BrokerAddress(data.broker)
    let services: [any Service] = [
      try BrokerService(
        parts: Self.parts("broker", context), address: address, settings: .init(access: .cluster)),
      try ReportService(
        parts: Self.parts("report", context), address: address, ledgerPath: data.ledger),
      try IngestService(
        parts: Self.parts("ingest", context), address: address, dataDirectory: data),
      try Self.worker(context, address), try Self.worker(context, address),
    ]
    let group = ServiceGroup(
      configuration: .init(services: services, logger: Self.logger))
    let running = Task { try await group.run() }

    let log = "\(directory.path)/log.csv"
    let rows = (0..<500).map {
      "2026-11-01T00:00:\(String(format: "%02d", $0 % 60))Z,p,m,\($0),1"
    }
    try Data(
      ("timestamp,provider,model,input_tokens,output_tokens\n" + rows.joined(separator: "\n"))
        .utf8
    ).write(to: URL(fileURLWithPath: log))
    let prices = """
      book: b
      version: 1
      currency: USD
      models:
        - provider: p
          model: m
          rates: [{from: 2026-01-01, per_million_tokens: {input: 1, output: 2}, source: s, retrieved: 2026-01-01}]
      """
    let client = try await ClusterClient(
      address: address, name: "example", process: 1, release: "test",
      services: [ServiceName.ingest, ServiceName.query], logger: Self.logger)
    var options = ReadingOptions(batchRows: 100)
    options.pricesText = prices
    options.pricesFile = "b.yaml"
    let file = try FileDescriptor.open(FilePath(log), .readOnly)
    let report = try await client.importFile(file, label: "log.csv", options: options)
    try file.close()
    #expect(report.rowsAccepted == 500 && report.rowsQuarantined == 0 && report.refusals.isEmpty)
    let answer = try await client.ask(
      ServiceName.query, CostQuery(by: [Dimension.model]).message()
    ).costAnswer()
    // 0 + 1 + … + 499 tokens in at a millionth, 500 out at two.
    #expect(answer.total.cost.decimal == "0.12575")
    #expect(answer.sequence == 5)
    await client.close()
    await group.triggerGracefulShutdown()
    try await running.value
  }
}
