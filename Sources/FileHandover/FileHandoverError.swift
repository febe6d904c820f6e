// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Why an open file did not change hands.
public struct FileHandoverError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What went wrong, for a program to act on.
  public enum Kind: Equatable, Sendable {
    /// Nobody offers it (any more).
    case gone
    /// Who offers it does not answer.
    case silent
    /// Another user offers it.
    case otherUser
    /// What came is not a regular file.
    case notAFile
    /// The system refused, with this error number.
    case system(Int32)
  }

  public let kind: Kind
  /// The reason in words for a person, to be read after the file's name.
  public let description: String

  init(_ kind: Kind) {
    self.kind = kind
    description =
      switch kind {
      case .gone: "is no longer offered: the program that asked for its import has ended"
      case .silent: "is not handed over: the program that asked for its import does not answer"
      case .otherUser: "is offered by another user; imports are for the service's own user"
      case .notAFile: "is not a regular file"
      case .system(let number): "cannot be handed over: \(Errno(rawValue: number))"
      }
  }

  init(_ number: Int32) { self.init(.system(number)) }
}
