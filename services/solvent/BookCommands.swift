// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Ingestion
import Ledger
import Reporting
import ZeroMQ

struct Prices: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the price book, and what has no price.", subcommands: [List.self, Check.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists prices with the time for which they hold and where they are from.")

    @OptionGroup var output: OutputOptions

    @Option(help: "A price book of your own instead of the shipped one.")
    var prices: String?

    @Option(help: "Only models whose name or alias contains this.")
    var model: String?

    @Option(help: "Only this provider.")
    var provider: String?

    @Flag(help: "Past prices too.")
    var history = false

    func run() async throws {
      let book = try Prices.book(prices)
      let now = TimeBucket(containing: Int64(Date().timeIntervalSince1970 * 1_000))
      var rows: [(PriceBook.Entry, PriceBook.Rate)] = []
      for entry in book.entries where matches(entry) {
        for rate in entry.rates where history || (rate.until.map { now < $0 } ?? true) {
          rows.append((entry, rate))
        }
      }
      print(book, rows)
    }

    private func matches(_ entry: PriceBook.Entry) -> Bool {
      if let provider, entry.provider != provider { return false }
      guard let model = model?.lowercased() else { return true }
      return ([entry.model] + entry.aliases).contains { $0.lowercased().contains(model) }
    }

    private func print(_ book: PriceBook, _ rows: [(PriceBook.Entry, PriceBook.Rate)]) {
      func price(_ rate: PriceBook.Rate, _ meter: Meter) -> String {
        guard let price = rate.prices[meter] else { return "" }
        let shown = meter.countsTokens ? Money(quanta: price.quanta * 1_000_000) : price
        return shown.decimal
      }
      let names = [
        "provider", "model", "from", "until", "input", "cached_input", "output", "image",
        "evidence", "retrieved", "source",
      ]
      let cells = rows.map { entry, rate in
        [
          entry.provider, entry.model, String(Instant.text(rate.from.start).prefix(10)),
          rate.until.map { String(Instant.text($0.start).prefix(10)) } ?? "",
          price(rate, .inputTokens), price(rate, .cachedInputTokens), price(rate, .outputTokens),
          price(rate, .images), rate.evidence.name, rate.retrieved, rate.source,
        ]
      }
      switch output.format {
      case .csv:
        Terminal.print(names.joined(separator: ","))
        for row in cells { Terminal.print(row.map(CSVText.cell).joined(separator: ",")) }
      case .json:
        Terminal.print(
          JSONText.object([
            ("schema", .string("solvent.prices/v1")), ("book", .string(book.name)),
            ("version", .string(book.version)), ("currency", .string(book.currency)),
            (
              "rates",
              .array(cells.map { row in .object(zip(names, row).map { ($0, .string($1)) }) })
            ),
          ]).text)
      case .table, .md:
        let ranks = [0, 0, 2, 5, 0, 1, 0, 1, 4, 3, 6]
        var table = Table(
          columns: zip(names, ranks).map {
            .init(
              title: $0.uppercased(), isNumber: (4...7).contains(names.firstIndex(of: $0) ?? 0),
              rank: $1)
          })
        table.rows = cells
        table.print(as: output.format)
        Terminal.print(
          Terminal.dim(
            "\(book.name) \(book.version) · \(book.currency) per million tokens or per image"))
      }
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks a price book, and lists booked usage that has no price.",
      discussion: "With --prices the file is checked. Exit 65 when usage is unpriced.")

    @OptionGroup var cluster: ClusterOptions

    @Option(help: "A price book to check.")
    var prices: String?

    func run() async throws {
      try checkBook()
      if prices != nil { return }
      let query = CostQuery(by: [Dimension.provider, Dimension.model])
      try tellUnpriced(in: await cluster.ask(query.message()).costAnswer())
    }

    private func checkBook() throws {
      let book = try Prices.book(prices)
      let rates = book.entries.reduce(0) { $0 + $1.rates.count }
      Terminal.print(
        """
        ok    \(book.name) \(book.version): \(book.entries.count) models, \(rates) rates, each with \
        source and date
        """)
    }

    private func tellUnpriced(in answer: CostAnswer) throws {
      let unpriced = answer.rows.filter { $0.totals.hasUnpriced }
      for row in unpriced {
        let name = row.key.map { $0.isEmpty ? "(no name)" : $0 }.joined(separator: " ")
        let tokens = row.totals.tokens
        Terminal.print(
          """
          warn  \(name): \(Text.grouped(tokens.all - tokens.priced)) tokens and \
          \(Text.grouped(row.totals.unpriced(.images))) images have no price   \
          fix: add it to a book, docs/PRICES.md
          """)
      }
      guard unpriced.isEmpty else { throw Failure(ExitStatus.dataError, "") }
      Terminal.print("ok    everything that is booked has a price")
    }
  }

  static func book(_ path: String?) throws -> PriceBook {
    guard let path else { return try PriceBookFile.shipped() }
    do {
      return try PriceBookFile.read(String(contentsOfFile: path, encoding: .utf8), file: path)
    } catch let problem as FileProblem {
      throw Failure(ExitStatus.badFile, problem.description)
    } catch {
      throw Failure(ExitStatus.badFile, "\(path): cannot be read as UTF-8 text")
    }
  }
}

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Walks the hash chains of journal and ledger and adds everything up again.",
    discussion: "Reads files only; a cluster may be running. Exit 5 names the first damage.")

  @Option(help: "Directory for files.")
  var data: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    let places = Places(data: data)
    do {
      // The cluster may be running: what is booked now must be in the journal that is read next, and
      // what that notes as booked in the ledger that is read last.
      let booked = try Ledger.bookedBatches(at: places.ledger)
      let contents = try JournalFiles.verify(directory: places.journal)
      let ledger = try Ledger(readingAt: places.ledger)
      let check = try ledger.verify()
      try compare(contents, before: booked, after: Ledger.bookedBatches(at: places.ledger))
      tell(contents, check)
    } catch let error as JournalError {
      throw Failure(ExitStatus.storage, error.description)
    } catch let error as LedgerError {
      throw Failure(ExitStatus.storage, error.description)
    } catch {
      throw Failure(ExitStatus.storage, "\(places.data): \(error)")
    }
  }

  /// Each batch is in both books, or waits to be booked.
  private func compare(
    _ journal: JournalContents, before: Set<BatchKey>, after: Set<BatchKey>
  ) throws {
    if let lost = journal.batches.first(where: { $0.isNoted && !after.contains($0.key) }) {
      let count = journal.batches.count { $0.isNoted && !after.contains($0.key) }
      throw Failure(
        ExitStatus.storage,
        """
        \(count) batch\(count == 1 ? "" : "es") of the journal, first \(lost.key), \
        \(count == 1 ? "was" : "were") booked once and \(count == 1 ? "is" : "are") not in the \
        ledger. Restart the cluster: ingest books again what the ledger lacks
        """)
    }
    if let strange = before.subtracting(journal.batches.map(\.key)).min() {
      throw Failure(
        ExitStatus.storage,
        "the ledger has \(strange), which is not in the journal. Restore the journal that it was booked from"
      )
    }
  }

  private func tell(_ journal: JournalContents, _ ledger: LedgerCheck) {
    func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
    if output.format == .json {
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.verify/v1")),
          (
            "journal",
            .object([
              ("frames", .number("\(journal.frames)")), ("bytes", .number("\(journal.bytes)")),
              ("pending", .number("\(journal.pending.count)")),
              ("tornBytes", .number("\(journal.cutOff)")), ("chain", .string(hex(journal.chain))),
            ])
          ),
          (
            "ledger",
            .object([
              ("batches", .number("\(ledger.batches)")),
              ("postings", .number("\(ledger.postings)")),
              ("entries", .number("\(ledger.entries)")),
              ("chain", .string(hex(ledger.chain))), ("digest", .string(hex(ledger.digest))),
            ])
          ),
        ]).text)
      return
    }
    Terminal.print(
      """
      ok    journal  \(Text.grouped(journal.frames)) frames, \(Text.grouped(journal.bytes)) bytes, \
      \(journal.pending.count) not booked yet   chain \(hex(journal.chain).prefix(16))
      ok    ledger   \(Text.grouped(ledger.batches)) batches, \(Text.grouped(ledger.postings)) \
      postings, \(Text.grouped(ledger.entries)) entries   chain \(hex(ledger.chain).prefix(16))
      digest of all facts  \(hex(ledger.digest))
      """)
    if journal.cutOff > 0 {
      Terminal.print(
        "note  \(journal.cutOff) bytes of an unfinished write at the journal's end; never acknowledged"
      )
    }
  }
}
