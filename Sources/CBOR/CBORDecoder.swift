// SPDX-License-Identifier: Apache-2.0

/// Decodes what ``CBOREncoder`` writes, and nothing looser: bytes that it would not have written
/// are refused, so equal values have equal digests.
///
/// Unknown keys are skipped (a newer peer may send them); a missing required key is an error.
///
/// ```swift
/// let bytes = try CBOREncoder().encode(["gpt-4": 1_000, "gpt-4o": 200])
/// let tokens = try CBORDecoder().decode([String: Int].self, from: bytes)
/// ```
/// The example is compiled in `Tests/ExampleTests/CBORExamples.swift`.
public struct CBORDecoder: Sendable {
  /// A decoder; it keeps nothing between calls.
  public init() {}

  /// Reads one value that fills `bytes` completely.
  /// - Throws: ``CBORError``, or what the type throws.
  public func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: UnsafeRawBufferPointer
  ) throws -> Value {
    try bytes.withMemoryRebound(to: UInt8.self) { buffer in
      let state = DecoderState(CBORReader(buffer))
      let value = try state.get(type)
      guard state.reader.isAtEnd else { throw state.reader.error(.trailingBytes) }
      return value
    }
  }

  /// Reads one value that fills `bytes` completely.
  /// - Throws: ``CBORError``, or what the type throws.
  public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    try bytes.withUnsafeBytes { try decode(type, from: $0) }
  }

  /// Checks that `bytes` are one deterministic item, without building a value.
  /// - Throws: ``CBORError`` with the offset of the first byte that is not allowed.
  public func validate(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBufferPointer { buffer throws(CBORError) in
      var reader = CBORReader(buffer)
      try reader.skip()
      guard reader.isAtEnd else { throw reader.error(.trailingBytes) }
    }
  }
}

final class DecoderState: Decoder {
  private let pointer: UnsafeMutablePointer<CBORReader>
  private var depth = 0

  var reader: CBORReader {
    unsafeAddress { UnsafePointer(pointer) }
    unsafeMutableAddress { pointer }
  }

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ reader: CBORReader) {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: reader)
  }

  deinit { pointer.deallocate() }

  func get<Value: Decodable>(_ type: Value.Type) throws -> Value {
    if Value.self == String.self { return cast(try reader.text()) }
    if Value.self == [UInt8].self { return cast(Array(try reader.byteString())) }
    if Value.self == [UInt64].self { return cast(try reader.unsignedColumn(UInt64.self)) }
    if Value.self == [UInt32].self { return cast(try reader.unsignedColumn(UInt32.self)) }
    if Value.self == [UInt16].self { return cast(try reader.unsignedColumn(UInt16.self)) }
    if Value.self == [Int64].self { return cast(try reader.signedColumn()) }
    depth += 1
    guard depth <= CBORReader.depthMax else { throw reader.error(.depth) }
    defer { depth -= 1 }
    let before = open
    let value = try Value(from: self)
    try close(above: before)
    return value
  }

  /// The caller has compared the types.
  private func cast<Known, Value>(_ value: Known) -> Value {
    guard let value = value as? Value else { preconditionFailure("compared types differ") }
    return value
  }

  // MARK: Open maps

  /// A map being read. What its user did not ask for is skipped when the value is complete.
  final class Map {
    let items: Int
    /// Bytes from here on have not been read by the cursor.
    var cursor: UnsafePointer<UInt8>
    /// How many entries the cursor has passed.
    var passed = 0
    /// Values of entries that were passed over while looking for a later key.
    var skipped: [(key: UnsafeBufferPointer<UInt8>, value: UnsafePointer<UInt8>)] = []
    var previousKey: UnsafeBufferPointer<UInt8>?
    let parent: AnyObject?
    init(items: Int, cursor: UnsafePointer<UInt8>, parent: AnyObject?) {
      self.items = items
      self.cursor = cursor
      self.parent = parent
    }
  }

  /// An array being read.
  final class Items {
    let count: Int
    var index = 0
    let parent: AnyObject?
    init(count: Int, parent: AnyObject?) {
      self.count = count
      self.parent = parent
    }
  }

  var open: AnyObject?

  func close(above outer: AnyObject?) throws(CBORError) {
    while let container = open, container !== outer {
      if let map = container as? Map {
        reader.position = map.cursor
        while map.passed < map.items { try passEntry(map) }
        map.cursor = reader.position
        open = map.parent
      } else if let items = container as? Items {
        while items.index < items.count {
          try reader.skip(depth: depth)
          items.index += 1
        }
        open = items.parent
      }
    }
  }

  /// Reads the key of the next entry, checks the order, and skips its value.
  private func passEntry(_ map: Map) throws(CBORError) {
    let key = try nextKey(map)
    let value = reader.position
    try reader.skip(depth: depth)
    map.skipped.append((key, value))
  }

  func nextKey(_ map: Map) throws(CBORError) -> UnsafeBufferPointer<UInt8> {
    let start = reader.position
    try reader.skip(depth: depth)
    let key = UnsafeBufferPointer(start: start, count: reader.position - start)
    if let previous = map.previousKey, !previous.lexicographicallyPrecedes(key) {
      throw reader.error(.keyOrder)
    }
    map.previousKey = key
    map.passed += 1
    return key
  }

  func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(try MapDecoder<Key>(state: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try ArrayDecoder(state: self) }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    ValueDecoder(state: self)
  }
}

