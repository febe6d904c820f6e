// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Host
import Testing

@Suite("Options of services")
struct ServiceOptionsTests {
  @Test(
    "A name is one that files may have",
    arguments: [
      // name, is allowed
      ("worker-1", true), ("a.b_C", true), (String(repeating: "x", count: 64), true),
      (String(repeating: "x", count: 65), false), ("", false), ("a/b", false), ("..", false),
      (".hidden", false), ("a b", false), ("é", false),
    ])
  func names(_ name: String, _ isAllowed: Bool) {
    let options = try? ServiceOptions.parse(["--name", name])
    #expect((options != nil) == isAllowed)
  }

  @Test("Levels of logs are named", arguments: [("debug", true), ("loud", false)])
  func levels(_ level: String, _ isAllowed: Bool) {
    #expect(((try? ServiceOptions.parse(["--log-level", level])) != nil) == isAllowed)
  }
}
