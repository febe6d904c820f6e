// SPDX-License-Identifier: Apache-2.0

/// Finds what somebody probably meant.
public enum Spelling {
  /// Nobody meant a longer word, in bytes; comparing takes time in proportion to the product of lengths.
  private static let wordBytesMax = 64

  /// The nearest of `words` by edit distance (Levenshtein), if it is near at all; `nil` for a word of more
  /// than 64 bytes.
  public static func nearest(to word: String, among words: [String]) -> String? {
    guard word.utf8.count <= wordBytesMax else { return nil }
    let scored = words.map { ($0, distance(word.lowercased(), $0.lowercased())) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(2, word.count / 3) else {
      return nil
    }
    return best.0
  }

  /// The end of a message: `; did you mean 'cash'?`, or nothing.
  public static func hint(for word: String, among words: [String]) -> String {
    nearest(to: word, among: words).map { "; did you mean '\($0)'?" } ?? ""
  }

  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[b.count]
  }
}
