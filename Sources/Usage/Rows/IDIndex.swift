// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Economics

/// The ids of events that were accepted, for sources that give ids. It forgets nothing: an id that
/// comes again after years is still a duplicate.
///
/// It holds 32 bytes an id in memory (5 million ids: about 300 MB with the table's slack) and is
/// rebuilt from the journal at start.
public final class IDIndex {
  /// 16 bytes that stand for (source, id).
  public struct ID: Hashable, Sendable {
    /// The first 8 bytes, big-endian.
    public var high: UInt64
    /// The last 8 bytes, big-endian.
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    /// The first half of SHA-256 of the source, a zero byte and the id.
    init(source: String, id: UnsafeRawBufferPointer) {
      var hash = SHA256()
      hash.update(data: Array(source.utf8))
      hash.update(data: [0])
      hash.update(bufferPointer: id)
      let bytes = Array(hash.finalize())
      func word(_ at: Int) -> UInt64 { bytes[at..<at + 8].reduce(0) { $0 << 8 | UInt64($1) } }
      high = word(0)
      low = word(8)
    }

    /// It is a hash already.
    public func hash(into hasher: inout Hasher) { hasher.combine(low) }
  }

  /// What is known about an id.
  public enum Finding: Sendable {
    case new
    /// The same id with the same content.
    case duplicate
    /// The same id with other content.
    case conflict
  }

  private var contents: [ID: UInt64] = [:]

  /// An index without ids.
  public init() {}

  /// The number of ids.
  public var count: Int { contents.count }

  /// What is known of an id.
  public func find(_ id: ID, content: UInt64) -> Finding {
    guard let known = contents[id] else { return .new }
    return known == content ? .duplicate : .conflict
  }

  /// Forgets an event that was not accepted after all.
  public func remove(_ id: ID) { contents[id] = nil }

  /// Forgets all events of a batch that did not become durable.
  public func remove(idsOf batch: UsageBatch) {
    batch.ids.withUnsafeBytes { raw in
      for row in 0..<(raw.count / 16) {
        remove(
          ID(
            high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16 * row, as: UInt64.self)),
            low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16 * row + 8, as: UInt64.self))
          ))
      }
    }
  }

  /// Remembers an accepted event.
  public func insert(_ id: ID, content: UInt64) { contents[id] = content }
}

/// A hash of a row's bytes: distinguishes a repeated event from one that was changed. Not for security.
enum ContentHash {
  static func of(_ start: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let raw = UnsafeRawPointer(start)
    var at = 0
    while at + 8 <= count {
      hash =
        (hash ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian)
        &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
      at += 8
    }
    while at < count {
      hash = (hash ^ UInt64(start[at])) &* 0x0000_0100_0000_01B3
      at += 1
    }
    hash ^= UInt64(count)
    return hash ^ (hash >> 32)
  }
}
