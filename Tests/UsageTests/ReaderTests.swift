// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Usage

@Suite("Reading logs")
struct ReaderTests {
  static func read(
    _ path: String, batchRows: Int = 1_000, ids: IDIndex = IDIndex(),
    _ change: (inout ReadingOptions) -> Void = { _ in }
  ) throws -> ReadLog {
    try ReadLog(path, batchRows: batchRows, ids: ids, change)
  }

  static let header = ReadLog.header

  static func read(rows: String, header: String = header) throws -> ReadLog {
    let directory = try TemporaryDirectory()
    return try read(directory.write("log.csv", header + rows))
  }

  @Test(
    "A bad row is quarantined with its reason",
    arguments: [
      // what, row, reason
      ("d1 letters in a count", "2026-03-02T10:00:00Z,1,m,c,12abc,1", QuarantineReason.badNumber),
      ("a sign", "2026-03-02T10:00:00Z,1,m,c,+5,1", .badNumber),
      ("hexadecimal", "2026-03-02T10:00:00Z,1,m,c,0x10,1", .badNumber),
      ("not a number", "2026-03-02T10:00:00Z,1,m,c,nan,1", .badNumber),
      ("infinite", "2026-03-02T10:00:00Z,1,m,c,1e400,1", .badNumber),
      ("a decimal comma", "2026-03-02T10:00:00Z,1,m,c,\"1,5\",1", .badNumber),
      ("padding", "2026-03-02T10:00:00Z,1,m,c,007,1", .badNumber),
      ("half a token", "2026-03-02T10:00:00Z,1,m,c,1.5,1", .badNumber),
      ("negative", "2026-03-02T10:00:00Z,1,m,c,-1,1", .badNumber),
      ("too large", "2026-03-02T10:00:00Z,1,m,c,18446744073709551616,1", .badNumber),
      ("more than any request", "2026-03-02T10:00:00Z,1,m,c,1000000000001,1", .badNumber),
      ("d2 no seconds", "2026-03-02T10:00Z,1,m,c,1,1", .badTimestamp),
      ("no zone", "2026-03-02T10:00:00,1,m,c,1,1", .badTimestamp),
      ("no such day", "2027-02-30T10:00:00Z,1,m,c,1,1", .badTimestamp),
      ("the future", "2030-01-01T00:00:00Z,1,m,c,1,1", .badTimestamp),
      ("before 2015", "2014-12-31T23:59:59Z,1,m,c,1,1", .badTimestamp),
      ("d5 all empty", ",,,,,", .missingField),
      ("no quantity", "2026-03-02T10:00:00Z,1,m,c,,", .missingField),
      ("no id", "2026-03-02T10:00:00Z,,m,c,1,1", .missingField),
      ("d6 DEL in a name", "2026-03-02T10:00:00Z,1,m,a\u{7F}b,1,1", .controlCharacter),
      ("a line break in a name", "2026-03-02T10:00:00Z,1,m,\"a\nb\",1,1", .controlCharacter),
      ("too few fields", "2026-03-02T10:00:00Z,1,m,c,1", .fieldCount),
      ("too many fields", "2026-03-02T10:00:00Z,1,m,c,1,1,1", .fieldCount),
      ("text after a quote", "2026-03-02T10:00:00Z,1,\"m\"x,c,1,1", .badQuoting),
      ("a quote in a field", "2026-03-02T10:00:00Z,1,m\"m,c,1,1", .badQuoting),
      ("an open quote at the end", "2026-03-02T10:00:00Z,1,\"m,c,1,1", .badQuoting),
      (
        "a long name", "2026-03-02T10:00:00Z,1,\(String(repeating: "x", count: 1_025)),c,1,1",
        .tooLong
      ),
    ])
  func badRows(_ what: String, _ row: String, _ reason: QuarantineReason) throws {
    let result = try Self.read(rows: row + "\n")
    #expect(result.quarantined.map(\.reason) == [reason])
    #expect(result.quarantined.first?.line == 2)
    #expect(result.accepted == 0 && result.read == 1)
  }

  @Test(
    "Unusual rows that are right",
    arguments: [
      // what, row
      ("d4 a quoted count", "2026-03-02T10:00:00Z,1,m,c,\"100\",1"),
      ("a decimal zero", "2026-03-02T10:00:00Z,1,m,c,100.0,1"),
      ("an exponent", "2026-03-02T10:00:00Z,1,m,c,1.0E2,1"),
      ("an offset", "2026-03-02T12:00:00+02:00,1,m,c,100,1"),
      ("fractions of a second", "2026-03-02T10:00:00.1234567Z,1,m,c,100,1"),
      ("a comma in quotes", "2026-03-02T10:00:00Z,1,\"a,b\",c,100,1"),
      ("a quote in quotes", "2026-03-02T10:00:00Z,1,\"a\"\"b\",c,100,1"),
      ("other alphabets", "2026-03-02T10:00:00Z,1,модель,客户,100,1"),
    ])
  func goodRows(_ what: String, _ row: String) throws {
    for ending in ["\n", "\r\n", ""] {
      let result = try Self.read(rows: row + ending)
      #expect(result.quarantined == [])
      #expect(result.accepted == 1)
      #expect(result.sum(.inputTokens) == 100)
    }
  }

