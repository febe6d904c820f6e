// SPDX-License-Identifier: Apache-2.0

/// Answers that are known, by the digest of what was asked: simulations and searches give the same bytes
/// for the same question, whoever computes them. The answers that were asked for least lately go when there
/// is no room.
struct ResultCache<Answer>: ~Copyable {
  /// Names a question.
  typealias Key = [UInt8]

  private struct Entry {
    let answer: Answer
    let bytes: Int
    var lastUse: UInt64
  }

  /// Bytes of all answers at most.
  let bytesMax: Int
  private var entries: [Key: Entry] = [:]
  private var uses: UInt64 = 0
  private(set) var bytes = 0

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  var count: Int { entries.count }

  /// A known answer.
  mutating func answer(_ key: Key) -> Answer? {
    uses += 1
    entries[key]?.lastUse = uses
    return entries[key]?.answer
  }

  /// Keeps an answer; one that is larger than a quarter of the room is not kept.
  mutating func keep(_ answer: Answer, bytes size: Int, for key: Key) {
    guard size <= bytesMax / 4, entries[key] == nil else { return }
    uses += 1
    entries[key] = Entry(answer: answer, bytes: size, lastUse: uses)
    bytes += size
    while bytes > bytesMax, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      bytes -= oldest.value.bytes
      entries[oldest.key] = nil
    }
  }
}
