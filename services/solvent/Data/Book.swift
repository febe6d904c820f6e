// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import ClusterAPI
import Documents
import Economics
import Foundation
import Host
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
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw Failure(ExitStatus.refused, "\(file): cannot be read as UTF-8 text")
      }
      do {
        batches.append((file, try BooksFile.read(text, file: file, currency: currency)))
      } catch {
        throw Failure(ExitStatus.badFile, error.description)
      }
    }
    var table = Table(columns: [
      .init(title: "FILE"), .init(title: "ENTRIES", isNumber: true),
      .init(title: "NEW", isNumber: true), .init(title: "KNOWN", isNumber: true),
    ])
    var objects: [JSONText] = []
    for (file, batch) in batches {
      let answer = try await cluster.ask(SharedMessage(encoding: batch), of: ServiceName.books)
      let receipt = try answer.decode(BooksReceipt.self)
      let count = batch.entries.count + batch.figures.count
      table.rows.append([file, "\(count)", "\(receipt.added)", "\(receipt.known)"])
      objects.append(
        .object([
          ("file", .string(file)), ("entries", .number("\(count)")),
          ("new", .number("\(receipt.added)")), ("known", .number("\(receipt.known)")),
        ]))
    }
    if output.format == .json {
      Terminal.print(
        JSONText.object([("schema", .string("solvent.book/v1")), ("files", .array(objects))]).text)
    } else {
      table.print(as: output.format)
    }
  }
}
