// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Testing
import Usage

@Suite("Mistakes in mappings")
struct MappingRuleTests {
  /// A mapping with everything in it; each line can be replaced.
  static let lines = [
    "mappings:",
    "  - name: mine",
    "    detect: [when, tokens]",
    "    source: log",
    "    delimiter: semicolon",
    "    time: {column: when, format: rfc3339, zone: '+02:00'}",
    "    dimensions: {model: model_name, team: {value: blue}, product: {column: app}}",
    "    tags: {log_type: kind}",
    "    quantities: {input_tokens: {column: tokens, includes: cached_input_tokens}, output_tokens: out}",
    "    failed: {column: status, unless: [ok, fine]}",
    "    id: event",
    "    evidence: reported",
    "    note: n",
  ]

  static func text(_ line: Int, _ replacement: String) -> String {
    var lines = lines
    lines[line - 1] = replacement
    return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  @Test func everythingIsRead() throws {
    let mappings = try MappingFile.read(Self.lines.joined(separator: "\n"), file: "m.yaml")
    let mapping = try #require(mappings.first)
    #expect(mappings.count == 1 && mapping.name == "mine" && mapping.source == "log")
    #expect(
      mapping.delimiter == UInt8(ascii: ";") && mapping.timeFormat == .rfc3339(zoneMinutes: 120))
    #expect(
      mapping.dimensions == [
        "model": .column("model_name"), "team": .constant("blue"), "product": .column("app"),
        "log_type": .column("kind"),
      ])
    #expect(mapping.quantities[.inputTokens]?.includes == .cachedInputTokens)
    #expect(mapping.quantities[.outputTokens]?.column == "out" && mapping.quantities.count == 2)
    #expect(mapping.failure == .init(column: "status", isOneOf: [], isNoneOf: ["ok", "fine"]))
    #expect(mapping.idColumn == "event" && mapping.evidence == .reported && mapping.note == "n")
    #expect(
      Set(mapping.columns) == [
        "when", "tokens", "out", "model_name", "app", "kind", "status", "event",
      ])
  }

  @Test(
    "A mistake is told with file, line and key",
    arguments: [
      // line, what stands there, key, part of the message
      (2, "  - nam: mine", "mappings[0].nam", "'name'"),
      (3, "    detect: when", "mappings[0].detect", "list"),
      (3, "    detect: [[a]]", "mappings[0].detect[0]", "value"),
      (4, "    source: [a]", "mappings[0].source", "value"),
      (5, "    delimiter: pipe", "mappings[0].delimiter", "tab"),
      (6, "    time: {column: when, format: unix}", "mappings[0].time.format", "rfc3339"),
      (
        6, "    time: {column: when, format: rfc3339, zone: CET}", "mappings[0].time.zone", "+02:00"
      ),
      (6, "    time: {format: rfc3339}", "mappings[0].time", "'column'"),
      (6, "    time: {column: when}", "mappings[0].time", "'format'"),
      (6, "    time: {column: when, format: relative-seconds}", "mappings[0].time", "'origin'"),
      (
        6, "    time: {column: when, format: relative-seconds, origin: today}",
        "mappings[0].time.origin", "2023-08-01"
      ),
      (6, "    time: when", "mappings[0].time", "keys"),
      (7, "    dimensions: {modle: x}", "mappings[0].dimensions.modle", "'model'"),
      (7, "    dimensions: {model: {colum: x}}", "mappings[0].dimensions.model.colum", "'column'"),
      (7, "    dimensions: {model: {}}", "mappings[0].dimensions.model", "'value'"),
      (8, "    tags: {model: x}", "mappings[0].tags.model", "tag"),
      (8, "    tags: {source: x}", "mappings[0].tags.source", "tag"),
      (8, "    tags: {input_tokens: x}", "mappings[0].tags.input_tokens", "tag"),
      (8, "    tags: {'a b': x}", "mappings[0].tags.a b", "tag"),
      (8, "    tags: {'a,b': x}", "mappings[0].tags.a,b", "tag"),
      (8, "    tags: {'é': x}", "mappings[0].tags.é", "tag"),
      (9, "    quantities: {}", "mappings[0].quantities", "one"),
      (9, "    quantities: {tokens: x}", "mappings[0].quantities.tokens", "input_tokens"),
      (9, "    quantities: {failed: x}", "mappings[0].quantities.failed", "unknown key"),
      (
        9, "    quantities: {images: {optional: true}}", "mappings[0].quantities.images", "'column'"
      ),
      (
        9, "    quantities: {images: {column: x, optional: maybe}}",
        "mappings[0].quantities.images.optional", "true or false"
      ),
      (
        9, "    quantities: {images: {column: x, includes: y}}",
        "mappings[0].quantities.images.includes", "another quantity"
      ),
      (10, "    failed: {column: status}", "mappings[0].failed", "'unless'"),
      (10, "    failed: {column: s, equals: a, unless: b}", "mappings[0].failed", "either"),
      (10, "    failed: {equals: a}", "mappings[0].failed", "'column'"),
      (12, "    evidence: sure", "mappings[0].evidence", "assumed"),
      (13, "    notes: n", "mappings[0].notes", "'note'"),
    ])
  func mistakes(_ line: Int, _ replacement: String, _ key: String, _ part: String) {
    let problem = #expect(throws: FileProblem.self) {
      try MappingFile.read(Self.text(line, replacement), file: "m.yaml")
    }
    #expect(problem?.file == "m.yaml" && problem?.path == key, "\(problem?.description ?? "")")
    #expect(problem?.line == line, "\(problem?.description ?? "")")
    #expect(problem?.message.contains(part) == true, "\(problem?.description ?? "")")
  }

  @Test func anUnknownKeyIsOnItsOwnLine() {
    let problem = #expect(throws: FileProblem.self) {
      try MappingFile.read(Self.text(1, "mapings:"), file: "m.yaml")
    }
    #expect(problem?.path == "mapings" && problem?.message.contains("'mappings'") == true)
    #expect(problem?.line == 1)
  }

  @Test("What must be there", arguments: [(2, "name"), (6, "'time'"), (9, "'quantities'")])
  func missing(_ line: Int, _ part: String) {
    // The first line of an item carries its dash.
    let replacement = line == 2 ? "  -" : ""
    let problem = #expect(throws: FileProblem.self) {
      try MappingFile.read(Self.text(line, replacement), file: "m.yaml")
    }
    #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
  }

  @Test(
    "Formats of time",
    arguments: [
      // time, format
      ("{column: t, format: epoch-seconds}", Mapping.TimeFormat.epoch(power: 3)),
      ("{column: t, format: epoch-milliseconds}", .epoch(power: 0)),
      ("{column: t, format: epoch-microseconds}", .epoch(power: -3)),
      ("{column: t, format: epoch-nanoseconds}", .epoch(power: -6)),
      ("{column: t, format: rfc3339}", .rfc3339(zoneMinutes: nil)),
      ("{column: t, format: rfc3339, zone: UTC}", .rfc3339(zoneMinutes: 0)),
      ("{column: t, format: rfc3339, zone: '-05:30'}", .rfc3339(zoneMinutes: -330)),
      ("{column: t, format: relative-seconds, origin: 2023-08-01}", .relativeSeconds),
    ])
  func times(_ yaml: String, _ format: Mapping.TimeFormat) throws {
    let mapping = try #require(
      try MappingFile.read(Self.text(6, "    time: \(yaml)"), file: "m.yaml").first)
    #expect(mapping.timeFormat == format && mapping.timeColumn == "t")
    #expect(mapping.origin == (format == .relativeSeconds ? 1_690_848_000_000 : 0))
  }

  @Test("What reads otherwise has another identity", arguments: 2...12)
  func identities(_ line: Int) throws {
    let other = [
      2: "  - name: other", 3: "    detect: [when]", 4: "    source: other",
      5: "    delimiter: tab",
      6: "    time: {column: when, format: rfc3339}", 7: "    dimensions: {model: model_name}",
      8: "    tags: {log_type: other}",
      9: "    quantities: {input_tokens: {column: tokens, optional: true}, output_tokens: out}",
      10: "    failed: {column: status, equals: [ok, fine]}", 11: "    id: other",
      12: "    evidence: measured",
    ]
    func identity(_ text: String) throws -> String {
      try #require(try MappingFile.read(text, file: "m.yaml").first).identity
    }
    let (before, after) = (
      try identity(Self.lines.joined(separator: "\n")),
      try identity(Self.text(line, other[line] ?? ""))
    )
    // How a header is recognised and what the source is called is not how rows are read.
    #expect((before == after) == [3, 4].contains(line))
    #expect(try identity(Self.lines.joined(separator: "\n")) == before)
  }

  @Test func theShippedMappingsAreWhole() throws {
    let mappings = try MappingFile.shipped()
    let names = mappings.map(\.name)
    #expect(!names.isEmpty && Set(names).count == names.count)
    #expect(Set(mappings.map(\.identity)).count == mappings.count)
    for mapping in mappings {
      #expect(!mapping.detect.isEmpty && !mapping.quantities.isEmpty, "\(mapping.name)")
      // A header is not recognised without its time, and not as two of them by the same columns.
      #expect(mapping.detect.contains(mapping.timeColumn), "\(mapping.name)")
      #expect(mappings.count { Set($0.detect) == Set(mapping.detect) } == 1, "\(mapping.name)")
    }
  }
}

