// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CBOR
import Cluster
import ClusterAPI
import Economics
import Foundation
import Host
import Rendering
import Reporting
import SystemPackage
import Usage
import ZeroMQ

struct Ingest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Imports usage logs. Each row counts once, however often a file is imported.",
    discussion: """
      Exit codes: 0 all rows accepted, 3 some quarantined with reasons, 4 a file could not be read at \
      all, 2 a mapping or price file is invalid, 5 the ledger refused a batch, 69 no cluster.
      """)

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var reading: ReadingArguments
  @OptionGroup var output: OutputOptions

  @Flag(name: .shortAndLong, help: "Hide progress and hints.")
  var quiet = false

  @Argument(help: "Logs (CSV, also gzipped); - is standard input.", completion: .file())
  var files: [String]

  func validate() throws {
    guard !files.isEmpty else { throw ValidationError("give at least one file") }
  }

  func run() async throws {
    let options = try reading.options()
    let started = ContinuousClock.now
    let client = try await cluster.client()
    do {
      try await client.join()
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
    var results: [ImportResult] = []
    for file in files { results.append(await importOne(file, options, client)) }
    await client.close()
    show(results, started.duration(to: .now))
    if let status = results.map(\.status).max(by: { Self.rank($0) < Self.rank($1) }), status != 0 {
      throw Failure(status, "")
    }
  }

  /// What a run of several files exits with: the worst of them.
  private static func rank(_ status: Int32) -> Int {
    [0, ExitStatus.quarantined, ExitStatus.refused, ExitStatus.storage].firstIndex(of: status) ?? 9
  }

  struct ImportResult: Sendable {
    var label: String
    var report: ImportReport?
    var problem: String?
    var status: Int32
  }

  private func importOne(
    _ file: String, _ options: ReadingOptions, _ client: ClusterClient
  ) async -> ImportResult {
    do {
      let log = try OpenLog.open(file, spool: cluster.dataDirectory)
      defer { try? log.close() }
      let label = file == "-" ? "standard input" : file
      let bar = ProgressBar(label, quiet: quiet)
      let report = try await client.importFile(log, label: label, options: options) {
        permille, rows in
        bar.update(permille: permille, "\(Text.grouped(rows)) rows")
      }
      bar.finish()
      let status: Int32 =
        !report.refusals.isEmpty
        ? ExitStatus.storage : report.rowsQuarantined > 0 ? ExitStatus.quarantined : 0
      return ImportResult(label: file, report: report, status: status)
    } catch let error as ClientError where error.kind == .refused {
      return ImportResult(label: file, problem: error.description, status: ExitStatus.refused)
    } catch let error as Errno {
      return ImportResult(label: file, problem: "\(file): \(error)", status: ExitStatus.refused)
    } catch let error as Failure {
      return ImportResult(label: file, problem: error.message, status: error.code)
    } catch {
      return ImportResult(label: file, problem: "\(file): \(error)", status: ExitStatus.tryAgain)
    }
  }

  private func show(_ results: [ImportResult], _ duration: Duration) {
    for result in results {
      if let problem = result.problem { Terminal.error(problem) }
    }
    ImportPrinter(
      results.map { .init(file: $0.label, report: $0.report, problem: $0.problem) },
      duration: duration
    ).print(on: output.page)
    for report in results.compactMap(\.report) {
      for refusal in report.refusals { Terminal.error(refusal) }
      if !report.note.isEmpty && !quiet { Terminal.note("note: \(report.note)") }
    }
  }
}
