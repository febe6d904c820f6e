// SPDX-License-Identifier: Apache-2.0

import CBOR
import Foundation
import Testing

@Suite("Deterministic CBOR")
struct CBORTests {
  static func bytes(_ hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var digits = Substring(hex)
    while !digits.isEmpty {
      bytes.append(UInt8(digits.prefix(2), radix: 16)!)
      digits = digits.dropFirst(2)
    }
    return bytes
  }

  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  // MARK: The RFC's own examples

  @Test(
    "Appendix A: the deterministic form is accepted, every other is refused", arguments: appendixA)
  func appendixAIsJudged(_ example: ExampleItem) throws {
    let bytes = Self.bytes(example.hex)
    switch example.form {
    case .deterministic:
      try CBORDecoder().validate(bytes)
    case .indefinite, .other:
      #expect(throws: CBORError.self) { try CBORDecoder().validate(bytes) }
    }
  }

  @Test("Appendix F: nothing that is not well-formed is accepted", arguments: appendixF)
  func appendixFIsRefused(_ example: NotWellFormed) {
    #expect(throws: CBORError.self) { try CBORDecoder().validate(Self.bytes(example.hex)) }
  }

  @Test(
    "Integers of Appendix A",
    arguments: [
      // value, hex
      (0 as Int128, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"),
      (100, "1864"), (1_000, "1903e8"), (1_000_000, "1a000f4240"),
      (1_000_000_000_000, "1b000000e8d4a51000"), (18_446_744_073_709_551_615, "1bffffffffffffffff"),
      (18_446_744_073_709_551_616, "c249010000000000000000"),
      (-18_446_744_073_709_551_616, "3bffffffffffffffff"),
      (-18_446_744_073_709_551_617, "c349010000000000000000"), (-1, "20"), (-10, "29"),
      (-100, "3863"), (-1_000, "3903e7"),
    ])
  func integers(_ value: Int128, _ hex: String) throws {
    #expect(Self.hex(try CBOREncoder().encode(value)) == hex)
    #expect(try CBORDecoder().decode(Int128.self, from: Self.bytes(hex)) == value)
  }

  @Test(
    "Floats of Appendix A",
    arguments: [
      (0.0, "f90000"), (-0.0, "f98000"), (1.0, "f93c00"), (1.1, "fb3ff199999999999a"),
      (1.5, "f93e00"), (65_504.0, "f97bff"), (100_000.0, "fa47c35000"),
      (3.4028234663852886e+38, "fa7f7fffff"), (1.0e+300, "fb7e37e43c8800759c"),
      (5.960464477539063e-8, "f90001"), (0.00006103515625, "f90400"), (-4.0, "f9c400"),
      (-4.1, "fbc010666666666666"), (.infinity, "f97c00"), (-.infinity, "f9fc00"),
    ])
  func floats(_ value: Double, _ hex: String) throws {
    #expect(Self.hex(try CBOREncoder().encode(value)) == hex)
    let decoded = try CBORDecoder().decode(Double.self, from: Self.bytes(hex))
    #expect(decoded.bitPattern == value.bitPattern)
  }

  @Test func everyNaNIsTheOneNaN() throws {
    let odd = Double(bitPattern: 0x7FF8_0000_0000_0001)
    #expect(Self.hex(try CBOREncoder().encode(odd)) == "f97e00")
    #expect(try CBORDecoder().decode(Double.self, from: Self.bytes("f97e00")).isNaN)
  }

  @Test func everyHalfFloatSurvives() throws {
    for bits in UInt16.min...UInt16.max {
      let exponent = bits >> 10 & 0x1F
      if exponent == 31 && bits & 0x3FF != 0 { continue }  // NaN
      let bytes = [0xF9, UInt8(bits >> 8), UInt8(bits & 0xFF)]
      let value = try CBORDecoder().decode(Double.self, from: bytes)
      #expect(try CBOREncoder().encode(value) == bytes)
    }
  }

  // MARK: Keys

  struct Numbered: Codable, Equatable {
    var late = 7
    var early = "a"
    var absent: Int?
    enum CodingKeys: Int, CodingKey {
      case late = 300
      case early = 2
      case absent = 24
    }
  }

  @Test func keysAreIntegersInBytewiseOrder() throws {
    #expect(Self.hex(try CBOREncoder().encode(Numbered())) == "a202616119012c07")
    #expect(
      try CBORDecoder().decode(Numbered.self, from: Self.bytes("a202616119012c07")) == Numbered())
  }

