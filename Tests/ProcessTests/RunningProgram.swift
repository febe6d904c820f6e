// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A program that runs beside the test and is heard by its standard error; it ends with its owner.
final class RunningProgram: @unchecked Sendable {
  // Sendable: made, read and ended by the one test that owns it.
  private let process = Process()
  private let log = Pipe()
  /// What it said so far.
  private(set) var said = ""

  /// - Parameters:
  ///   - program: one of ours by its name, any other by its path.
  ///   - limits: of the shell's `ulimit`, such as `-n 64`, that it runs under.
  init(
    _ program: String, _ arguments: [String], limits: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    let path = program.hasPrefix("/") ? program : "\(Binaries.folder)/\(program)"
    process.executableURL = URL(fileURLWithPath: limits == nil ? path : "/bin/sh")
    process.arguments =
      limits.map { ["-c", "ulimit \($0) && exec \"$0\" \"$@\"", path] + arguments } ?? arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = log
    try process.run()
  }

  deinit { stop() }

  var pid: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  /// Reads on until it says these words.
  /// - Returns: `false` when it ended without.
  func says(_ words: String) throws -> Bool {
    while !said.contains(words) {
      // Byte by byte: more would wait for words that may never come.
      guard let byte = try log.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
        return false
      }
      said += String(decoding: byte, as: UTF8.self)
    }
    return true
  }

  /// Asks it to end (SIGTERM).
  func terminate() { process.terminate() }

  /// Waits until it has ended by itself.
  func end() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  @discardableResult
  func stop() -> Int32 {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
    return process.terminationStatus
  }
}
