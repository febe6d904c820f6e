// SPDX-License-Identifier: Apache-2.0

import Host
import Rendering

extension Failure {
  /// Writes it to standard error: in words, or where the answer would be JSON, as JSON.
  func report() {
    guard !message.isEmpty else { return }
    guard OutputOptions.wantsJSON(CommandLine.arguments) else { return Terminal.error(message) }
    Terminal.note(JSON.text("solvent.error/v1", ErrorJSON(code: code, message: message)))
  }

  private struct ErrorJSON: Encodable {
    var code: Int32
    var message: String
  }
}
