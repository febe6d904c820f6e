// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Broker
import Cluster
import ClusterAPI
import ClusterAccess
import Documents
import Economics
import Foundation
import Host
import Journal
import Ledger
import Rendering
import Usage
import ZeroMQ

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks this machine and the cluster, and says what to fix.")

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    var report = CheckList()
    library(&report)
    files(&report)
    try prices(&report)
    await broker(&report)
    report.print(on: output.page)
    if report.problems > 0 { throw Failure(ExitStatus.failed, "") }
  }

  private func library(_ report: inout CheckList) {
    let version = Context.libraryVersion
    if ReleaseNumber(version) < ReleaseNumber("4.3.4") {
      report.warn("libzmq \(version) is older than 4.3.4", fix: "apt-get install libzmq5")
    } else {
      report.ok("libzmq \(version) (CURVE \(Context.has("curve") ? "available" : "missing"))")
    }
  }

  private func files(_ report: inout CheckList) {
    let dataDirectory = cluster.dataDirectory
    var isDirectory: ObjCBool = false
    if !FileManager.default.fileExists(atPath: dataDirectory.data, isDirectory: &isDirectory) {
      report.ok("data directory \(dataDirectory.data) will be created when a cluster starts")
      return
    }
    guard isDirectory.boolValue else {
      report.fail("\(dataDirectory.data) is a file", fix: "choose a directory with --data")
      return
    }
    if access(dataDirectory.data, W_OK) == 0 {
      report.ok("data directory \(dataDirectory.data) is writable")
    } else {
      report.fail(
        "data directory \(dataDirectory.data) is not writable", fix: "choose another with --data")
    }
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: dataDirectory.data)
    if let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value {
      if free < 1 << 30 {
        report.warn(
          "\(free >> 20) MiB free on its disk",
          fix: "free some space; imports stop when it is full")
      } else {
        report.ok("\(free >> 30) GiB free on its disk")
      }
    }
    guard FileManager.default.fileExists(atPath: dataDirectory.ledger) else { return }
    do {
      let head = try Ledger(readingAt: dataDirectory.ledger).head
      report.ok("ledger is readable, \(Text.counted(Int(head.sequence), "batch", "batches"))")
    } catch {
      report.fail("\(error)", fix: "solvent verify")
    }
  }

  private func prices(_ report: inout CheckList) throws {
    let book = try PriceBookFile.shipped()
    guard let date = TimeText.milliseconds(book.version + "T00:00:00Z") else { return }
    let days = (Int64(Date().timeIntervalSince1970 * 1_000) - date) / 86_400_000
    if days > 30 {
      report.warn("the price book is \(days) days old", fix: "give a newer one with --prices FILE")
    } else {
      report.ok("price book \(book.version), \(book.entries.count) models")
    }
  }

  private func broker(_ report: inout CheckList) async {
    let started = ContinuousClock.now
    do {
      let status = try await cluster.brokerStatus()
      let milliseconds = started.duration(to: .now) / .milliseconds(1)
      report.ok("broker answers (\(Int(milliseconds)) ms including connecting)")
      for service in [ServiceName.price, ServiceName.ledger, ServiceName.ingest] {
        let count = status.workers.count { $0.services.contains(service) }
        if count == 0 {
          report.fail("no process provides '\(service)'", fix: "start one, or: solvent up")
        } else {
          report.ok("\(Text.counted(count, "process", "processes")) for '\(service)'")
        }
      }
      if status.deadLetters > 0 {
        report.warn(
          "\(Text.counted(Int(clamping: status.deadLetters), "job")) given up",
          fix: "see the logs in \(cluster.dataDirectory.log); ingest retries them when it restarts")
      }
    } catch {
      let text = (error as? Failure)?.message ?? "\(error)"
      report.fail(text, fix: nil)
    }
  }
}
