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

  public static func text(_ progress: SpreadProgress) -> String {
    JSON.text(
      "solvent.partial/v1",
      PartialJSON(
        paths: progress.done, of: progress.of, ruin: progress.ruin.value,
        standardError: progress.ruin.standardError))
  }
}
