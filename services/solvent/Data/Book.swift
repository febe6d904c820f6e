// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import ClusterAccess
import Documents
import Economics
import Foundation
import Host
import Rendering
import Reporting
import ZeroMQ

struct Book: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Books revenue, costs, funding and audience from files, each entry once.",
    discussion: """
      YAML or CSV (docs/BOOKS.md). If a file has an error, none of it is booked. A file may \
      be booked again: only new entries are added. Entries are never changed; correct one with \
      another.
      """)

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "Currency of CSV files.")
  var currency = "USD"

  @Argument(help: "Files with entries.", completion: .file())
  var files: [String]

  func run() async throws {
    var batches: [(file: String, batch: BooksBatch)] = []
    for file in files {
      do {
        let text = try UserFile.text(file)
        batches.append((file, try BooksFile.read(text, file: file, currency: currency)))
      } catch {
        throw Failure(ExitStatus.badFile, error.description)
      }
    }
    var booked: [BookingPrinter.File] = []
    for (file, batch) in batches {
      let answer = try await cluster.ask(SharedMessage(encoding: batch), of: ServiceName.books)
      let receipt = try answer.decode(BooksReceipt.self)
      booked.append(
        .init(
          file: file, entries: batch.entries.count + batch.figures.count, new: receipt.added,
          alreadyBooked: receipt.known))
    }
    BookingPrinter(booked).print(on: output.page)
  }
}
