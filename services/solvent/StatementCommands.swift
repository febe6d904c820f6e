// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Economics
import Foundation
import Ingestion
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

/// Which part of the books a statement is about.
struct StatementOptions: ParsableArguments {
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "First month: 2023-01.")
  var since: String?

  @Option(help: "Last month: 2023-07.")
  var until: String?

  @Option(help: "IANA time zone in which months of usage begin.")
  var zone = "UTC"

  @Option(help: "Only this product.")
  var product: String?

  @Option(help: "Only this customer.")
  var customer: String?

  func validate() throws {
    for text in [since, until].compactMap({ $0 }) {
      guard Month(text) != nil else {
        throw ValidationError("'\(text)' is no month such as 2023-07")
      }
    }
  }

  struct Material {
    var books: BooksBatch
    var usage: [(month: Month, totals: CostTotals)]
    /// Of the whole company, whatever the statement is about.
    var allUsage: [(month: Month, totals: CostTotals)]
    var currency: String
    var period: ClosedRange<Month>
  }

  /// Books and usage by month, and the period asked for; by default all of it.
  func material(model: String? = nil) async throws -> Material {
    let books = try await cluster.ask(SharedMessage(encoding: ReportRequest.books))
      .decode(BooksBatch.self)
    var query = CostQuery(by: ["month"], zone: zone)
    query.filters[Dimension.product] = product
    query.filters[Dimension.customer] = customer
    query.filters[Dimension.model] = model
    let answer = try await cluster.ask(query.message()).costAnswer()
    func byMonth(_ answer: CostAnswer) -> [(month: Month, totals: CostTotals)] {
      answer.rows.compactMap { row in Month(row.key[0]).map { ($0, row.totals) } }
    }
    let usage = byMonth(answer)
    let allUsage =
      query.filters.isEmpty
      ? usage
      : byMonth(try await cluster.ask(CostQuery(by: ["month"], zone: zone).message()).costAnswer())
    guard let span = Statement.span(books, allUsage) else {
      throw Failure(
        ExitStatus.failed,
        "the books are empty; fill them with: solvent book FILE, solvent ingest LOG")
    }
    let first = since.flatMap { Month($0) } ?? span.lowerBound
    let last = until.flatMap { Month($0) } ?? span.upperBound
    guard first <= last else { throw ValidationError("--since is after --until") }
    return Material(
      books: books, usage: usage, allUsage: allUsage,
      currency: books.currency.isEmpty ? answer.currency ?? "USD" : books.currency,
      period: first...last)
  }

  /// Who funds, who supplies, who owns.
  func independence(_ material: Material) async throws -> Independence {
    let providers = try await cluster.ask(CostQuery(by: [Dimension.provider]).message())
      .costAnswer()
    return try Independence(
      material.books,
      usageByProvider: providers.rows.map { ($0.key[0], $0.totals.cost) })
  }

  func statement(_ material: Material, _ period: ClosedRange<Month>) throws -> Statement {
    try Statement(
      material.books, usage: material.usage, allUsage: material.allUsage, in: period,
      product: product, customer: customer)
  }
}

extension ClusterOptions {
  /// Asks a service that only this command needs.
  func ask(_ question: SharedMessage, of service: String) async throws -> SharedMessage {
    let client = try await ClusterClient(
      address: address(), name: "cli-\(getpid())", process: Int(getpid()), services: [service],
      logger: Self.quietLogger)
    do {
      let answer = try await client.ask(service, question)
      await client.close()
      return answer
    } catch {
      await client.close()
      throw Failure(asking: error)
    }
  }
}

/// Lines of labels and values, for people and for programs.
struct Facts {
  enum Value {
    case money(Money?, decimals: Int)
    case ratio(Double?)
    case percent(Double?)
    case count(UInt64?)
    case months(Double?)
    case words(String)
  }

  let schema: String
  let currency: String
  private var rows: [(key: String, label: String, value: Value, note: String)] = []
  var extra: [(String, JSONText)] = []

  init(_ schema: String, currency: String) {
    self.schema = schema
    self.currency = currency
  }