private struct MapDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let state: DecoderState
  let map: DecoderState.Map
  var codingPath: [any CodingKey] { [] }

  init(state: DecoderState) throws {
    self.state = state
    let items = try state.reader.items(5)
    map = DecoderState.Map(items: items, cursor: state.reader.position, parent: state.open)
    state.open = map
  }

  /// Puts the reader at the value of `key`; `false` when there is no such key.
  ///
  /// The next key is nearly always the wanted one, so the common path neither allocates nor
  /// searches.
  private func find(_ key: any CodingKey) throws(CBORError) -> Bool {
    try state.close(above: map)
    var wanted = CBORWriter(capacity: 32)
    if let number = key.intValue {
      wanted.signed(Int64(number))
    } else {
      wanted.text(key.stringValue)
    }
    let name = UnsafeBufferPointer(start: wanted.base, count: wanted.count)
    if let earlier = map.skipped.first(where: { $0.key.elementsEqual(name) }) {
      state.reader.position = earlier.value
      return true
    }
    state.reader.position = map.cursor
    while map.passed < map.items {
      let found = try state.nextKey(map)
      let value = state.reader.position
      if found.elementsEqual(name) {
        // The value is skipped once here to know where the next entry begins; reading it moves
        // only the reader. Entries stay findable, so a key may be asked for twice.
        try state.reader.skip()
        map.cursor = state.reader.position
        map.skipped.append((found, value))
        state.reader.position = value
        return true
      }
      try state.reader.skip()
      map.cursor = state.reader.position
      map.skipped.append((found, value))
      if name.lexicographicallyPrecedes(found) { return false }
    }
    return false
  }

  private func require(_ key: Key) throws(CBORError) {
    guard try find(key) else {
      let number = key.intValue.map { " (\($0))" } ?? ""
      throw state.reader.error(.missingKey, "'\(key.stringValue)'\(number) is required")
    }
  }

  private func integer<Value: FixedWidthInteger>(_ key: Key) throws(CBORError) -> Value {
    try require(key)
    return try state.reader.integer(Value.self)
  }

  var allKeys: [Key] {
    var reader = CBORReader(UnsafeBufferPointer(start: state.reader.start, count: 0))
    reader = state.reader
    reader.position = map.cursor
    var keys = map.skipped.map(\.key)
    for _ in map.passed..<max(map.passed, map.items) {
      let start = reader.position
      do {
        try reader.skip()
        keys.append(UnsafeBufferPointer(start: start, count: reader.position - start))
        try reader.skip()
      } catch {
        break  // Reported when the map is closed; this requirement cannot throw.
      }
    }
    return keys.compactMap { key in
      var reader = CBORReader(key)
      if let number = try? reader.integer(Int.self) { return Key(intValue: number) }
      return (try? reader.text()).flatMap { Key(stringValue: $0) }
    }
  }

  func contains(_ key: Key) -> Bool { (try? find(key)) ?? false }
  func decodeNil(forKey key: Key) throws -> Bool {
    try require(key)
    return state.reader.isNull
  }
  func decode(_: Bool.Type, forKey key: Key) throws -> Bool {
    try require(key)
    return try state.reader.bool()
  }
  func decode(_: String.Type, forKey key: Key) throws -> String {
    try require(key)
    return try state.reader.text()
  }
  func decode(_: Double.Type, forKey key: Key) throws -> Double {
    try require(key)
    return try state.reader.float()
  }
  func decode(_: Float.Type, forKey key: Key) throws -> Float {
    try require(key)
    return try state.reader.single()
  }
  func decode(_: Int.Type, forKey key: Key) throws -> Int { try integer(key) }
  func decode(_: Int8.Type, forKey key: Key) throws -> Int8 { try integer(key) }
  func decode(_: Int16.Type, forKey key: Key) throws -> Int16 { try integer(key) }
  func decode(_: Int32.Type, forKey key: Key) throws -> Int32 { try integer(key) }
  func decode(_: Int64.Type, forKey key: Key) throws -> Int64 { try integer(key) }
  func decode(_: Int128.Type, forKey key: Key) throws -> Int128 { try integer(key) }
  func decode(_: UInt.Type, forKey key: Key) throws -> UInt { try integer(key) }
  func decode(_: UInt8.Type, forKey key: Key) throws -> UInt8 { try integer(key) }
  func decode(_: UInt16.Type, forKey key: Key) throws -> UInt16 { try integer(key) }
  func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 { try integer(key) }
  func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 { try integer(key) }
  func decode(_: UInt128.Type, forKey key: Key) throws -> UInt128 { try integer(key) }
  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try require(key)
    return try state.get(type)
  }
  func nestedContainer<Nested: CodingKey>(
    keyedBy: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try require(key)
    return try state.container(keyedBy: Nested.self)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try require(key)
    return try state.unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder {
    throw CBORError(.unsupported, "class hierarchies have no place in a message")
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
}

extension CBORReader {
  mutating func single() throws(CBORError) -> Float {
    let value = try float()
    guard value.isNaN || Double(Float(value)) == value else {
      throw error(.outOfRange, "not a Float")
    }
    return Float(value)
  }
}

private struct ArrayDecoder: UnkeyedDecodingContainer {
  let state: DecoderState
  let items: DecoderState.Items
  var codingPath: [any CodingKey] { [] }
  var count: Int? { items.count }
  var isAtEnd: Bool { items.index == items.count }
  var currentIndex: Int { items.index }

  init(state: DecoderState) throws {
    self.state = state
    items = DecoderState.Items(count: try state.reader.items(4), parent: state.open)
    state.open = items
  }

  private func next() throws(CBORError) {
    try state.close(above: items)
    guard items.index < items.count else {
      throw state.reader.error(.missingKey, "an array of \(items.count) items has no more")
    }
    items.index += 1
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, state.reader.isNull else { return false }
    try next()
    try state.reader.skip()
    return true
  }
  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try next()
    return try state.get(type)
  }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try next()
    return try state.container(keyedBy: Nested.self)
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next()
    return try state.unkeyedContainer()
  }
  mutating func superDecoder() throws -> any Decoder {
    throw CBORError(.unsupported, "class hierarchies have no place in a message")
  }
}

private struct ValueDecoder: SingleValueDecodingContainer {
  let state: DecoderState
  var codingPath: [any CodingKey] { [] }

  func decodeNil() -> Bool {
    guard state.reader.isNull else { return false }
    state.reader.position += 1
    return true
  }
  func decode(_: Bool.Type) throws -> Bool { try state.reader.bool() }
  func decode(_: String.Type) throws -> String { try state.reader.text() }
  func decode(_: Double.Type) throws -> Double { try state.reader.float() }
  func decode(_: Float.Type) throws -> Float { try state.reader.single() }
  func decode(_ type: Int.Type) throws -> Int { try state.reader.integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try state.reader.integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try state.reader.integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try state.reader.integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try state.reader.integer(type) }
  func decode(_ type: Int128.Type) throws -> Int128 { try state.reader.integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try state.reader.integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try state.reader.integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try state.reader.integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try state.reader.integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try state.reader.integer(type) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try state.reader.integer(type) }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try state.get(type) }
}
