// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Foundation
import Host

/// Where a price book is written, and from when on it holds.
struct BookOptions: ParsableArguments {
  @Option(help: "Provider in the price book.")
  var provider = "own"

  @Option(help: "Model in the price book. Default: the model's name.")
  var called: String?

  @Option(help: "Date from which the rates apply: 2026-12-01. Default: today.")
  var from: String?

  @Option(
    help: "Write the price book to this file instead of standard output.", completion: .file())
  var to: String?

  func validate() throws {
    if let from, ISO8601DateFormatter.day(from) == nil {
      throw ValidationError("'\(from)' is not a valid date for --from; write 2026-12-01")
    }
  }

  var today: String {
    ISO8601DateFormatter.string(from: Date(), timeZone: .gmt, formatOptions: .withFullDate)
  }

  /// A price book of one entry.
  func book(
    model: String, input: Double, output: Double, source: String, evidence: String, note: String
  ) -> String {
    OwnRatesFile.book(
      .init(
        provider: provider, model: called ?? model, from: from ?? today, today: today,
        input: input, output: output, source: source, evidence: evidence, note: note))
  }

  /// Writes a file that is not there yet.
  static func write(_ text: String, to path: String?) throws {
    guard let path else { return Terminal.write(text, to: 1) }
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
    } catch {
      throw Failure(ExitStatus.failed, "\(path): \(error.localizedDescription)")
    }
  }
}

extension ISO8601DateFormatter {
  /// Midnight UTC of a date.
  static func day(_ text: String) -> Date? {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = .withFullDate
    guard text.utf8.count == 10, let date = formatter.date(from: text),
      formatter.string(from: date) == text
    else { return nil }
    return date
  }
}
