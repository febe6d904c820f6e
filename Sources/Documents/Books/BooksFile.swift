// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Economics
import Usage

/// Entries and audience figures as people write them, in YAML or CSV: `docs/BOOKS.md`.
public enum BooksFile {
  static let kinds = ["revenue", "cost", "funding", "opening", "payment", "profit_share"]
  private static let entryKeys = [
    "date", "id", "account", "product", "customer", "counterparty", "note", "source", "evidence",
    "stake", "share", "cap",
  ]
  private static let figureKeys = [
    "month", "id", "product", "value", "measure", "source", "evidence",
  ]

  /// Reads a file: CSV when its name says so, YAML otherwise.
  /// - Throws: ``FileProblem`` with line, field and remedy. Nothing of a file with a mistake is booked:
  ///   half of a month's books would be wrong books.
  public static func read(
    _ text: String, file: String, currency: String = "USD"
  ) throws(FileProblem) -> BooksBatch {
    file.hasSuffix(".csv")
      ? try csv(text, file: file, currency: currency) : try yaml(text, file: file)
  }

  // MARK: YAML

  private static func yaml(_ text: String, file: String) throws(FileProblem) -> BooksBatch {
    let root = try StrictYAML(text, file: file)
    let map = try root.map(["books", "currency", "source", "entries", "audience", "note"])
    let currency = try map["currency"]?.text() ?? "USD"
    let source = try map["source"]?.text() ?? file
    var builder = Builder(source: source)
    for item in try map["entries"]?.items() ?? [] {
      let fields = try item.map(entryKeys + kinds)
      var texts: [String: String] = [:]
      for (key, value) in fields { texts[key] = try value.text() }
      try builder.add(texts) { item.problem($0) }
    }
    for item in try map["audience"]?.items() ?? [] {
      let fields = try item.map(figureKeys + AudienceMeasure.allCases.map(\.rawValue))
      var texts: [String: String] = [:]
      for (key, value) in fields { texts[key] = try value.text() }
      try builder.addFigure(texts) { item.problem($0) }
    }
    return BooksBatch(currency: currency, entries: builder.entries, figures: builder.figures)
  }

  // MARK: CSV

  private static func csv(
    _ text: String, file: String, currency: String
  ) throws(FileProblem) -> BooksBatch {
    var builder = Builder(source: file)
    var header: [String] = []
    var line = 0
    for row in try DelimitedText.rows(Array(text.utf8), file: file) {
      line = row.line
      if header.isEmpty {
        let allowed = ["kind", "amount"] + entryKeys
        header = row.cells
        guard let unknown = header.first(where: { !allowed.contains($0) }) else {
          guard header.contains("date"), header.contains("kind"), header.contains("amount") else {
            throw FileProblem(file: file, line: 1, "the columns date, kind and amount are required")
          }
          continue
        }
        let near =
          Spelling.hint(for: unknown, among: allowed)
        throw FileProblem(
          file: file, line: 1,
          "unknown column '\(unknown)'; known: \(allowed.joined(separator: ", "))\(near)")
      }
      guard row.cells.count == header.count else {
        throw FileProblem(
          file: file, line: line, "\(row.cells.count) fields under \(header.count) columns")
      }
      var texts: [String: String] = [:]
      for (name, cell) in zip(header, row.cells) where !cell.isEmpty { texts[name] = cell }
      let kind = texts.removeValue(forKey: "kind") ?? ""
      let amount = texts.removeValue(forKey: "amount") ?? ""
      let number = line
      func problem(_ message: String) -> FileProblem {
        FileProblem(file: file, line: number, message)
      }
      if AudienceMeasure(rawValue: kind) != nil {
        texts[kind] = amount
        texts["month"] = String((texts.removeValue(forKey: "date") ?? "").prefix(7))
        try builder.addFigure(texts, problem)
      } else {
        guard kinds.contains(kind) else {
          let known = kinds + AudienceMeasure.allCases.map(\.rawValue)
          throw problem(
            "'\(kind)' is not a known kind; choose one of \(known.joined(separator: ", "))")
        }
        texts[kind] = amount
        try builder.add(texts, problem)
      }
    }
    return BooksBatch(currency: currency, entries: builder.entries, figures: builder.figures)
  }

  // MARK: Values

