// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import TestSupport
import Testing

@testable import Documents

@Suite("Strict YAML")
struct StrictYAMLTests {
  static func problem(_ text: String) -> FileProblem? {
    do throws(FileProblem) {
      _ = try StrictYAML(text, file: "f.yaml")
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "What YAML can and people should not is refused with its line",
    arguments: [
      // text, line, part of the message
      ("", 0, "empty"), ("# only a comment\n", 0, "empty"),
      ("a: &x 1\n", 1, "anchors"), ("a:\n  b: &x\n    c: 1\n", 2, "anchors"),
      ("a: [1, &y 2]\n", 1, "anchors"), ("a: &x [1]\nb: *x\n", 1, "anchors"),
      ("a: !!int 1\n", 1, "tags"), ("a: !custom x\n", 1, "tags"),
      ("b: 1\na: !!binary aGk=\n", 2, "tags"), ("? [a, b]\n: 1\n", 1, "key"),
      ("? {a: 1}\n: 1\n", 1, "key"), ("a: 1\nb: [\n", 3, "not YAML"), ("a: \"x\n", 2, "not YAML"),
      ("a: 1\n---\nb: 2\n", 0, "not YAML"), ("a: b: c\n", 1, "not YAML"),
      ("\tx: 1\n", 1, "not YAML"),
      ("a: 1\na: 2\n", 1, "not YAML"),
      (String(repeating: "[", count: 40) + String(repeating: "]", count: 40), 1, "deep"),
    ])
  func refusals(_ text: String, _ line: Int, _ part: String) {
    let problem = Self.problem(text)
    #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "taken")")
    #expect(problem?.file == "f.yaml")
    // Where the parser says a line, it is the right one or the next.
    if let problem, part != "not YAML" { #expect(problem.line == line, "\(problem)") }
  }

  @Test func aFileThatIsTooLargeIsNotRead() {
    let large = "a: " + String(repeating: "x", count: StrictYAML.bytesMax)
    #expect(Self.problem(large)?.message.contains("larger") == true)
    #expect(Self.problem("a: x") == nil)
  }

  @Test func thirtyTwoLevelsAreEnough() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(Self.problem(nested(32)) == nil)
    #expect(Self.problem(nested(33))?.message.contains("deep") == true)
  }

  @Test(
    "A scalar stays the text that was written",
    arguments: [
      // YAML, text
      ("no", "no"), ("yes", "yes"), ("~", "~"), ("null", "null"), ("12:30:45", "12:30:45"),
      ("1e400", "1e400"), ("0x10", "0x10"), ("010", "010"), ("1_000", "1_000"), ("'a: b'", "a: b"),
      ("\"\\u00e9\"", "é"), ("''", ""), (".inf", ".inf"), ("2023-08-01", "2023-08-01"),
      ("- 1", nil), ("{a: 1}", nil),
    ] as [(String, String?)])
  func scalars(_ yaml: String, _ text: String?) throws {
    let map = try StrictYAML("v: \(yaml.hasPrefix("-") ? "\n  \(yaml)" : yaml)\n", file: "f").map([
      "v"
    ])
    let value = try #require(map["v"])
    if let text {
      #expect(try value.text() == text && value.isScalar && !value.isMap)
      #expect(value.isBlank == text.isEmpty)
    } else {
      #expect(throws: FileProblem.self) { try value.text() }
      #expect(!value.isScalar && !value.isBlank)
    }
  }

  @Test(
    "A value of the wrong shape is told with its path",
    arguments: [
      // what is asked for, path, line
      ("items", "a", 1), ("entries", "b[0]", 3), ("text", "b", 3), ("money", "c.d", 5),
      ("bool", "c.d", 5), ("bucket", "c.d", 5), ("key", "c", 5), ("unknown", "c.d", 5),
    ])
  func shapes(_ ask: String, _ path: String, _ line: Int) throws {
    let root = try StrictYAML("a: 1\nb:\n  - x\nc:\n  d: z\n", file: "f")
    let map = try root.map(["a", "b", "c"])
    let problem = #expect(throws: FileProblem.self) {
      switch ask {
      case "items": _ = try map["a"]?.items()
      case "entries": _ = try map["b"]?.items().first?.entries()
      case "text": _ = try map["b"]?.text()
      case "unknown": _ = try map["c"]?.map(["e"])
      case "key": _ = try map["c"].map { try $0.require("e", in: $0.map(["d", "e"])) }
      default:
        let value = try map["c"]?.map(["d"])["d"]
        switch ask {
        case "money": _ = try value?.money()
        case "bool": _ = try value?.bool()
        default: _ = try value?.bucket()
        }
      }
    }
    #expect(problem?.path == path && problem?.line == line, "\(problem?.description ?? "")")
  }