  @Test func bytesThatAreNoTextArePutAside() throws {
    let directory = try TemporaryDirectory()
    var data = Data(Self.header.utf8)
    data.append(contentsOf: Data("2026-03-02T10:00:00Z,1,m".utf8) + [0xFF, 0xFE])
    data.append(contentsOf: Data(",c,1,1\n".utf8))
    let result = try Self.read(directory.write("log.csv", data))
    #expect(result.quarantined.map(\.reason) == [.badEncoding])
  }

  @Test(
    "A file as a whole is refused with the place and the remedy",
    arguments: [
      // text, part of the message
      ("", "is empty"),
      ("timestamp,model,input_tokens,\n", "empty_column_name: column 4"),
      ("timestamp,model,model,input_tokens\n", "'model' occurs twice"),
      ("when,what\n", "no mapping fits the columns when, what"),
      ("timestamp,model,tokens\n", "none of the quantities"),
    ])
  func refusedFiles(_ text: String, _ part: String) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("log.csv", text)
    let problem = #expect(throws: FileProblem.self) { try Self.read(path) }
    #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
  }

  @Test func theLongestRowIsAMebibyte() throws {
    for (length, accepted) in [(1_048_576, 1), (1_048_577, 0)] {
      let before = "2026-03-02T10:00:00Z,1,m,c,1,1,"
      let filler = String(repeating: "x", count: length - before.utf8.count)
      let header = "timestamp,id,model,customer,input_tokens,output_tokens,comment\n"
      let result = try Self.read(
        rows: before + filler + "\n2026-03-02T10:00:00Z,2,m,c,1,1,\n", header: header)
      #expect(result.accepted == accepted + 1)
      #expect(result.quarantined.map(\.reason) == (accepted == 1 ? [] : [.lineTooLong]))
    }
  }

  @Test func linesAreNumberedAsAnEditorDoes() throws {
    let result = try Self.read(
      rows: "2026-03-02T10:00:00Z,1,m,c,1,1\r\n\n2026-03-02T10:00:00Z,2,\"a\nb\",c,1,1\nbad\n")
    #expect(result.quarantined.map(\.line) == [4, 6])
  }

  @Test func aThousandRowsWithFortyBadOnes() throws {
    var rows = ""
    for index in 0..<1_000 {
      rows += "2026-03-02T10:00:00Z,\(index),m,c,\(index % 25 == 3 ? "x" : "1"),1\n"
    }
    let result = try Self.read(rows: rows)
    #expect(result.accepted == 960 && result.quarantined.count == 40 && result.read == 1_000)
    #expect(result.quarantined.allSatisfy { $0.reason == .badNumber && $0.field == "input_tokens" })
  }

  // MARK: Ids

  @Test func idsAreRememberedAcrossFiles() throws {
    let directory = try TemporaryDirectory()
    let ids = IDIndex()
    let row = "2026-03-02T10:00:00Z,a,m,c,1,1"
    let first = try Self.read(directory.write("1.csv", Self.header + row + "\n"), ids: ids)
    // The same event, without a line end: content, not bytes of the file.
    let again = try Self.read(directory.write("2.csv", Self.header + row), ids: ids)
    let other = try Self.read(
      directory.write("3.csv", Self.header + "2026-03-02T10:00:00Z,a,m,other,1,1\n"), ids: ids)
    #expect(first.accepted == 1)
    #expect(again.accepted == 0 && again.duplicates == 1)
    #expect(other.quarantined.map(\.reason) == [.idConflict])
  }

  @Test(
    "Absurd times are quarantined",
    arguments: [
      "1e19", "1e18", "9223372036854775807", "9223372036854775.807", "99999999999999999999", "-1",
    ])
  func absurdTimes(_ time: String) throws {
    let result = try Self.read(
      rows: "\(time),ChatGPT,1,1,2,API log\n",
      header: "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n")
    #expect(result.quarantined.map(\.reason) == [.badTimestamp])
  }

  @Test func equalRowsWithoutIdsAllCount() throws {
    let rows = String(repeating: "5,ChatGPT,472,18,490,API log\n", count: 7)
    let result = try Self.read(
      rows: rows, header: "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n")
    #expect(result.accepted == 7 && result.sum(.inputTokens) == 7 * 472)
  }

  // MARK: Layouts

  @Test func bothBurstGPTLayoutsAreKnown() throws {
    let six = try Self.read(
      rows: "5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,10,0,10,API log\n",
      header: "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n")
    #expect(six.sum(.failedRequests) == 1 && six.sum(.outputTokens) == 18)
    let table = try #require(six.pieces.first?.batch.seriesTable)
    #expect(
      table.dimensions(of: 0) == [
        "provider": "openai", "model": "ChatGPT", "log_type": "Conversation log",
      ])
    let eight = try Self.read(
      rows: "19440151.0,,1,GPT-4,115,90,205,API log\n",
      header:
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
    )
    let piece = try #require(eight.pieces.first)
    #expect(piece.batch.baseTime == 1_710_288_151_000)
  }

  @Test func theAzureLayoutIsKnown() throws {
    let result = try Self.read(
      rows: "2023-11-16 18:17:03.9799600,4808,10",
      header: "TIMESTAMP,ContextTokens,GeneratedTokens\n")
    #expect(result.pieces.first?.batch.baseTime == 1_700_158_623_979)
    #expect(result.sum(.inputTokens) == 4_808)
  }

  @Test func anOwnMappingMayUseOtherNamesUnitsAndDelimiters() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "log.csv",
      "\u{FEFF}when;prompt;cached;ok\n1690848000123456;100;30;yes\n1690848000123456;5;9;no\n")
    let result = try Self.read(path) {
      $0.mappingText = """
        mappings:
          - name: mine
            detect: [when, prompt]
            time: {column: when, format: epoch-microseconds}
            dimensions: {model: {value: gpt-4}}
            quantities:
              input_tokens: {column: prompt, includes: cached_input_tokens}
              cached_input_tokens: cached
            failed: {column: ok, unless: [yes]}
        """
    }
    #expect(result.sum(.inputTokens) == 70 && result.sum(.cachedInputTokens) == 30)
    #expect(result.sum(.failedRequests) == 0)
    #expect(result.quarantined.map(\.reason) == [.inconsistent])
    #expect(result.pieces.first?.batch.baseTime == 1_690_848_000_123)
  }

  // MARK: Pieces

  @Test("Any batch size reads the same rows", arguments: [1, 2, 7, 1_000])
  func batchSizes(_ size: Int) throws {
    let directory = try TemporaryDirectory()
    var text = Self.header
    for index in 0..<50 {
      text += "2026-03-02T10:00:00Z,\(index),m\(index % 3),c\(index % 4),\(index),1\n"
    }
    let path = try directory.write("log.csv", text)
    let result = try Self.read(path, batchRows: size)
    #expect(result.accepted == 50 && result.sum(.inputTokens) == 49 * 50 / 2)
    #expect(result.pieces.count == (50 + size - 1) / size)
    // The pieces lie side by side and end with the file.
    for (left, right) in zip(result.pieces, result.pieces.dropFirst()) {
      #expect(left.end == right.start)
    }
    #expect(result.pieces.last?.end == UInt64(text.utf8.count))
  }

  @Test func readingGoesOnWhereItStopped() throws {
    let directory = try TemporaryDirectory()
    var text = Self.header
    for index in 0..<50 { text += "2026-03-02T10:00:00Z,\(index),m,c,\(index),1\n" }
    let path = try directory.write("log.csv", text)
    let whole = try Self.read(path, batchRows: 10)
    let third = whole.pieces[2]
    let reader = try UsageReader(path: path, source: nil, batchRows: 10, ids: nil, now: ReadLog.now)
    {
      try ReadingOptions().mapping(for: $0, file: "test")
    }
    try reader.skip(to: third.start, line: 22)
    let piece = try #require(try reader.next())
    #expect(piece.start == third.start && piece.end == third.end)
    #expect(piece.batch.quantities == third.batch.quantities)
    #expect(reader.nextLine == 32)
  }

  /// A descriptor's position is shared by all who have it: readers of one file must not move each other's.
  @Test("An open file is read from its beginning by everybody who has it", arguments: ["", ".gz"])
  func openFiles(_ suffix: String) throws {
    let directory = try TemporaryDirectory()
    var text = Self.header
    // More than a reader's buffer.
    for index in 0..<40_000 { text += "2026-03-02T10:00:00Z,\(index),model,customer,\(index),1\n" }
    let path = try directory.write("log.csv", text)
    if suffix == ".gz" {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/gzip")
      process.arguments = [path]
      try process.run()
      process.waitUntilExit()
    }
    let whole = try Self.read(path + suffix)
    let digest = try ContentDigest(ofFile: path + suffix)
    let file = try FileDescriptor.open(FilePath(path + suffix), .readOnly)
    // Its name may go; what was opened stays.
    try FileManager.default.removeItem(atPath: path + suffix)
    try file.seek(offset: 77, from: .start)
    func reader() throws -> UsageReader {
      try UsageReader(
        file, name: "log", source: nil, batchRows: 10_000, ids: nil, now: ReadLog.now
      ) { try ReadingOptions().mapping(for: $0, file: "log") }
    }
    let readers = [try reader(), try reader()]
    var sums = [UInt64(0), 0]
    for _ in 0..<4 {
      for (index, reader) in readers.enumerated() {
        let piece = try #require(try reader.next())
        sums[index] +=
          piece.batch.quantities.first { $0.meter == .inputTokens }?
          .values.reduce(0, +) ?? 0
      }
    }
    #expect(try readers[0].next() == nil && readers[1].next() == nil)
    #expect(sums == [whole.sum(.inputTokens), whole.sum(.inputTokens)])
    #expect(try ContentDigest(of: file, name: "log") == digest)
    #expect(try file.seek(offset: 0, from: .current) == 77)
    try file.close()
  }

  @Test func onlyRegularFilesAreReadByTheirDescriptors() throws {
    let (reading, writing) = try FileDescriptor.pipe()
    let error = #expect(throws: ReadError.self) { try ContentDigest(of: reading, name: "pipe") }
    #expect(error?.description == "pipe: is not a regular file")
    #expect(throws: ReadError.self) {
      try ContentDigest(of: FileDescriptor(rawValue: -1), name: "closed")
    }
    try reading.close()
    try writing.close()
  }

  @Test func gzipIsUnpackedAndDamageIsTold() throws {
    let directory = try TemporaryDirectory()
    let plain = try directory.write("log.csv", Self.header + "2026-03-02T10:00:00Z,1,m,c,7,1\n")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c",
      "gzip -c '\(plain)' > '\(plain).gz'; cat '\(plain).gz' | head -c 60 > '\(plain).cut.gz'",
    ]
    try process.run()
    process.waitUntilExit()
    #expect(try Self.read(plain + ".gz").sum(.inputTokens) == 7)
    #expect(throws: (any Error).self) { try Self.read(plain + ".cut.gz") }
    #expect(try ContentDigest(ofFile: plain) == ContentDigest(ofFile: plain + ".gz"))
  }
}