  mutating func add(_ key: String, _ label: String, _ value: Value, _ note: String = "") {
    rows.append((key, label, value, note))
  }

  /// Says that costs are only what is priced, where that is so.
  mutating func addUnpriced(_ statement: Statement) {
    guard statement.usage.hasUnpriced else { return }
    add(
      "unpriced", "unpriced", .words("usage without a price"),
      "costs are at least this; see: solvent prices check")
  }

  /// On whom the company depends.
  mutating func add(_ independence: Independence) {
    for (key, label, shares) in [
      ("capital_share", "capital from", independence.capital),
      ("cost_share", "costs to", independence.costs), ("owner", "owned by", independence.owners),
    ] {
      for (index, share) in shares.prefix(3).enumerated() {
        add("\(key)_\(index + 1)", "\(label) \(share.name)", .percent(share.share))
      }
    }
  }

  private func text(_ value: Value) -> String {
    switch value {
    case .money(let money, let decimals): Self.text(money, decimals, currency)
    case .ratio(let ratio): ratio.map { String(format: "%.2f", $0) } ?? "–"
    case .percent(let ratio): ratio.map { String(format: "%.1f %%", $0 * 100) } ?? "–"
    case .count(let count): count.map { Text.grouped($0) } ?? "–"
    case .months(let months): months.map { String(format: "%.1f months", $0) } ?? "–"
    case .words(let words): words
    }
  }

  static func text(_ money: Money?, _ decimals: Int, _ currency: String) -> String {
    guard let money else { return "–" }
    let rounded = money.rounded(decimals: decimals)
    let isNegative = rounded.hasPrefix("-")
    let parts = (isNegative ? String(rounded.dropFirst()) : rounded).split(separator: ".")
    let whole = Text.grouped(Int128(parts[0]) ?? 0)
    let symbol = currency == "USD" ? "$" : "\(currency) "
    return (isNegative ? "−" : "") + symbol + whole + (parts.count > 1 ? ".\(parts[1])" : "")
  }

  private func json(_ value: Value) -> JSONText {
    switch value {
    case .money(let money, _): money.map { .string($0.decimal) } ?? .null
    case .ratio(let ratio), .percent(let ratio), .months(let ratio):
      ratio.map { .number("\($0)") } ?? .null
    case .count(let count): count.map { .number("\($0)") } ?? .null
    case .words(let words): .string(words)
    }
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object(
          [("schema", .string(schema)), ("currency", .string(currency))]
            + rows.map { ($0.key, json($0.value)) } + extra
        ).text)
    case .csv:
      Terminal.print("key,value")
      for row in rows {
        let text = json(row.value).text
        Terminal.print(
          "\(row.key),\(text.hasPrefix("\"") ? String(text.dropFirst().dropLast()) : text)")
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: ""), .init(title: "", isNumber: true), .init(title: ""),
      ])
      table.rows = rows.map { [$0.label, text($0.value), $0.note] }
      if format == .md { return table.print(as: format) }
      for line in table.lines(width: Terminal.width).dropFirst() { Terminal.print(line) }
    }
  }
}

