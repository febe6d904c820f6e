// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
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
      YAML or CSV (docs/BOOKS.md). A file with a mistake books nothing; giving it again books what is
      new. Entries are never changed: correct one by another.
      """)

  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "Currency of CSV files.")
  var currency = "USD"

  @Argument(help: "Files of entries.", completion: .file())
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