@Suite("Files that people write")
struct PeopleFilesTests {
  @Test func theShippedBookIsWhole() throws {
    let book = try PriceBookFile.shipped()
    #expect(book.entries.count >= 150 && book.currency == "USD")
    for entry in book.entries {
      #expect(!entry.rates.isEmpty)
      #expect(entry.rates.allSatisfy { !$0.source.isEmpty && !$0.retrieved.isEmpty })
    }
    let june = TimeBucket(index: 1_686_700_800 / 900)  // 2023-06-14
    let card = book.card(provider: "openai", model: "ChatGPT", in: june...june)
    #expect(card.rate(for: .inputTokens, in: june)?.price.decimal == "0.0000015")
    #expect(card.rate(for: .outputTokens, in: june)?.price.decimal == "0.000002")
  }

  @Test(
    "A mistake is reported with file, line, key and what is allowed",
    arguments: [
      // yaml, part of the message
      ("book: b\nversion: 1\ncurrency: USD\nmodells: []\n", "x.yaml:4: modells: unknown key"),
      ("book: b\nversion: 1\ncurrency: USD\nmodells: []\n", "did you mean 'models'?"),
      ("book: b\nversion: 1\ncurrency: dollars\nmodels: []\n", "ISO 4217"),
      (
        "book: b\nversion: 1\ncurrency: USD\nmodels:\n  - provider: p\n    model: m\n    rates:\n      - {from: 2023-01-01, per_million_tokens: {input: $20}, source: s, retrieved: d}\n",
        "x.yaml:8: models[0].rates[0].per_million_tokens.input: '$20' is not a plain decimal"
      ),
      ("a: &x 1\nb: *x\n", "anchors and aliases"),
      ("a: 1\na: 2\n", "is not YAML"),
    ])
  func mistakes(_ yaml: String, _ part: String) {
    let problem = #expect(throws: FileProblem.self) { try PriceBookFile.read(yaml, file: "x.yaml") }
    #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
  }

  @Test func ratesEndWhereTheNextBegins() throws {
    let book = try PriceBookFile.read(
      """
      book: b
      version: 1
      currency: USD
      models:
        - provider: p
          model: m
          rates:
            - {from: 2024-01-01, per_million_tokens: {input: 2}, source: s, retrieved: d}
            - {from: 2023-01-01, per_million_tokens: {input: 1}, source: s, retrieved: d}
      """, file: "x.yaml")
    let rates = book.entries[0].rates
    #expect(rates[0].until == rates[1].from && rates[1].until == nil)
  }
}