  @Test func textKeysAreSortedByTheirEncodedForm() throws {
    // Shorter keys first: their head byte is smaller (RFC 8949 section 4.2.1).
    let value = ["aa": 1, "b": 2, "": 3]
    #expect(
      Self.hex(try CBOREncoder().encode(value)) == "a360036162026261610 1".replacing(" ", with: ""))
  }

  @Test func unknownKeysAreSkipped() throws {
    // {2: "a", 5: [1, {1: 2}], 300: 7}
    let bytes = Self.bytes("a3026161058201a1010219012c07")
    #expect(try CBORDecoder().decode(Numbered.self, from: bytes) == Numbered())
  }

  @Test func aMissingKeyIsNamed() {
    let error = #expect(throws: CBORError.self) {
      try CBORDecoder().decode(Numbered.self, from: Self.bytes("a1026161"))
    }
    #expect(error?.code == .missingKey)
    #expect(error?.detail.contains("late") == true)
  }

  @Test(
    "Maps that are not deterministic are refused",
    arguments: [
      // why, hex
      ("keys out of order", "a219012c07026161"),
      ("a key twice", "a302616102616119012c07"),
      ("a longer key than needed", "a21802616119012c07"),
      ("a byte too many", "a202616119012c0700"),
    ])
  func looseMaps(_ why: String, _ hex: String) {
    #expect(throws: CBORError.self) {
      try CBORDecoder().decode(Numbered.self, from: Self.bytes(hex))
    }
  }

  // MARK: Columns

  @Test(
    "Columns take the narrowest width",
    arguments: [
      // values, hex (RFC 8746: tags 64, 69, 70, 71)
      ([] as [UInt64], "d84040"), ([0, 255], "d8404200ff"), ([256, 1], "d8454400010100"),
      ([65_536], "d8464400000100"), ([4_294_967_296], "d847480000000001000000"),
    ])
  func unsignedColumns(_ values: [UInt64], _ hex: String) throws {
    #expect(Self.hex(try CBOREncoder().encode(values)) == hex)
    #expect(try CBORDecoder().decode([UInt64].self, from: Self.bytes(hex)) == values)
  }

  @Test(
    "Signed columns take the narrowest width",
    arguments: [
      // values, hex (RFC 8746: tags 72, 77, 78, 79)
      ([-128, 127] as [Int64], "d84842807f"), ([128], "d84d428000"), ([-129], "d84d427fff"),
      ([32_768], "d84e4400800000"), ([Int64.min], "d84f480000000000000080"),
    ])
  func signedColumns(_ values: [Int64], _ hex: String) throws {
    #expect(Self.hex(try CBOREncoder().encode(values)) == hex)
    #expect(try CBORDecoder().decode([Int64].self, from: Self.bytes(hex)) == values)
  }

  @Test func aColumnWiderThanNeededIsRefused() {
    // [1] as uint16
    let error = #expect(throws: CBORError.self) {
      try CBORDecoder().decode([UInt64].self, from: Self.bytes("d845420100"))
    }
    #expect(error?.code == .notShortest)
  }

  // MARK: Limits

  @Test(
    "Announced lengths are checked before anything is allocated",
    arguments: [
      "9b00ffffffffffffff", "bb00ffffffffffffff", "5b00ffffffffffffff", "7b00ffffffffffffff",
    ])
  func hugeLengths(_ hex: String) {
    #expect(throws: CBORError.self) { try CBORDecoder().validate(Self.bytes(hex)) }
    #expect(throws: CBORError.self) { try CBORDecoder().decode([Int].self, from: Self.bytes(hex)) }
    #expect(throws: CBORError.self) {
      try CBORDecoder().decode([UInt8].self, from: Self.bytes(hex))
    }
  }

  @Test func nestingIsLimited() {
    let deep = [UInt8](repeating: 0x81, count: 100_000) + [0]
    let error = #expect(throws: CBORError.self) { try CBORDecoder().validate(deep) }
    #expect(error?.code == .depth)
  }

  @Test func aMessageHasNoMoreItemsThanItMay() throws {
    let most = CBORDecoder.itemsMax
    var bytes = [UInt8](repeating: 0, count: most + 1)
    #expect(throws: CBORError.self) {
      try CBORDecoder().decode([Bool].self, from: [0x9A, 0, 0x40, 0, 1] + bytes)
    }
    bytes = [UInt8](repeating: 0xF4, count: most)
    let full = try CBORDecoder().decode([Bool].self, from: [0x9A, 0, 0x40, 0, 0] + bytes)
    #expect(full.count == most)
  }

  @Test func aTypeWithoutPropertiesIsPassedOver() throws {
    struct Nothing: Codable, Equatable {}
    struct Pair: Codable, Equatable {
      var nothing = [Nothing(), Nothing()]
      var one = Nothing()
      var number = 7
    }
    let bytes = try CBOREncoder().encode(Pair())
    #expect(try CBORDecoder().decode(Pair.self, from: bytes) == Pair())
  }

  // MARK: By seed

  struct Leaf: Codable, Equatable {
    var flag: Bool
    var small: Int8
    var big: UInt64
    var wide: Int128
    var ratio: Double
    var name: String
    var blob: [UInt8]
    var column: [UInt32]
    var deltas: [Int64]
    var maybe: Int?
    enum CodingKeys: Int, CodingKey {
      case flag = 1
      case small, big, wide, ratio, name, blob, column, deltas, maybe
    }
  }

  struct Tree: Codable, Equatable {
    var leaf: Leaf
    var children: [Tree]
    var byName: [String: Int]
    var byNumber: [Int: String]
  }

  static func tree(_ random: inout SeededGenerator, depth: Int) -> Tree {
    func count(_ most: Int) -> Int { Int.random(in: 0...most, using: &random) }
    let leaf = Leaf(
      flag: Bool.random(using: &random), small: Int8.random(in: .min ... .max, using: &random),
      big: UInt64.random(in: 0 ... .max, using: &random) >> UInt64(count(63)),
      wide: Int128(Int64.random(in: .min ... .max, using: &random)) << Int128(count(60)),
      ratio: Double(bitPattern: UInt64.random(in: 0..<0x7FF0_0000_0000_0000, using: &random)),
      name: String((0..<count(40)).map { _ in "aé☃𐅑\n\"".randomElement(using: &random)! }),
      blob: (0..<count(300)).map { _ in UInt8.random(in: 0...255, using: &random) },
      column: (0..<count(30)).map { _ in UInt32.random(in: 0 ... .max, using: &random) >> 7 },
      deltas: (0..<count(30)).map { _ in Int64.random(in: -70_000...70_000, using: &random) },
      maybe: Bool.random(using: &random) ? count(1_000) : nil)
    return Tree(
      leaf: leaf,
      children: depth == 0
        ? [] : (0..<count(3)).map { _ in tree(&random, depth: depth - 1) },
      byName: Dictionary(
        (0..<count(30)).map { _ in ("k\(count(500))", count(99)) }, uniquingKeysWith: { $1 }),
      // Not negative: cbor2 sorts keys by length first (RFC 7049), which differs from RFC 8949 only
      // where positive and negative keys are mixed.
      byNumber: Dictionary(
        (0..<count(30)).map { _ in (count(70_000), "v") }, uniquingKeysWith: { $1 }))
  }

  @Test("What is encoded decodes to itself, and is deterministic", arguments: 0..<200)
  func roundTrip(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let tree = Self.tree(&random, depth: 3)
    let bytes = try CBOREncoder().encode(tree)
    try CBORDecoder().validate(bytes)
    #expect(try CBORDecoder().decode(Tree.self, from: bytes) == tree)
    #expect(try CBOREncoder().encode(tree) == bytes)
  }

  @Test("Damaged bytes never crash the decoder", arguments: 0..<200)
  func damage(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var bytes = try CBOREncoder().encode(Self.tree(&random, depth: 2))
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    // Either refused or, when the damage hit a value, another value that is deterministic too.
    if let tree = try? CBORDecoder().decode(Tree.self, from: bytes) {
      let again = try CBOREncoder().encode(tree)
      try CBORDecoder().validate(again)
      let second = try CBORDecoder().decode(Tree.self, from: again)
      #expect(try CBOREncoder().encode(second) == again, "seed \(seed)")
    } else if let tree = try? CBORDecoder().decode(Leaf.self, from: bytes) {
      Issue.record("seed \(seed): a tree is no leaf: \(tree)")
    }
  }
}

/// Numbers from a seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
