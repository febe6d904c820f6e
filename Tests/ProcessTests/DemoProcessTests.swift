// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Demo", .serialized, .timeLimit(.minutes(2)))
struct DemoProcessTests {
  private static func lines() throws -> [String] {
    let output = try Binaries.run(["demo"], environment: ["COLUMNS": "80", "NO_COLOR": "1"])
    #expect(output.status == 0, "\(output.err)")
    return output.out.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map(String.init)
  }

  /// How long the booking took is all that may differ from one run to the next.
  private static func timeless(_ lines: [String]) -> [String] {
    lines.map { $0.replacing(/in \d+ ms/, with: "in MS") }
  }

  @Test func fitsTheFirstScreen() throws {
    let lines = try Self.lines()
    #expect(lines.count <= 24)
    for line in lines { #expect(line.count <= 80, "\(line)") }
  }

  @Test func saysWhatTheReadmeShowsEveryTime() throws {
    let readme = try String(
      contentsOf: Binaries.repository.appending(path: "README.md"), encoding: .utf8)
    let blocks = readme.components(separatedBy: "```")
    let shown = try #require(blocks.first { $0.contains("A ChatGPT-like service") })
      .trimmingCharacters(in: .newlines).components(separatedBy: "\n")
    let first = Self.timeless(try Self.lines())
    #expect(first == Self.timeless(shown))
    #expect(first == Self.timeless(try Self.lines()))
  }
}
