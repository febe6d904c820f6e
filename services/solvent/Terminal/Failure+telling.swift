// SPDX-License-Identifier: Apache-2.0

import Host

extension Failure {
  /// Tells it on standard error: in words, or where the answer would be JSON, as JSON.
  func tell() {
    guard !message.isEmpty else { return }
    guard OutputOptions.wantsJSON(CommandLine.arguments) else { return Terminal.error(message) }
    let object = JSONText.object([
      ("schema", .string("solvent.error/v1")), ("code", .number("\(code)")),
      ("message", .string(message)),
    ])
    Terminal.note(object.text)
  }
}