  /// An amount, exactly: `12`, `0.5`, `12e6`, `10B`.
  static func amount(_ text: String) -> Money? {
    var digits = text.filter { $0 != "_" }
    var power = 0
    let suffixes: [Character: Int] = ["k": 3, "M": 6, "B": 9, "T": 12]
    if let last = digits.last, let known = suffixes[last] {
      power = known
      digits.removeLast()
    } else if let e = digits.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      guard let exponent = Int(digits[digits.index(after: e)...]), (0...15).contains(exponent)
      else { return nil }
      power = exponent
      digits = String(digits[..<e])
    }
    var factor: UInt64 = 1
    for _ in 0..<power { factor *= 10 }
    return try? Money(decimal: digits).times(factor)
  }

  /// Collects what a file says, and names what has no name.
  private struct Builder {
    let source: String
    private(set) var entries: [BookEntry] = []
    private(set) var figures: [AudienceFigure] = []
    private var occurrences: [String: Int] = [:]

    init(source: String) { self.source = source }

    /// A name made of the content: reading the file again comes to the same, and equal rows count
    /// each.
    private mutating func name(_ texts: [String: String]) -> String {
      if let id = texts["id"] { return id }
      let content = texts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        .joined(separator: "\u{1F}")
      let number = occurrences[content, default: 0]
      occurrences[content] = number + 1
      let digest = SHA256.hash(data: Array("\(content)\u{1E}\(number)".utf8))
      return digest.prefix(12).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        .joined()
    }

    mutating func add(
      _ texts: [String: String], _ problem: (String) -> FileProblem
    ) throws(FileProblem) {
      let named = BooksFile.kinds.filter { texts[$0] != nil }
      guard named.count == 1, let kind = named.first else {
        throw problem("an entry needs one of \(BooksFile.kinds.joined(separator: ", "))")
      }
      guard let amount = BooksFile.amount(texts[kind] ?? "") else {
        throw problem(
          "\(kind): '\(texts[kind] ?? "")' is not a valid amount; write 1250.50, 12e6 or 10B")
      }
      guard let date = texts["date"], let day = Self.day(date) else {
        throw problem("date: expected a day such as 2023-01-31")
      }
      let lines = try Self.lines(kind, amount, texts["account"], problem)
      var entry: BookEntry
      do {
        entry = try BookEntry(id: name(texts), day: day, lines: lines)
      } catch {
        throw problem("\(kind): \(error)")
      }
      entry.product = texts["product"] ?? ""
      entry.customer = texts["customer"] ?? ""
      entry.counterparty = texts["counterparty"] ?? ""
      entry.note = texts["note"] ?? ""
      entry.source = texts["source"] ?? source
      entry.evidence = try Self.evidence(texts, problem)
      if kind == "funding" {
        entry.terms = FundingTerms(
          stake: try Self.millionths("stake", texts, problem),
          profitShare: try Self.millionths("share", texts, problem),
          profitShareCap: try texts["cap"].map { text throws(FileProblem) in
            guard let cap = BooksFile.amount(text) else {
              throw problem("cap: '\(text)' is not a valid amount; write 13B")
            }
            return cap
          })
      } else if let term = ["stake", "share", "cap"].first(where: { texts[$0] != nil }) {
        throw problem("'\(term)' applies only to funding")
      }
      entries.append(entry)
    }

    mutating func addFigure(
      _ texts: [String: String], _ problem: (String) -> FileProblem
    ) throws(FileProblem) {
      let named = AudienceMeasure.allCases.filter { texts[$0.rawValue] != nil }
      guard named.count == 1, let measure = named.first else {
        throw problem(
          "a figure needs one of \(AudienceMeasure.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      guard let amount = BooksFile.amount(texts[measure.rawValue] ?? ""), amount >= .zero,
        let value = UInt64(exactly: MoneyParts(amount).units), MoneyParts(amount).pico == 0
      else {
        throw problem("\(measure.rawValue): expected a whole number such as 1500000000, 1.5B")
      }
      guard let month = texts["month"], let day = Self.day(month + "-01") else {
        throw problem("month: expected a month such as 2023-06")
      }
      var figure: AudienceFigure
      do {
        figure = try AudienceFigure(id: name(texts), day: day, measure, value)
      } catch {
        throw problem("\(measure.rawValue): \(error)")
      }
      figure.product = texts["product"] ?? ""
      figure.source = texts["source"] ?? source
      figure.evidence = try Self.evidence(texts, problem)
      figures.append(figure)
    }

    private static func lines(
      _ kind: String, _ amount: Money, _ account: String?, _ problem: (String) -> FileProblem
    ) throws(FileProblem) -> [EntryLine] {
      func chosen(_ allowed: [Account], usual: Account) throws(FileProblem) -> Account {
        guard let account else { return usual }
        guard let found = Account(rawValue: account), allowed.contains(found) else {
          throw problem(
            "account: \(kind) is booked to \(allowed.map(\.rawValue).joined(separator: ", "))")
        }
        return found
      }
      switch kind {
      case "revenue":
        let account = try chosen([.subscriptions, .api, .otherRevenue], usual: .otherRevenue)
        return [EntryLine(.cash, amount), EntryLine(account, -amount)]
      case "cost":
        let account = try chosen(
          [.hosting, .research, .training, .staff, .sales, .otherCost], usual: .otherCost)
        return [EntryLine(account, amount), EntryLine(.cash, -amount)]
      case "funding": return [EntryLine(.cash, amount), EntryLine(.capital, -amount)]
      case "opening": return [EntryLine(.cash, amount), EntryLine(.openingBalance, -amount)]
      case "payment": return [EntryLine(.payable, amount), EntryLine(.cash, -amount)]
      default: return [EntryLine(.profitShareCost, amount), EntryLine(.cash, -amount)]
      }
    }

    private static func evidence(
      _ texts: [String: String], _ problem: (String) -> FileProblem
    ) throws(FileProblem) -> Evidence {
      guard let name = texts["evidence"] else { return .reported }
      guard let evidence = Evidence(name: name) else {
        throw problem("evidence must be measured, reported, estimated or assumed")
      }
      return evidence
    }

    private static func millionths(
      _ key: String, _ texts: [String: String], _ problem: (String) -> FileProblem
    ) throws(FileProblem) -> Int? {
      guard let text = texts[key] else { return nil }
      let isPercent = text.hasSuffix("%")
      guard let value = BooksFile.amount(isPercent ? String(text.dropLast()) : text) else {
        throw problem("\(key): expected a share such as 0.49 or 49%")
      }
      let millionths = value.quanta / (isPercent ? 100 : 1) / 1_000_000_000_000_000_000
      guard (0...1_000_000).contains(millionths) else {
        throw problem("\(key) must be from 0 to 1")
      }
      return Int(millionths)
    }

    private static func day(_ text: String) -> Int64? {
      guard text.utf8.count == 10 else { return nil }
      return TimeText.milliseconds(text + "T00:00:00Z").map { $0 / 86_400_000 }
    }
  }
}
