// SPDX-License-Identifier: Apache-2.0

/// A problem in a file that a person wrote: where it is, what is wrong, what is allowed.
public struct FileProblem: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file's path, or what the file is called in messages.
  public let file: String
  /// 1-based; 0 when the whole file is meant.
  public let line: Int
  /// The path of keys: `models[3].rates[0].from`.
  public let path: String
  /// What is wrong and what is allowed, without the position.
  public let message: String

  public init(file: String, line: Int = 0, path: String = "", _ message: String) {
    self.file = file
    self.line = line
    self.path = path
    self.message = message
  }

  /// `FILE:LINE: PATH: MESSAGE`; line and path only where they are known.
  public var description: String {
    let place = line > 0 ? "\(file):\(line)" : file
    return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
  }
}
