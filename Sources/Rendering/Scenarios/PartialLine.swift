// SPDX-License-Identifier: Apache-2.0

public import ClusterAPI
import Runway

/// What a simulation knows while it runs, as a line of JSON.
public enum PartialLine {
  /// `solvent.partial/v1`
  private struct PartialJSON: Encodable {
    var paths: UInt64
    var of: UInt64
    var ruin: Double
    var standardError: Double
  }

  public static func text(_ partial: Simulator.Partial) -> String {
    JSON.text(
      "solvent.partial/v1",
      PartialJSON(
        paths: partial.paths, of: partial.ofPaths, ruin: partial.ruin.value,
        standardError: partial.ruin.standardError))
  }
}
