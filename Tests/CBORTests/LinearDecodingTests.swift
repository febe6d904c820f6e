// SPDX-License-Identifier: Apache-2.0

#if DEBUG
  import CBOR
  import Testing

  /// A message is looked at once, however its keys are asked for: a map of 16,000 filters must not
  /// stop a thread.
  @Suite("Decoding takes as long as the message is")
  struct LinearDecodingTests {
    /// How a type asks for the keys of a map.
    enum Order: CaseIterable, Sendable { case ascending, descending, inside, absent, twice }

    /// Asks for the keys 0, 10, 20, … of a map in an order.
    struct Asked: Decodable {
      @TaskLocal static var order = Order.ascending

      struct Key: CodingKey {
        var intValue: Int?
        var stringValue: String { "\(intValue ?? -1)" }
        init(_ number: Int) { intValue = number }
        init?(intValue: Int) { self.init(intValue) }
        init?(stringValue: String) { nil }
      }

      init(from decoder: any Decoder) throws {
        let map = try decoder.container(keyedBy: Key.self)
        let count = map.allKeys.count
        switch Self.order {
        case .ascending:
          for number in 0..<count { try Self.read(number, map) }
        case .descending:
          for number in (0..<count).reversed() { try Self.read(number, map) }
        case .inside:
          // 0, last, 1, last - 1, …
          for number in 0..<count / 2 {
            try Self.read(number, map)
            try Self.read(count - 1 - number, map)
          }
        case .absent:
          for number in 0..<count {
            #expect(!map.contains(Key(10 * number + 5)))
            try Self.read(number, map)
            if number > 0 { #expect(!map.contains(Key(10 * number - 5))) }
          }
        case .twice:
          for number in 0..<count {
            try Self.read(number, map)
            try Self.read(number, map)
          }
        }
      }

      private static func read(
        _ number: Int, _ map: KeyedDecodingContainer<Key>
      ) throws {
        #expect(try map.decodeIfPresent(String.self, forKey: Key(10 * number)) == "\(number)")
      }
    }

    private static func integerKeys(_ count: Int) throws -> [UInt8] {
      try CBOREncoder().encode(
        [Int: String](uniqueKeysWithValues: (0..<count).map { ($0 * 10, "\($0)") }))
    }

    @Test("Eight times the keys are eight times the work", arguments: Order.allCases)
    func integers(_ order: Order) throws {
      try Asked.$order.withValue(order) {
        let few = try CBORDecoder().visits(Asked.self, from: Self.integerKeys(1_000))
        let many = try CBORDecoder().visits(Asked.self, from: Self.integerKeys(8_000))
        // Looking back searches by halves: 13 steps instead of 10.
        #expect(Double(many) < 8 * 1.3 * Double(few), "\(few) and \(many)")
        // An entry is a key and a value, and decodeIfPresent asks three times.
        #expect(few < 1_000 * (order == .ascending ? 9 : 50), "\(few)")
      }
    }

    @Test func dictionariesOfTextAreLinear() throws {
      func visits(_ count: Int) throws -> Int {
        let names = [String: [String: Int]](
          uniqueKeysWithValues: (0..<count).map { ("name \($0)", ["a": $0, "bb": 2]) })
        return try CBORDecoder().visits(
          [String: [String: Int]].self, from: CBOREncoder().encode(names))
      }
      #expect(Double(try visits(8_000)) < 8.1 * Double(try visits(1_000)))
    }

    @Test func valuesInValuesAreReadOnce() throws {
      /// One in the other: each level must not look through all below it again.
      final class Nested: Codable {
        var inner: Nested?
        var number = 7
        init(_ inner: Nested?) { self.inner = inner }
        enum CodingKeys: Int, CodingKey {
          case inner = 1
          case number
        }
      }
      func visits(_ depth: Int) throws -> Int {
        var nested: Nested?
        for _ in 0..<depth { nested = Nested(nested) }
        return try CBORDecoder().visits(Nested.self, from: CBOREncoder().encode(nested))
      }
      let (few, many) = (try visits(7), try visits(56))
      #expect(Double(many) < 9 * Double(few), "\(few) and \(many)")
    }
  }
#endif
