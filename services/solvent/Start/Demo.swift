// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import ClusterAccess
import Documents
import Economics
import Fleet
import Foundation
import Host
import Ledger
import Rendering
import Reporting
import Supervision
import SystemPackage
import Usage

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Prices one day of a ChatGPT-like service of summer 2023 on a real, temporary cluster.",
    discussion: """
      The usage is generated from a seed, public figures and stated assumptions; --explain lists all \
      of them. Starts five processes, imports and asks, and stops them; leaves nothing behind.
      """)

  @Option(help: "Seed; the same seed gives the same usage.")
  var seed: UInt64 = 20_230_801

  @Option(help: "Number of workers.")
  var workers = 2

  @Flag(help: "Only list the figures and assumptions, with sources.")
  var explain = false

  func validate() throws {
    guard (1...64).contains(workers) else {
      throw ValidationError("--workers must be from 1 to 64")
    }
  }

  func run() async throws {
    if explain { return Self.explain() }
    let directory = try Up.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let cluster = try LocalCluster(
      dataDirectory: DataDirectory(data: directory), workers: workers, report: Terminal.note)
    let signals = StopSignal.watch()
    let interrupted = Task {
      for await _ in signals {
        await cluster.stop()
        try? FileManager.default.removeItem(atPath: directory)
        Foundation.exit(130)
      }
    }
    defer { interrupted.cancel() }
    let story: DemoStory
    do {
      story = try await play(cluster, directory)
    } catch {
      await cluster.stop()
      throw error
    }
    await cluster.stop()
    // Nobody owns the ledger any more, so it may be read here.
    let check = try Ledger(readingAt: cluster.dataDirectory.ledger).verify()
    story.print(on: Terminal.page(.table), digest: check.digest)
  }

  private func play(_ cluster: LocalCluster, _ directory: String) async throws -> DemoStory {
    Terminal.note("starting broker, ingest, report and \(workers) workers …")
    _ = try await cluster.start()
    let path = "\(directory)/service-2023.csv"
    let rows = try DemoUsage(seed: seed).write(to: path)
    let client = try await ClusterClient(
      address: cluster.address, name: "demo", process: Int(getpid()),
      release: solventRelease,
      services: [ServiceName.query, ServiceName.ingest, ServiceName.scenario],
      logger: ClusterOptions.quietLogger)
    var options = ReadingOptions()
    options.mappingText = DemoUsage.mapping
    options.mappingFile = "demo mapping"
    options.mappingName = "demo"
    let started = ContinuousClock.now
    let log = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
    defer { try? log.close() }
    let report = try await client.importFile(log, label: "demo", options: options)
    let duration = started.duration(to: .now)
    let query = CostQuery(by: [Dimension.product, Dimension.model])
    let cost = try await client.ask(ServiceName.query, query.message()).costAnswer()
    let verdict = try await DemoVerdict(on: client)
    await client.close()
    guard report.rowsAccepted == rows else {
      throw Failure(ExitStatus.failed, "only \(report.rowsAccepted) of \(rows) rows were accepted")
    }
    let press = try PressComparison(
      model: CoefficientFile.shipped(), catalogue: CatalogueFile.shipped())
    return DemoStory(
      cost: cost, rows: rows, duration: duration, processes: 3 + workers, verdict: verdict,
      press: press)
  }

  private static func explain() {
    let page = Terminal.page(.table)
    page.line("P = public figure, A = assumption")
    for fact in DemoUsage.facts {
      page.line("\(fact.kind)  \(fact.text)\n   \(page.dim(fact.source))")
    }
    page.line(
      """

      The demo's answers, each as its own command:
        solvent fleet press-2023                                the origin of the press figure
        solvent scenario run examples/chatgpt-2023.yaml         revenue, runway, P(ruin), drivers
        solvent scenario compare examples/chatgpt-2023.yaml \\
          --variant tranche@3=10e9 --variant audience@1=-12%    a round, a loss of users
      """)
  }
}
