// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Every example in a doc comment is one that this target compiles and runs.
@Suite("Examples")
struct ExampleTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func sources(under folder: String) throws -> [String] {
    let files = FileManager.default.enumerator(
      at: root.appending(path: folder), includingPropertiesForKeys: nil)
    return try (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
      .map { try String(contentsOf: $0, encoding: .utf8) }
  }

  /// The lines between ```` ```swift ```` and the closing fence in doc comments, without indentation.
  static func examples(in source: String) -> [String] {
    var (examples, current): ([String], [String]?) = ([], nil)
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = line.trimmingCharacters(in: .whitespaces)
      guard text.hasPrefix("///") else { continue }
      let code = text.dropFirst(3).trimmingCharacters(in: .whitespaces)
      if code == "```swift" {
        current = []
      } else if code == "```", let lines = current {
        examples.append(lines.joined(separator: "\n"))
        current = nil
      } else {
        current?.append(code)
      }
    }
    return examples
  }

  @Test func everyExampleIsCompiled() throws {
    let compiled = try Self.sources(under: "Tests/ExampleTests").map { source in
      source.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        .joined(separator: "\n")
    }
    let examples = try Self.sources(under: "Sources").flatMap(Self.examples)
    #expect(examples.count >= 16)
    for example in examples {
      #expect(compiled.contains { $0.contains(example) }, "\(example)")
    }
  }
}
