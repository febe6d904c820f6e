// SPDX-License-Identifier: Apache-2.0

import Foundation
import Rendering
import Synchronization

/// Standard output carries the answer and nothing else; standard error carries the rest.
enum Terminal {
  static let isOutputTerminal = isatty(1) == 1
  static let isErrorTerminal = isatty(2) == 1

  /// Colour only where it helps and is wanted (https://no-color.org).
  private static func hasColour(_ isTerminal: Bool) -> Bool {
    let environment = ProcessInfo.processInfo.environment
    return isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
      && !CommandLine.arguments.contains("--no-color")
  }

  private static let isUnicode: Bool = {
    let environment = ProcessInfo.processInfo.environment
    let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
    // Without any locale set the text still is UTF-8 nearly everywhere.
    return locale.isEmpty || locale.lowercased().contains("utf")
  }()

  /// Columns of the terminal, or of a page.
  static var width: Int {
    if let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap({ Int($0) }) {
      return max(40, columns)
    }
    var size = winsize()
    if isOutputTerminal, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      return Int(size.ws_col)
    }
    return 120
  }

  /// A page of standard output.
  static func page(_ format: OutputFormat) -> Page {
    Page(format, width: width, isEmphatic: hasColour(isOutputTerminal)) { write($0, to: 1) }
  }

  /// Writes a line of the answer. When nobody reads any more, the program ends quietly.
  static func print(_ line: String = "") { write(line + "\n", to: 1) }

  static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array((isUnicode ? text : ascii(text)).utf8)
    var at = 0
    while at < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + at, bytes.count - at)
      }
      if count > 0 {
        at += count
      } else if errno == EPIPE {
        Foundation.exit(0)
      } else if errno != EINTR {
        return
      }
    }
  }

  private static func ascii(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "·": result += "-"
      case "−", "–", "—": result += "-"
      case "×": result += "x"
      case "…": result += "..."
      case "→": result += "->"
      case "▁", "▂": result += "_"
      case "▃", "▄", "▅": result += "-"
      case "▆", "▇", "█": result += "="
      default: result += scalar.isASCII ? String(scalar) : "?"
      }
    }
    return result
  }

  static func note(_ message: String) { write(message + "\n", to: 2) }

  static func error(_ message: String) {
    let word = hasColour(isErrorTerminal) ? "\u{1B}[31merror:\u{1B}[0m" : "error:"
    write("\(word) \(message)\n", to: 2)
  }
}
