// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Cluster
import Host
import Testing
import ZeroMQ

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

  @Test func aBrokerListensAtAPortOnlyWhenThatIsAskedFor() throws {
    let port = ["--broker", "tcp://127.0.0.1:7400"]
    for (arguments, isOpen) in [(port, false), (port + ["--insecure-tcp"], true)] {
      let address = try ServiceOptions.parse(arguments).brokerAddress()
      for endpoint in [address.client, address.worker, address.stream] {
        #expect(endpoint.isOpenToAll == isOpen)
      }
    }
  }

  @Test("Levels of logs are named", arguments: [("debug", true), ("loud", false)])
  func levels(_ level: String, _ isAllowed: Bool) {
    #expect(((try? ServiceOptions.parse(["--log-level", level])) != nil) == isAllowed)
  }
}
