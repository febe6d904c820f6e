// SPDX-License-Identifier: Apache-2.0

import Economics
import Foundation
import Rendering
import Reporting
import Synchronization

/// A page whose text is kept.
final class TextPage: Sendable {
  private let pieces = Mutex<[String]>([])

  var text: String { pieces.withLock { $0.joined() } }
  var lines: [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  func page(_ format: OutputFormat, width: Int = 80, isEmphatic: Bool = false) -> Page {
    Page(format, width: width, isEmphatic: isEmphatic) { piece in
      self.pieces.withLock { $0.append(piece) }
    }
  }

  /// What `print` writes.
  static func text(
    _ format: OutputFormat, width: Int = 80, _ print: (Page) -> Void
  ) -> String {
    let kept = TextPage()
    print(kept.page(format, width: width))
    return kept.text
  }

  static func lines(
    _ format: OutputFormat, width: Int = 80, _ print: (Page) -> Void
  ) -> [String] {
    let kept = TextPage()
    print(kept.page(format, width: width))
    return kept.lines
  }

  /// The JSON object that `print` writes.
  static func object(_ print: (Page) -> Void) throws -> [String: Any] {
    let text = text(.json, print)
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    guard text.hasSuffix("\n"), text.dropLast().allSatisfy({ $0 != "\n" }),
      let object = value as? [String: Any]
    else { throw BatchError("not one line with an object: \(text)") }
    return object
  }

  /// The records of the CSV that `print` writes, by the names in the first.
  static func records(_ print: (Page) -> Void) -> [[String: String]] {
    let lines = lines(.csv, print).map(CSVTextTests.read)
    guard let names = lines.first else { return [] }
    return lines.dropFirst().map {
      Dictionary(zip(names, $0), uniquingKeysWith: { $1 })
    }
  }
}
