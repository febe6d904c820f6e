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
  /// Items that the arrays of one value may have together: an item of a byte can become a value of
  /// many, and a message of 16 MiB must not take gigabytes. Columns and strings do not count.
  public static let itemsMax = 1 << 22

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

  #if DEBUG
    /// Counts what decoding looks at: heads of items, and keys that are compared.
    package func visits<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Int {
      try bytes.withUnsafeBufferPointer { buffer in
        let state = DecoderState(CBORReader(buffer))
        _ = try state.get(type)
        return state.reader.visited
      }
    }
  #endif

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
    let (before, start) = (open, reader.position)
    let value = try Value(from: self)
    try close(above: before)
    // A type without properties reads nothing of what stands for it.
    if reader.position == start { try reader.skip(depth: depth) }
    return value
  }

  /// The caller has compared the types.
  private func cast<Known, Value>(_ value: Known) -> Value {
    guard let value = value as? Value else { preconditionFailure("compared types differ") }
    return value
  }

  // MARK: Open containers

  /// A map being read: one pass over its entries, each value read or skipped once.
  ///
  ///     key 1  value  key 3  value  key 4  value  …
  ///                   └ current    └ cursor: not looked at yet
  ///
  /// Keys ascend, and a type asks for its own in that order: then the wanted key is the current or
  /// the next one. Who asks in another order gets an index of the entries before, made once.
  final class Map {
    let items: Int
    let first: UnsafePointer<UInt8>
    let parent: AnyObject?
    /// How many entries the cursor has passed.
    private(set) var passed = 0
    private(set) var current: Entry?
    /// The key before the current one: between the two there is none.
    private(set) var keyBefore: UnsafeBufferPointer<UInt8>?
    /// The first byte that is neither passed nor read; the current value while that is unread.
    private(set) var cursor: UnsafePointer<UInt8>
    /// Whether the current value lies before the cursor.
    private(set) var isRead = true
    /// Whether what is being read is the current value.
    var readsCurrent = false
    /// The entries that were passed, in order; `nil` until somebody looks back.
    var index: [Entry]?

    init(items: Int, first: UnsafePointer<UInt8>, parent: AnyObject?) {
      self.items = items
      self.first = first
      self.parent = parent
      cursor = first
    }

    func found(_ entry: Entry) {
      keyBefore = current?.key
      current = entry
      cursor = entry.value
      isRead = false
      passed += 1
      index?.append(entry)
    }

    /// The current value ends at `end`.
    func wasRead(to end: UnsafePointer<UInt8>) {
      guard readsCurrent else { return }
      cursor = end
      isRead = true
    }
  }

  struct Entry {
    let key: UnsafeBufferPointer<UInt8>
    let value: UnsafePointer<UInt8>
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
  private var itemsLeft = CBORDecoder.itemsMax

  func openMap() throws(CBORError) -> Map {
    let items = try reader.items(5)
    let map = Map(items: items, first: reader.position, parent: open)
    open = map
    return map
  }

  func openItems() throws(CBORError) -> Items {
    let count = try reader.items(4)
    guard count <= itemsLeft else { throw reader.error(.outOfRange, "too many items in arrays") }
    itemsLeft -= count
    let items = Items(count: count, parent: open)
    open = items
    return items
  }

  func close(above outer: AnyObject?) throws(CBORError) {
    while let container = open, container !== outer {
      if let map = container as? Map {
        while map.passed < map.items { try next(map) }
        try pass(map)
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

  /// Puts the reader behind the current value.
  private func pass(_ map: Map) throws(CBORError) {
    reader.position = map.cursor
    guard !map.isRead else { return }
    try reader.skip(depth: depth)
    map.readsCurrent = true
    map.wasRead(to: reader.position)
  }

  /// Makes the next entry the current one.
  private func next(_ map: Map) throws(CBORError) {
    try pass(map)
    let start = reader.position
    try reader.skip(depth: depth)
    let key = UnsafeBufferPointer(start: start, count: reader.position - start)
    if let last = map.current?.key, !last.lexicographicallyPrecedes(key) {
      throw reader.error(.keyOrder)
    }
    map.found(Entry(key: key, value: reader.position))
  }

  /// Puts the reader at the value of a key; `false` when there is no such key.
  func find(_ name: KeyName, in map: Map) throws(CBORError) -> Bool {
    try close(above: map)
    if let current = map.current {
      switch compare(current.key, name) {
      case .same: return stand(at: current, in: map, isCurrent: true)
      case .before: break
      case .behind:
        guard let before = map.keyBefore, compare(before, name) != .before else { return false }
        return try findEarlier(name, in: map)
      }
    }
    while map.passed < map.items {
      try next(map)
      guard let current = map.current else { break }
      switch compare(current.key, name) {
      case .same: return stand(at: current, in: map, isCurrent: true)
      case .before: continue
      case .behind: return false
      }
    }
    return false
  }

  private func stand(at entry: Entry, in map: Map, isCurrent: Bool) -> Bool {
    reader.position = entry.value
    map.readsCurrent = isCurrent
    return true
  }

  private func findEarlier(_ name: KeyName, in map: Map) throws(CBORError) -> Bool {
    var (low, high) = (0, map.passed)
    var entries = map.index ?? []
    if entries.isEmpty { entries = try entriesPassed(map) }
    map.index = entries
    while low < high {
      let middle = (low + high) / 2
      switch compare(entries[middle].key, name) {
      case .same: return stand(at: entries[middle], in: map, isCurrent: false)
      case .before: low = middle + 1
      case .behind: high = middle
      }
    }
    return false
  }

  private func entriesPassed(_ map: Map) throws(CBORError) -> [Entry] {
    var entries: [Entry] = []
    entries.reserveCapacity(map.passed)
    reader.position = map.first
    while entries.count < map.passed {
      let start = reader.position
      try reader.skip(depth: depth)
      let key = UnsafeBufferPointer(start: start, count: reader.position - start)
      entries.append(Entry(key: key, value: reader.position))
      if entries.count < map.passed { try reader.skip(depth: depth) }
    }
    return entries
  }

  private func compare(_ key: UnsafeBufferPointer<UInt8>, _ name: KeyName) -> KeyName.Place {
    #if DEBUG
      reader.visited += 1
    #endif
    return name.place(of: key)
  }

  func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(try MapDecoder<Key>(state: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try ArrayDecoder(state: self) }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    ValueDecoder(state: self)
  }
}

/// A key that is asked for: an integer, or text.
struct KeyName {
  /// Where a key of the map stands beside the one asked for.
  enum Place { case before, same, behind }

  let major: UInt8
  /// The integer, or the length of the text.
  let value: UInt64
  let text: UnsafeBufferPointer<UInt8>

  /// In deterministic form the order of bytes is that of (major type, value, content).
  func place(of key: UnsafeBufferPointer<UInt8>) -> Place {
    var reader = CBORReader(key)
    guard let head = try? reader.head() else { return .before }
    if head.major != major { return head.major < major ? .before : .behind }
    if head.value != value { return head.value < value ? .before : .behind }
    guard major == 3 else { return .same }
    let content = UnsafeBufferPointer(start: reader.position, count: reader.left)
    if content.elementsEqual(text) { return .same }
    return content.lexicographicallyPrecedes(text) ? .before : .behind
  }
}

private struct MapDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let state: DecoderState
  let map: DecoderState.Map
  var codingPath: [any CodingKey] { [] }

  init(state: DecoderState) throws {
    self.state = state
    map = try state.openMap()
  }

  private func find(_ key: Key) throws -> Bool {
    let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    if let number = key.intValue {
      let name = KeyName(
        major: number < 0 ? 1 : 0, value: UInt64(number < 0 ? ~number : number), text: none)
      return try state.find(name, in: map)
    }
    var text = key.stringValue
    return try text.withUTF8 { bytes in
      try state.find(KeyName(major: 3, value: UInt64(bytes.count), text: bytes), in: map)
    }
  }

  private func require(_ key: Key) throws {
    guard try find(key) else {
      let number = key.intValue.map { " (\($0))" } ?? ""
      throw state.reader.error(.missingKey, "'\(key.stringValue)'\(number) is required")
    }
  }

  /// Reads the value of a required key.
  private func value<Value>(_ key: Key, _ read: () throws -> Value) throws -> Value {
    try require(key)
    let value = try read()
    map.wasRead(to: state.reader.position)
    return value
  }

  private func integer<Value: FixedWidthInteger>(_ key: Key) throws -> Value {
    try value(key) { try state.reader.integer(Value.self) }
  }

  var allKeys: [Key] {
    var reader = state.reader
    reader.position = map.first
    var keys: [Key] = []
    for _ in 0..<map.items {
      let start = reader.position
      do {
        try reader.skip()
        var key = CBORReader(UnsafeBufferPointer(start: start, count: reader.position - start))
        if let found = Self.key(&key) { keys.append(found) }
        try reader.skip()
      } catch {
        break  // Reported when the map is closed; this requirement cannot throw.
      }
    }
    return keys
  }

  private static func key(_ reader: inout CBORReader) -> Key? {
    if let number = try? reader.integer(Int.self) { return Key(intValue: number) }
    return (try? reader.text()).flatMap { Key(stringValue: $0) }
  }

  func contains(_ key: Key) -> Bool { (try? find(key)) ?? false }
  func decodeNil(forKey key: Key) throws -> Bool {
    try require(key)
    return state.reader.isNull
  }
  func decode(_: Bool.Type, forKey key: Key) throws -> Bool {
    try value(key) { try state.reader.bool() }
  }
  func decode(_: String.Type, forKey key: Key) throws -> String {
    try value(key) { try state.reader.text() }
  }
  func decode(_: Double.Type, forKey key: Key) throws -> Double {
    try value(key) { try state.reader.float() }
  }
  func decode(_: Float.Type, forKey key: Key) throws -> Float {
    try value(key) { try state.reader.single() }
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
    try value(key) { try state.get(type) }
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
    items = try state.openItems()
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
