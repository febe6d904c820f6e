// SPDX-License-Identifier: Apache-2.0

import Cluster

/// A failure with the words for a person and the code for a script.
public struct Failure: Error {
  /// The exit code, one of ``ExitStatus``.
  public let code: Int32
  /// One sentence for a person.
  public let message: String

  public init(_ code: Int32, _ message: String) {
    self.code = code
    self.message = message
  }

  /// What a question to the cluster failed with.
  public init(asking error: any Error) {
    switch error {
    case let failure as Failure:
      self = failure
    case let error as ClientError:
      switch error.kind {
      case .unreachable, .version, .unserved: self.init(ExitStatus.unreachable, error.description)
      case .noAnswer:
        self.init(
          ExitStatus.tryAgain, "\(error.description); see: solvent workers, solvent doctor")
      case .refused: self.init(ExitStatus.failed, error.description)
      }
    default:
      self.init(ExitStatus.failed, "\(error)")
    }
  }
}