struct ProfitAndLoss: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pnl", abstract: "Profit and loss by month: revenue, costs, margin, cash.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let material = try await options.material()
    let currency = material.currency
    var months: [(name: String, statement: Statement)] = []
    var month = material.period.lowerBound
    while month <= material.period.upperBound {
      months.append((month.description, try options.statement(material, month...month)))
      month = month.advanced(by: 1)
    }
    let whole = try options.statement(material, material.period)
    let rows: [(key: String, label: String, value: (Statement) -> Money)] = [
      ("revenue", "revenue", \.revenue), ("serving", "serving (usage, hosting)", \.serving),
      ("gross_margin", "gross margin", \.grossMargin),
      ("improvement", "model improvement (research, training)", \.improvement),
      ("other_costs", "staff, sales, other", \.otherCosts),
      ("profit_share", "profit share paid", \.profitShare), ("result", "result", \.result),
      ("capital", "capital in", \.capital), ("cash", "cash at the end", \.cash),
      ("payable", "owed for usage at the end", \.payable),
    ]
    switch options.output.format {
    case .json:
      let objects = (months + [("total", whole)]).map { name, statement in
        JSONText.object(
          [("month", .string(name))]
            + rows.map { ($0.key, .string($0.value(statement).decimal)) }
            + [("unpriced", .bool(statement.usage.hasUnpriced))])
      }
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.pnl/v1")), ("currency", .string(currency)),
          ("months", .array(objects)),
        ]).text)
    case .csv:
      Terminal.print("month," + rows.map(\.key).joined(separator: ",") + ",unpriced")
      for (name, statement) in months {
        let cells = rows.map { $0.value(statement).decimal }
        Terminal.print(
          ([name] + cells + ["\(statement.usage.hasUnpriced)"]).joined(separator: ","))
      }
    case .table, .md:
      // The newest months that fit, and the whole.
      let shown = months.suffix(max(1, (Terminal.width - 58) / 18))
      var table = Table(
        columns: [.init(title: "")]
          + shown.map { .init(title: $0.name, isNumber: true) }
          + [.init(title: "\(whole.months) MONTHS", isNumber: true)])
      for row in rows {
        table.rows.append(
          [row.label]
            + (shown.map(\.statement) + [whole]).map { statement in
              // Nobody has told of cash: then there is no such number.
              let isKnown = row.key != "cash" || statement.hasCash
              return Facts.text(isKnown ? row.value(statement) : nil, 0, currency)
            })
      }
      table.print(as: options.output.format)
      if whole.usage.hasUnpriced {
        Terminal.print("some usage is unpriced and in no sum; see: solvent prices check")
      }
    }
  }
}

struct Unit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Unit economics: cost, revenue and margin per request, million tokens, user, payer.")

  @OptionGroup var options: StatementOptions

  @Option(help: "Usage of this model only; revenue and other costs stay.")
  var model: String?

  func run() async throws {
    let material = try await options.material(model: model)
    let statement = try options.statement(material, material.period)
    var facts = Facts("solvent.unit/v1", currency: material.currency)
    let months = UInt64(statement.months)
    func perMonth(_ count: UInt64?) -> UInt64? { count.map { $0 * months } }
    facts.add(
      "period", "period",
      .words("\(material.period.lowerBound) to \(material.period.upperBound)"))
    facts.addUnpriced(statement)
    facts.add("requests", "requests", .count(statement.requests))
    facts.add("tokens", "tokens", .count(statement.tokens))
    for (key, label, amount) in [
      ("cost", "serving cost", statement.knowsServing ? statement.serving : nil),
      ("revenue", "revenue", statement.revenue),
      ("margin", "gross margin", statement.knowsServing ? statement.grossMargin : nil),
      (
        "contribution", "contribution margin",
        statement.knowsServing ? statement.contributionMargin : nil
      ),
    ] as [(String, String, Money?)] {
      facts.add(
        "\(key)_per_request", "\(label) a request",
        .money(amount.flatMap { Statement.each($0, statement.requests) }, decimals: 6))
      facts.add(
        "\(key)_per_million_tokens", "\(label) a million tokens",
        .money(amount.flatMap { $0.perMillion(of: statement.tokens) }, decimals: 4))
      facts.add(
        "\(key)_per_user", "\(label) a user and month",
        .money(amount.flatMap { Statement.each($0, perMonth(statement.users)) }, decimals: 4),
        key == "revenue" ? "ARPU" : "")
      facts.add(
        "\(key)_per_payer", "\(label) a payer and month",
        .money(amount.flatMap { Statement.each($0, perMonth(statement.payers)) }, decimals: 2),
        key == "revenue" ? "ARPPU" : "")
    }
    let conversion: Double? =
      if let users = statement.users, let payers = statement.payers, users > 0 {
        Double(payers) / Double(users)
      } else { nil }
    facts.add("conversion", "conversion", .percent(conversion), "payers of users")
    facts.add("churn", "churn a month", .percent(statement.churn), "payers lost of those before")
    facts.add("coverage", "coverage", .ratio(statement.coverage), "revenue over all costs")
    facts.add(
      "improvement", "model improvement", .money(statement.improvement, decimals: 0),
      "beside \(Facts.text(statement.serving, 0, material.currency)) of serving")
    facts.add("gross_burn", "gross burn a month", .money(statement.grossBurn, decimals: 0))
    facts.add("net_burn", "net burn a month", .money(statement.netBurn, decimals: 0))
    facts.add("runway", "runway", .months(statement.runwayMonths))
    facts.add(
      "break_even_requests", "break-even requests a month", .count(statement.breakEvenRequests),
      "where revenue covers all costs")
    facts.add(
      "break_even_price", "break-even price", .money(statement.breakEvenPrice, decimals: 2),
      "a payer and month")
    facts.print(options.output.format)
  }
}

