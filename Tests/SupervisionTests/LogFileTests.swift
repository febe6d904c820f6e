// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Supervision

@Suite("Log files")
struct LogFileTests {
  let folder: TemporaryDirectory
  let file: LogFile

  init() throws {
    folder = try TemporaryDirectory()
    file = LogFile(path: "\(folder.path)/broker.log", bytesMax: 100)
  }

  func text(_ suffix: String = "") -> String? {
    try? String(contentsOfFile: file.path + suffix, encoding: .utf8)
  }

  func write(_ text: String) throws {
    let descriptor = try file.open()
    try descriptor.closeAfter { _ = try descriptor.writeAll(text.utf8) }
  }

  @Test("At a start a file that is too long becomes the former one")
  func opening() throws {
    let (a, b) = (String(repeating: "a", count: 101), String(repeating: "b", count: 100))
    try write(a)
    try write(b)
    #expect(text() == b && text(".1") == a)
    // It may be full, and no more.
    try write("c")
    #expect(text() == b + "c" && text(".1") == a)
    try write("d")
    #expect(text() == "d" && text(".1") == b + "c")
  }

  @Test func whatARunningProcessWroteIsCutOffAndItGoesOn() throws {
    let descriptor = try file.open()
    var said = ""
    var kept = ""
    for number in 0..<200 {
      let line = "line \(number)\n"
      said += line
      _ = try descriptor.writeAll(line.utf8)
      let before = try #require(text())
      try file.trim()
      let now = try #require(text())
      #expect(now.utf8.count <= 100)
      if now.isEmpty {
        #expect(text(".1") == before)
        kept += before
      } else {
        #expect(now == before)
      }
    }
    try descriptor.close()
    // Every line once, in order: nobody wrote between the two steps.
    #expect(try kept + #require(text()) == said)
  }

  @Test func aFileThatCannotBeCopiedIsCutOffAllTheSameAndThatIsSaidOnce() throws {
    let said = Mutex<[String]>([])
    let keeper = LogKeeper([file]) { line in said.withLock { $0.append(line) } }
    // In the way of the copy.
    let obstacle = "\(file.path).1"
    try FileManager.default.createDirectory(
      atPath: obstacle, withIntermediateDirectories: false)
    let descriptor = try file.open()
    for _ in 0..<3 {
      _ = try descriptor.writeAll(String(repeating: "x", count: 101).utf8)
      keeper.look()
      #expect(text() == "")
    }
    #expect(said.withLock { $0.count } == 1)
    try FileManager.default.removeItem(atPath: obstacle)
    keeper.look()
    try FileManager.default.createDirectory(
      atPath: obstacle, withIntermediateDirectories: false)
    _ = try descriptor.writeAll(String(repeating: "x", count: 101).utf8)
    keeper.look()
    try descriptor.close()
    #expect(said.withLock { $0 } == Array(repeating: said.withLock { $0[0] }, count: 2))
  }

  @Test func aFileThatIsNotThereIsLeftAlone() throws {
    try file.trim()
    #expect(text() == nil)
  }
}