@Suite("Mistakes in price books")
struct PriceBookRuleTests {
  static let lines = [
    "book: b",
    "version: 3",
    "currency: USD",
    "models:",
    "  - provider: p",
    "    model: m",
    "    aliases: [n]",
    "    rates:",
    "      - from: 2023-01-01",
    "        until: 2024-01-01",
    "        per_million_tokens: {input: 30, cached_input: 3, output: 60}",
    "        per_image: 0.04",
    "        source: s",
    "        retrieved: 2023-01-02",
    "        evidence: measured",
    "      - {from: 2024-01-01, per_request: 0.5, source: s, retrieved: d, confidence: recalled}",
    "  - {provider: q, model: m, rates: []}",
  ]

  static func text(_ line: Int, _ replacement: String) -> String {
    var lines = lines
    lines[line - 1] = replacement
    return lines.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
  }

  @Test func everythingIsRead() throws {
    let book = try PriceBookFile.read(Self.lines.joined(separator: "\n"), file: "b.yaml")
    #expect(book.name == "b" && book.version == "3" && book.currency == "USD")
    let entry = try #require(book.entries.first)
    #expect(entry.provider == "p" && entry.model == "m" && entry.aliases == ["n"])
    #expect(entry.rates.count == 2 && entry.rates[0].until == entry.rates[1].from)
    #expect(
      entry.rates[0].prices.mapValues(\.decimal) == [
        .inputTokens: "0.00003", .cachedInputTokens: "0.000003", .outputTokens: "0.00006",
        .images: "0.04",
      ])
    #expect(entry.rates[1].prices.mapValues(\.decimal) == [.requests: "0.5"])
    #expect(entry.rates.map(\.evidence) == [.measured, .estimated])
    #expect(book.digest.count == 32)
    // A comment more is another text, so another book.
    let other = try PriceBookFile.read(Self.text(1, "book: b  # b"), file: "b.yaml")
    #expect(other.digest != book.digest && other.entries == book.entries)
  }

  @Test(
    "A mistake is told with file, line and key",
    arguments: [
      // line, what stands there, key, part of the message
      (1, "boook: b", "boook", "'book'"), (1, "", "", "'book'"), (2, "", "", "'version'"),
      (3, "currency: usd", "", "ISO 4217"), (3, "currency: EURO", "", "ISO 4217"),
      (5, "  - provder: p", "models[0].provder", "'provider'"),
      (6, "    model: [m]", "models[0].model", "value"),
      (7, "    aliases: n", "models[0].aliases", "list"),
      (7, "    aliases: [M]", "models[0]", "already"),
      (9, "      - from: 2023-01-40", "models[0].rates[0].from", "2023-01-40"),
      (9, "      - from: 2023-01-01T00:07:00Z", "models[0].rates[0].from", "quarter"),
      (10, "        until: 2023-01-01", "models[0].rates", "'until'"),
      (10, "        until: 2024-01-02", "models[0].rates", "overlap"),
      (
        11, "        per_million_tokens: {inputs: 30}",
        "models[0].rates[0].per_million_tokens.inputs", "'input'"
      ),
      (
        11, "        per_million_tokens: {input: 1e3}",
        "models[0].rates[0].per_million_tokens.input", "1e3"
      ),
      (
        11, "        per_million_tokens: {input: 200000000000000}",
        "models[0].rates[0].per_million_tokens.input", "170 trillion"
      ),
      (
        11, "        per_million_tokens: {input: 0.0000000000000000001}",
        "models[0].rates[0].per_million_tokens.input", "decimal"
      ),
      (11, "        per_million_tokens: {input: -1}", "models[0].rates[0]", "negative"),
      (12, "        per_image: -0.04", "models[0].rates[0]", "negative"),
      (12, "        per_image: 4 cents", "models[0].rates[0].per_image", "4 cents"),
      (12, "        per_imag: 1", "models[0].rates[0].per_imag", "'per_image'"),
      (13, "", "models[0].rates[0]", "'source'"), (14, "", "models[0].rates[0]", "'retrieved'"),
      (15, "        evidence: sure", "models[0].rates[0].evidence", "assumed"),
      (15, "        confidence: high", "models[0].rates[0].confidence", "recalled"),
      (
        16, "      - {from: 2023-06-01, per_image: 1, source: s, retrieved: d}", "models[0].rates",
        "overlap"
      ),
      (16, "      - {from: 2024-01-01, source: s, retrieved: d}", "models[0].rates[1]", "price"),
      (17, "  - {provider: P, model: N, rates: []}", "models[1]", "models[0]"),
      (17, "  - {provider: q, rates: []}", "models[1]", "'model'"),
      (17, "  - {provider: q, model: m}", "models[1]", "'rates'"),
      (17, "  - x", "models[1]", "keys"),
    ])
  func mistakes(_ line: Int, _ replacement: String, _ key: String, _ part: String) {
    let problem = #expect(throws: FileProblem.self) {
      try PriceBookFile.read(Self.text(line, replacement), file: "b.yaml")
    }
    #expect(problem?.file == "b.yaml" && problem?.path == key, "\(problem?.description ?? "")")
    #expect(problem?.message.contains(part) == true, "\(problem?.description ?? "")")
    #expect(problem.map { $0.line > 0 && $0.line <= 17 } == true, "\(problem?.description ?? "")")
    // Where the mistake is in the line's own key, it is that line.
    if key.split(separator: ".").count > 2 || key.hasSuffix("provder") {
      #expect(problem?.line == line, "\(problem?.description ?? "")")
    }
  }

  @Test func aFileOfJSONIsABookToo() throws {
    let book = try PriceBookFile.read(
      """
      {"book": "b", "version": "1", "currency": "EUR", "models": [{"provider": "p", "model": "m",
       "rates": [{"from": "2023-01-01", "per_image": "0.5", "source": "s", "retrieved": "d"}]}]}
      """, file: "b.json")
    #expect(book.currency == "EUR")
    #expect(book.entries[0].rates[0].prices == [.images: try Money(decimal: "0.5")])
  }
}
