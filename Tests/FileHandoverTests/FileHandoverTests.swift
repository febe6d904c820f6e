// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import FileHandover

@Suite("Handing over files", .timeLimit(.minutes(1)))
struct FileHandoverTests {
  let directory: TemporaryDirectory
  let file: FileDescriptor

  init() throws {
    directory = try TemporaryDirectory()
    let path = try directory.write("log.csv", "what was offered")
    file = try FileDescriptor.open(FilePath(path), .readOnly)
  }

  static func text(_ file: FileDescriptor) throws -> String {
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = try bytes.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: 0, into: $0) }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  @Test(
    "A name has one form",
    arguments: [
      // text, is a name
      ("solvent-file-0123456789abcdef0123456789abcdef", true),
      ("solvent-file-0123456789abcdef0123456789abcde", false),
      ("solvent-file-0123456789abcdef0123456789abcdef0", false),
      ("solvent-file-0123456789ABCDEF0123456789abcdef", false),
      ("solvent-file-0123456789abcdef0123456789abcde/", false),
      ("solvent-file-0123456789abcdef0123456789abcd\u{301}e", false),
      ("solvent-other-123456789abcdef0123456789abcdef", false),
      ("/etc/shadow", false), ("", false), ("@/tmp/.X11-unix/X0", false),
      ("\0solvent-file-0123456789abcdef0123456789abcdef", false),
    ])
  func names(_ text: String, _ isName: Bool) throws {
    #expect((FileOfferName(text) != nil) == isName)
    let json = try JSONEncoder().encode([text])
    let decoded = try? JSONDecoder().decode([FileOfferName].self, from: json)
    #expect(decoded?.first?.text == (isName ? text : nil))
  }

  @Test func newNamesAreNamesAndDiffer() {
    let names = (0..<1_000).map { _ in FileOfferName() }
    #expect(Set(names).count == 1_000)
    #expect(names.allSatisfy { FileOfferName($0.text) == $0 })
  }

  @Test func anOfferIsFetchedAsOftenAsSomebodyAsks() throws {
    let offer = try FileOffer(file)
    // The offer has its own descriptor, and the file may lose its name.
    try file.close()
    try FileManager.default.removeItem(atPath: "\(directory.path)/log.csv")
    let files = try (0..<3).map { _ in try offer.name.fetch() }
    for file in files {
      #expect(try Self.text(file) == "what was offered")
      // A child must not inherit it.
      #expect(fcntl(file.rawValue, F_GETFD) & FD_CLOEXEC != 0)
    }
    offer.close()
    // What was fetched stays.
    for file in files {
      #expect(try Self.text(file) == "what was offered")
      try file.close()
    }
  }

  @Test func twoOffersAreTwoFiles() throws {
    let other = try FileDescriptor.open(
      FilePath(try directory.write("other", "another")), .readOnly)
    let offers = [try FileOffer(file), try FileOffer(other)]
    let texts = try offers.map { offer in
      let fetched = try offer.name.fetch()
      return try fetched.closeAfter { try Self.text(fetched) }
    }
    #expect(texts == ["what was offered", "another"])
    try other.close()
  }

  @Test func whatIsNotOfferedIsGone() async throws {
    #expect(throws: FileHandoverError(.gone)) { try FileOfferName().fetch() }
    let offer = try FileOffer(file)
    offer.close()
    // Dispatch closes the socket when its handler is through: then or before, nobody is left waiting.
    while true {
      let fetched: FileDescriptor
      do throws(FileHandoverError) {
        fetched = try offer.name.fetch()
      } catch {
        #expect(error.kind == .gone)
        break
      }
      try fetched.close()
      await Task.yield()
    }
  }

  @Test func whoeverAcceptsAndSaysNothingIsNotWaitedForLong() throws {
    let name = FileOfferName()
    let listener = try LocalSocket.make()
    LocalSocket.withAddress(name) { address, length in
      #expect(bind(listener.rawValue, address, length) == 0 && listen(listener.rawValue, 1) == 0)
    }
    #expect(throws: FileHandoverError(.silent)) { try name.fetch(patience: 1) }
    try listener.close()
  }

  @Test func onlyRegularFilesChangeHands() throws {
    let (reading, writing) = try FileDescriptor.pipe()
    let folder = try FileDescriptor.open(FilePath(directory.path), .readOnly)
    for file in [reading, folder] {
      let offer = try FileOffer(file)
      #expect(throws: FileHandoverError(.notAFile)) { try offer.name.fetch() }
      try file.close()
    }
    try writing.close()
    #expect(throws: FileHandoverError(.system(EBADF))) {
      try FileOffer(FileDescriptor(rawValue: -1))
    }
  }

  // MARK: Other users

  static let python = ProcessInfo.processInfo.environment["SOLVENT_PYTHON"]
  static let canBeAnother = geteuid() == 0 && python != nil

  /// Runs a script as another user, with a name as its argument, until it has said a line.
  /// - Parameter then: called after that line.
  static func asAnother(
    _ script: String, _ name: FileOfferName, then: () throws -> Void = {}
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    process.arguments = [
      "-c",
      """
      import os, socket, sys
      os.setgroups([]); os.setgid(65534); os.setuid(65534)
      s = socket.socket(socket.AF_UNIX)
      address = "\\0" + sys.argv[1]
      \(script)
      """, name.text,
    ]
    let (said, hold) = (Pipe(), Pipe())
    process.standardOutput = said
    process.standardInput = hold
    try process.run()
    var line = ""
    while let byte = try said.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
      byte != Data([0x0A])
    {
      line += String(decoding: byte, as: UTF8.self)
    }
    try then()
    try hold.fileHandleForWriting.close()
    process.waitUntilExit()
    return line
  }

  @Test(.enabled(if: canBeAnother, "needs root and SOLVENT_PYTHON, to be another user"))
  func anotherUserGetsNothing() throws {
    let offer = try FileOffer(file)
    let got = try Self.asAnother(
      """
      s.connect(address)
      message, files, _, _ = socket.recv_fds(s, 10, 1)
      print(len(message), len(files), flush=True)
      """, offer.name)
    #expect(got == "0 0")
    let fetched = try offer.name.fetch()
    #expect(try fetched.closeAfter { try Self.text(fetched) } == "what was offered")
  }

  @Test(.enabled(if: canBeAnother, "needs root and SOLVENT_PYTHON, to be another user"))
  func fromAnotherUserNothingIsTaken() throws {
    let name = FileOfferName()
    let said = try Self.asAnother(
      """
      s.bind(address); s.listen()
      print("listening", flush=True)
      connection, _ = s.accept()
      try:
        socket.send_fds(connection, b"F", [os.open("/etc/hostname", os.O_RDONLY)])
      except OSError:
        pass
      sys.stdin.read()
      """, name
    ) {
      #expect(throws: FileHandoverError(.otherUser)) { try name.fetch() }
    }
    #expect(said == "listening")
  }
}