struct Coverage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Does revenue cover the cost, and on whom does the company depend?")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let material = try await options.material()
    let statement = try options.statement(material, material.period)
    let independence = try await options.independence(material)
    var facts = Facts("solvent.coverage/v1", currency: material.currency)
    facts.addUnpriced(statement)
    facts.add("revenue", "revenue", .money(statement.revenue, decimals: 0))
    facts.add("costs", "all costs", .money(statement.costs, decimals: 0))
    facts.add("coverage", "coverage", .ratio(statement.coverage), "revenue over all costs")
    facts.add(
      "serving_coverage", "coverage of serving", .ratio(statement.servingCoverage),
      "revenue over usage and hosting")
    facts.add("gross_margin", "gross margin", .percent(statement.grossMarginRatio))
    facts.add("improvement", "model improvement", .money(statement.improvement, decimals: 0))
    for (index, deal) in independence.deals.enumerated() {
      let terms = deal.entry.terms
      let words = [
        terms?.stake.map { "stake \(Self.percent($0))" },
        terms?.profitShare.map { "profit share \(Self.percent($0))" },
        deal.outstanding.map {
          "\(Facts.text($0, 0, material.currency)) of it outstanding"
        },
        deal.entry.evidence.name,
      ].compactMap { $0 }.joined(separator: ", ")
      facts.add(
        "deal_\(index + 1)",
        "funding \(Instant.date(day: deal.entry.day)) \(deal.entry.counterparty)",
        .money(deal.amount, decimals: 0), words)
    }
    facts.add(independence)
    facts.print(options.output.format)
  }

  private static func percent(_ millionths: Int) -> String {
    String(format: "%.1f %%", Double(millionths) / 10_000)
  }
}

struct RunwayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runway",
    abstract: "How long does the money last at the present burn, with and without funding?",
    discussion: """
      A division, not a forecast: nothing grows or shrinks in it. How likely ruin is, is simulated:
      solvent scenario new > mine.yaml; solvent scenario run mine.yaml
      """)

  @OptionGroup var options: StatementOptions

  @Option(help: "Months over which burn is averaged.")
  var over = 3

  func validate() throws {
    guard (1...120).contains(over) else { throw ValidationError("--over is 1 to 120") }
  }

  func run() async throws {
    let material = try await options.material()
    let last = material.period.upperBound
    let window = max(material.period.lowerBound, last.advanced(by: 1 - over))...last
    let first = material.firstFlow(in: window)
    let statement = try options.statement(material, first...last)
    var unfunded = material
    unfunded.books.entries.removeAll { entry in
      entry.lines.contains { $0.account == .capital }
    }
    let without = try options.statement(unfunded, first...last)
    var facts = Facts("solvent.runway/v1", currency: material.currency)
    facts.add("burn_over", "burn over", .words("\(first) to \(last)"))
    facts.addUnpriced(statement)
    facts.add("gross_burn", "gross burn a month", .money(statement.grossBurn, decimals: 0))
    facts.add("net_burn", "net burn a month", .money(statement.netBurn, decimals: 0))
    facts.add("cash", "cash", .money(statement.hasCash ? statement.cash : nil, decimals: 0))
    facts.add("payable", "owed for usage", .money(statement.payable, decimals: 0))
    facts.add("runway", "runway with funding", .months(statement.runwayMonths))
    facts.add("runway_without", "runway without funding", .months(without.runwayMonths))
    facts.add(try await options.independence(material))
    if statement.netBurn == nil {
      facts.add("note", "", .words("revenue covers all costs: nothing is burnt"))
    }
    facts.print(options.output.format)
  }
}

