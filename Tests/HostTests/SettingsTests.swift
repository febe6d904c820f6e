// SPDX-License-Identifier: Apache-2.0

import Host
import Testing

@Suite("Settings")
struct SettingsTests {
  @Test(
    arguments: [
      // what, environment, given on the command line, data directory
      ("an option goes first", ["SOLVENT_DATA": "/e", "HOME": "/h"], "/o", "/o"),
      (
        "then the variable", ["SOLVENT_DATA": "/e", "XDG_DATA_HOME": "/x", "HOME": "/h"], nil, "/e"
      ),
      ("then XDG", ["XDG_DATA_HOME": "/x", "HOME": "/h"], nil, "/x/solvent"),
      ("then home", ["HOME": "/h"], nil, "/h/.local/share/solvent"),
      (
        "empty counts as not set", ["SOLVENT_DATA": "", "HOME": "/h"], nil,
        "/h/.local/share/solvent"
      ),
      ("without a home", [:], nil, "/tmp/.local/share/solvent"),
      ("paths are made plain", [:], "/a/../b/./c", "/b/c"),
    ] as [(String, [String: String], String?, String)])
  func theDataDirectory(
    what: String, environment: [String: String], option: String?, directory: String
  ) {
    let settings = Settings(environment: environment)
    #expect(DataDirectory(data: option, settings: settings).data == directory, "\(what)")
  }

  @Test func theRestIsTakenAsItIs() {
    let settings = Settings(environment: [
      "SOLVENT_BROKER": "tcp://127.0.0.1:7400", "SOLVENT_FLEET": "/fleet",
    ])
    #expect(settings.broker == "tcp://127.0.0.1:7400" && settings.fleetDirectory == "/fleet")
    #expect(Settings(environment: [:]).broker == nil)
  }

  @Test(
    "A port without keys is asked for in so many words",
    arguments: [
      ("1", true), ("TRUE", true), ("yes", true), ("0", false), ("no", false), ("", false),
    ])
  func insecureTCP(_ value: String, _ isOpen: Bool) {
    #expect(Settings(environment: ["SOLVENT_INSECURE_TCP": value]).insecureTCP == isOpen)
  }

  /// A Unix socket's path holds 107 bytes.
  @Test func aLongDirectoryGetsAShortStandInForItsSockets() {
    let long = "/" + String(repeating: "d", count: 120)
    let (a, b) = (DataDirectory(data: long), DataDirectory(data: long + "e"))
    #expect(a.run.utf8.count < 60 && a.run != b.run)
    #expect(DataDirectory(data: "/short").run == "/short/run")
    #expect(DataDirectory(data: "/short").broker == "ipc:///short/run")
  }
}
