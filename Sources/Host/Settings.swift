// SPDX-License-Identifier: Apache-2.0

import Configuration
import Foundation

/// What the environment says of Solvent. An option on the command line goes before it, a default after.
///
/// | variable         | what it says                                     |
/// |------------------|--------------------------------------------------|
/// | `SOLVENT_DATA`   | the data directory                               |
/// | `SOLVENT_BROKER` | where the broker is                              |
/// | `SOLVENT_INSECURE_TCP` | `1`: a broker may listen at a tcp port without keys |
/// | `SOLVENT_FLEET`  | the directory of your additions to the catalogue |
/// | `XDG_DATA_HOME`  | where data of all programs is (XDG base directories, 0.8) |
/// | `HOME`           | the home directory                               |
///
/// An empty variable counts as not set.
public struct Settings: Sendable {
  private let reader: ConfigReader

  /// - Parameter environment: `nil` takes this process's.
  public init(environment: [String: String]? = nil) {
    reader = ConfigReader(
      provider: EnvironmentVariablesProvider(
        environmentVariables: environment ?? ProcessInfo.processInfo.environment))
  }

  private func text(_ key: ConfigKey) -> String? {
    reader.string(forKey: key).flatMap { $0.isEmpty ? nil : $0 }
  }

  public var dataDirectory: String? { text("solvent.data") }
  /// `ipc://DIRECTORY` or `tcp://127.0.0.1:PORT`.
  public var broker: String? { text("solvent.broker") }
  /// Whether a broker may listen at a tcp port without keys. What is neither `1`, `true` nor `yes` is no.
  public var insecureTCP: Bool {
    ["1", "true", "yes"].contains(text("solvent.insecure.tcp")?.lowercased())
  }
  public var fleetDirectory: String? { text("solvent.fleet") }

  /// Where data goes when nobody says otherwise: `$XDG_DATA_HOME/solvent`, else
  /// `~/.local/share/solvent`.
  public var defaultDataDirectory: String {
    let share = text("xdg.data.home") ?? "\(text("home") ?? "/tmp")/.local/share"
    return "\(share)/solvent"
  }
}
