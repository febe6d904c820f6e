// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import Cluster

@Suite("Silent brokers")
struct SilenceTests {
  @Test(
    "A broker of another user is named as such",
    arguments: [
      // finding, words of the sentence
      (BrokerAddress.Finding.nothing, ["no broker answers at ipc:///d/run", "solvent up"]),
      (
        .foreignSocket(owner: 0),
        ["the broker at ipc:///d/run belongs to user root", "sudo -u root"]
      ),
      (.foreignSocket(owner: 3_999_999_999), ["user 3999999999", "sudo -u '#3999999999'"]),
      (.closedDirectory(path: "/d", owner: 0), ["the directory /d belongs to user root", "sudo"]),
    ])
  func sentence(_ finding: BrokerAddress.Finding, _ words: [String]) throws {
    let sentence = try BrokerAddress("ipc:///d/run").reasonForSilence(finding)
    for word in words { #expect(sentence.contains(word)) }
  }

  @Test func anAddressWithoutAFileSaysNothing() throws {
    for address in ["tcp://127.0.0.1:1", "ipc://@name", "inproc://name", "ipc:///nowhere/at/all"] {
      #expect(try BrokerAddress(address).finding() == .nothing)
    }
  }

  @Test func ourOwnSocketSaysNothing() throws {
    let folder = try TemporaryPath()
    try Data().write(to: URL(fileURLWithPath: "\(folder.path)/client"))
    #expect(try BrokerAddress("ipc://\(folder.path)").finding() == .nothing)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to give a file away"))
  func anothersSocketIsSeen() throws {
    let folder = try TemporaryPath()
    let path = "\(folder.path)/client"
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(chown(path, 65_534, 65_534) == 0)
    #expect(
      try BrokerAddress("ipc://\(folder.path)").finding() == .foreignSocket(owner: 65_534))
  }
}