struct Audience: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Visits, users and payers by month. Visits are not users.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    let material = try await options.material()
    let months = Set(material.books.figures.map { Month(day: $0.day) })
      .filter(material.period.contains).sorted()
    var table = Table(columns: [
      .init(title: "MONTH"), .init(title: "VISITS", isNumber: true),
      .init(title: "A MONTH", isNumber: true), .init(title: "USERS", isNumber: true),
      .init(title: "PAYERS", isNumber: true), .init(title: "KNOWN", rank: 1),
      .init(title: "SOURCE", rank: 2),
    ])
    var objects: [JSONText] = []
    var before: (month: Month, visits: UInt64)?
    for month in months {
      func latest(
        _ measure: AudienceMeasure
      ) -> (value: UInt64, evidence: Evidence, source: String)? {
        material.books.audience(measure, in: month, product: options.product)
      }
      let known = AudienceMeasure.allCases.compactMap { measure in
        latest(measure).map { (measure: measure, figure: $0) }
      }
      let visits = latest(.visits)?.value
      // A month: figures may be missing in between.
      let change = visits.flatMap { now in
        before.map {
          pow(Double(now) / Double($0.visits), 1 / Double(month.index - $0.month.index)) - 1
        }
      }
      if let visits { before = (month, visits) }
      table.rows.append([
        month.description, visits.map { Text.grouped($0) } ?? "–",
        change.map { String(format: "%+.1f %%", $0 * 100) } ?? "",
        latest(.users).map { Text.grouped($0.value) } ?? "–",
        latest(.payers).map { Text.grouped($0.value) } ?? "–",
        known.map(\.figure.evidence).max()?.name ?? "", known.first?.figure.source ?? "",
      ])
      for (measure, figure) in known {
        objects.append(
          .object([
            ("month", .string(month.description)), ("measure", .string(measure.rawValue)),
            ("product", .string(options.product ?? "")), ("value", .number("\(figure.value)")),
            ("evidence", .string(figure.evidence.name)), ("source", .string(figure.source)),
          ]))
      }
    }
    switch options.output.format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.audience/v1")), ("figures", .array(objects)),
        ]).text)
    case .csv:
      Terminal.print("month,visits,users,payers")
      for row in table.rows {
        Terminal.print(
          [row[0], row[1], row[3], row[4]].map { $0.filter { $0 != "," && $0 != "–" } }
            .joined(separator: ","))
      }
    case .table, .md: table.print(as: options.output.format)
    }
  }
}

struct Balance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The balance sheet: what is there, what is owed, whose it is.")

  @OptionGroup var options: StatementOptions

  func run() async throws {
    guard options.product == nil, options.customer == nil else {
      throw ValidationError("a balance sheet is of the whole company: no --product, no --customer")
    }
    let material = try await options.material()
    let last = material.period.upperBound
    var usage = CostTotals()
    for (month, totals) in material.allUsage where month <= last { try usage.add(totals) }
    let sheet = try BalanceSheet(
      material.books.entries.filter { Month(day: $0.day) <= last }, usage: usage.cost)
    var facts = Facts("solvent.balance/v1", currency: material.currency)
    facts.add("at", "at the end of", .words(last.description))
    if usage.hasUnpriced {
      facts.add("unpriced", "unpriced", .words("some usage"), "liabilities are at least this")
    }
    facts.add("assets", "assets", .money(sheet.assets, decimals: 2))
    facts.add("liabilities", "liabilities", .money(sheet.liabilities, decimals: 2))
    facts.add("retained", "retained earnings", .money(sheet.retained, decimals: 2))
    facts.add("equity", "equity", .money(sheet.equity, decimals: 2))
    facts.add("difference", "difference", .money(sheet.difference, decimals: 2), "0 in good books")
    facts.print(options.output.format)
    guard sheet.difference == .zero else {
      throw Failure(ExitStatus.storage, "the books do not balance")
    }
  }
}
