// SPDX-License-Identifier: Apache-2.0

/// The exit codes of `docs/CLI.md`.
public enum ExitStatus {
  /// Any failure without a code of its own.
  public static let failed: Int32 = 1
  /// A file that the user wrote (prices, mapping) is wrong.
  public static let badFile: Int32 = 2
  /// Imported, but some rows were quarantined.
  public static let quarantined: Int32 = 3
  /// A log as a whole could not be read.
  public static let refused: Int32 = 4
  /// Damage, or the disk does not take it.
  public static let storage: Int32 = 5
  /// Some usage is unpriced (EX_DATAERR of sysexits.h).
  public static let dataError: Int32 = 65
  /// No broker answers (EX_UNAVAILABLE).
  public static let unreachable: Int32 = 69
  /// A temporary failure (EX_TEMPFAIL).
  public static let tryAgain: Int32 = 75
  /// The configuration is wrong (EX_CONFIG).
  public static let badConfiguration: Int32 = 78
}
