// SPDX-License-Identifier: Apache-2.0

/// A dotted release number, compared by its parts: 4.3.10 is newer than 4.3.4.
public struct ReleaseNumber: Comparable {
  private let parts: [Int]

  public init(_ text: String) { parts = text.split(separator: ".").map { Int($0) ?? 0 } }

  public static func < (a: ReleaseNumber, b: ReleaseNumber) -> Bool {
    a.parts.lexicographicallyPrecedes(b.parts)
  }
}
