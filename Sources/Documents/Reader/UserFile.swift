// SPDX-License-Identifier: Apache-2.0

public import Economics
import Foundation

/// Files that people name on a command line.
public enum UserFile {
  /// The text of a file.
  /// - Throws: ``FileProblem``: it is not there, must not be read, or is not UTF-8.
  public static func text(_ path: String) throws(FileProblem) -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw FileProblem(file: path, reason(error))
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FileProblem(file: path, "is not UTF-8 text")
    }
    return text
  }

  private static func reason(_ error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileReadNoSuchFile, .fileNoSuchFile: "no such file"
    case .fileReadNoPermission: "this user has no permission to read it"
    default: "cannot be read: \(error.localizedDescription)"
    }
  }
}