  @Test(
    "Times on a quarter of an hour",
    arguments: [
      // text, bucket or nil
      ("2023-08-01", 1_878_720), ("2023-08-01T00:15:00Z", 1_878_721),
      ("2023-08-01T02:00:00+02:00", 1_878_720), ("1969-12-31", -96),
      ("2023-08-01T00:10:00Z", nil), ("2023-08-01T00:15:00", nil), ("2023-02-30", nil),
      ("2023-8-1", nil), ("", nil), ("yesterday", nil), ("2023-08-01T00:00:00.5Z", nil),
    ] as [(String, Int64?)])
  func buckets(_ text: String, _ index: Int64?) throws {
    let value = try #require(try StrictYAML("t: '\(text)'\n", file: "f").map(["t"])["t"])
    if let index {
      #expect(try value.bucket().index == index)
    } else {
      #expect(throws: FileProblem.self) { try value.bucket() }
    }
  }

  @Test func itemsAndEntriesKeepTheirOrderAndPaths() throws {
    let root = try StrictYAML("z:\n  - {b: 1, a: 2}\n  - x\n", file: "f")
    let items = try #require(try root.map(["z"])["z"]).items()
    #expect(items.map(\.path) == ["z[0]", "z[1]"])
    #expect(try items[0].entries().map(\.key) == ["b", "a"])
    #expect(try items[0].entries().map(\.value.path) == ["z[0].b", "z[0].a"])
  }

  @Test func anUnknownKeyIsToldWithWhatIsAllowed() throws {
    let root = try StrictYAML("provder: x\n", file: "f")
    let problem = #expect(throws: FileProblem.self) { try root.map(["provider", "model"]) }
    let text = problem?.description ?? ""
    #expect(
      text.contains("provder") && text.contains("provider, model") && text.contains("'provider'"))
  }
}

@Suite("Small tables")
struct SmallTableTests {
  static func table(_ text: String, required: [String] = []) throws -> SmallTable {
    try SmallTable(Array(text.utf8), file: "t.csv", required: required)
  }

  static func problem(_ body: () throws -> Void) -> FileProblem? {
    do {
      try body()
      return nil
    } catch {
      return error as? FileProblem
    }
  }

  @Test func cellsAreFoundByTheirColumns() throws {
    let table = try Self.table("b,a\n1,2\n\n\"x,y\"\n", required: ["a"])
    #expect(table.columns == ["b", "a"] && table.rows.map(\.line) == [2, 4])
    #expect(table.rows[0]["a"] == "2" && table.rows[0]["b"] == "1" && table.rows[0]["c"] == "")
    // A row that is too short has empty cells.
    #expect(table.rows[1]["b"] == "x,y" && table.rows[1]["a"] == "")
  }

