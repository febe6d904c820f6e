// SPDX-License-Identifier: Apache-2.0

/// What an offered file is asked for by: 128 bits that nobody can guess, and that say nothing of the file.
///
/// A service that opens what it is told opens, with its own rights, whatever a peer can name. So whoever wants
/// a file read opens it, and only an open file changes hands:
///
///     the command line                    the service
///     opens the file
///     FileOffer(file) listens
///     request with `name`  ───────────>   name.fetch()
///                          <── connect ─
///     is it our user?                     is it our user?
///                          ─ descriptor ─>
///     close()                             reads it
///
/// The service fetches, instead of being given the file, so that it can do so again: when it is killed and the
/// request goes to its successor, that one knows nothing but the request.
public struct FileOfferName: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Every name begins so: a service connects to nothing else.
  public static let prefix = "solvent-file-"
  private static let digits = 32

  /// The name in the abstract namespace of local sockets (unix(7)), without its leading zero byte.
  public let text: String
  public var description: String { text }

  /// A new name.
  public init() {
    let bits = [UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)]
    let digits = bits.map { bits in
      let text = String(bits, radix: 16)
      return String(repeating: "0", count: Self.digits / 2 - text.count) + text
    }
    text = Self.prefix + digits.joined()
  }

  /// - Returns: `nil` for what is not such a name.
  public init?(_ text: String) {
    let digits = text.utf8.dropFirst(Self.prefix.utf8.count)
    guard text.hasPrefix(Self.prefix), digits.count == Self.digits,
      digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { return nil }
    self.text = text
  }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    guard let name = FileOfferName(try value.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: value, debugDescription: "is not the name of an offered file")
    }
    self = name
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(text)
  }
}