  @Test(
    "Numbers of cells",
    arguments: [
      // cell, number, positive, at least one, whole from 1 to 10; "!" is refused, "" is none
      ("", "", "!", "", ""), ("5", "5.0", "5.0", "5.0", "5"), ("0", "0.0", "!", "!", "!"),
      ("1", "1.0", "1.0", "1.0", "1"), ("0.5", "0.5", "0.5", "!", "!"),
      ("2.5", "2.5", "2.5", "2.5", "!"), ("-1", "-1.0", "!", "!", "!"),
      ("11", "11.0", "11.0", "11.0", "!"), ("10", "10.0", "10.0", "10.0", "10"),
      ("1e3", "1000.0", "1000.0", "1000.0", "!"), ("1e16", "1e+16", "!", "!", "!"),
      ("nan", "!", "!", "!", "!"), ("inf", "!", "!", "!", "!"), ("1e999", "!", "!", "!", "!"),
      ("x", "!", "!", "!", "!"), ("1 ", "!", "!", "!", "!"),
    ])
  func numbers(
    _ cell: String, _ number: String, _ positive: String, _ atLeastOne: String, _ whole: String
  ) throws {
    let row = try Self.table("k,n\nx,\(cell)\n").rows[0]
    func text(_ value: () throws -> (some CustomStringConvertible)?) -> String {
      do { return try value().map { "\($0)" } ?? "" } catch {
        let problem = error as? FileProblem
        #expect(problem?.line == 2 && problem?.path == "n" && problem?.file == "t.csv")
        return "!"
      }
    }
    #expect(text { try row.number("n") } == number)
    #expect(text { try row.positive("n") as Double? } == positive)
    #expect(text { try row.atLeastOne("n") } == atLeastOne)
    #expect(text { try row.whole("n", 1...10) } == whole)
  }

  @Test func aTextMayBeNeeded() throws {
    let row = try Self.table("k,n\n,x\n").rows[0]
    #expect(try row.text("n") == "x")
    #expect(Self.problem { _ = try row.text("k") }?.path == "k")
    #expect(Self.problem { _ = try row.text("missing") }?.path == "missing")
    #expect(Self.problem { _ = try row.positive("n", most: 3) }?.line == 2)
  }

  @Test(
    "A file as a whole",
    arguments: [
      // text, part of the message, line
      ("", "empty", 0), ("\n\n", "empty", 0), ("amont\n1\n", "'amount'", 1),
      ("amont\n1\n", "'amont'", 1), ("x\n1\n", "'amount'", 1), ("\"amount\n", "quoted", 1),
      ("amount\n\"1\"x\n", "quoted", 2),
    ])
  func files(_ text: String, _ part: String, _ line: Int) {
    let problem = Self.problem { _ = try Self.table(text, required: ["amount"]) }
    #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "taken")")
    #expect(problem?.line == line && problem?.file == "t.csv")
  }

  @Test func aFileIsReadFromItsPath() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("t.csv", "\u{FEFF}a,b\r\n1,\"two\nlines\"\r\n")
    let table = try SmallTable(path: path, required: ["a", "b"])
    #expect(table.rows.count == 1 && table.rows[0]["b"] == "two\nlines")
    let missing = Self.problem { _ = try SmallTable(path: directory.path + "/no", required: []) }
    #expect(missing?.file == directory.path + "/no")
  }
}

@Suite("Files named on a command line")
struct UserFileTests {
  @Test func aFilesTextIsRead() throws {
    let directory = try TemporaryDirectory()
    #expect(try UserFile.text(directory.write("a", "é\r\n")) == "é\r\n")
    #expect(try UserFile.text(directory.write("b", "")) == "")
  }

  @Test func whatCannotBeReadIsToldWithItsName() throws {
    let directory = try TemporaryDirectory()
    let binary = try directory.write("c", Data([0x61, 0xFF, 0xFE]))
    for path in [directory.path + "/none", directory.path, binary] {
      let problem = #expect(throws: FileProblem.self) { try UserFile.text(path) }
      #expect(problem?.file == path && problem?.message.isEmpty == false)
    }
    let none = #expect(throws: FileProblem.self) { try UserFile.text(directory.path + "/none") }
    #expect(none?.message.contains("no such file") == true)
  }
}
