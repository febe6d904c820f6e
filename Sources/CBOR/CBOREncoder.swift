// SPDX-License-Identifier: Apache-2.0

/// Encodes any `Encodable` as deterministic CBOR (RFC 8949 section 4.2.1): the same value is always
/// the same bytes.
///
///     Swift                              CBOR
///     integers up to 128 bits            integer, or bignum beyond 64 bits
///     Float, Double                      shortest float that keeps the value
///     String                             text string
///     [UInt8]                            byte string
///     [UInt16], [UInt32], [UInt64]       typed array, narrowest width (RFC 8746)
///     [Int64]                            typed array of signed numbers, likewise
///     other arrays, sets                 array
///     keyed containers, dictionaries     map; a key with an `intValue` is that integer
///     nil                                null, or no entry with `encodeIfPresent`
///
/// Columns make a batch small and fast without a second format: a message is one `Codable` type, its
/// columns are arrays of integers.
///
/// ```swift
/// struct Point: Codable {
///   var x: Int
///   var y: Int
///   enum CodingKeys: Int, CodingKey {
///     case x = 1
///     case y
///   }
/// }
/// let bytes = try CBOREncoder().encode(Point(x: 3, y: -1))  // A2 01 03 02 20
/// ```
/// The example is compiled in `Tests/ExampleTests/CBORExamples.swift`.
public struct CBOREncoder: Sendable {
  /// An encoder; it keeps nothing between calls.
  public init() {}

  /// The bytes of `value`.
  /// - Throws: ``CBORError``, or what `value` throws.
  public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
    let state = EncoderState()
    try state.put(value)
    return state.writer.array
  }
}

/// The writer behind a pointer: a stored struct would be checked for exclusive access at each byte
/// (42% of the instructions of an early version).
final class EncoderState: Encoder {
  private let pointer: UnsafeMutablePointer<CBORWriter>
  private var depth = 0

  var writer: CBORWriter {
    unsafeAddress { UnsafePointer(pointer) }
    unsafeMutableAddress { pointer }
  }

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init() {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: CBORWriter())
  }

  deinit {
    pointer.deinitialize(count: 1)
    pointer.deallocate()
  }

  func put<Value: Encodable>(_ value: Value) throws {
    // Static type checks: they cost nothing once specialised, `as? any P` would.
    if Value.self == String.self, let string = value as? String {
      writer.text(string)
    } else if Value.self == [UInt8].self, let bytes = value as? [UInt8] {
      bytes.withUnsafeBytes { writer.bytes($0) }
    } else if Value.self == [UInt64].self, let column = value as? [UInt64] {
      column.withUnsafeBufferPointer { writer.unsignedColumn($0) }
    } else if Value.self == [UInt32].self, let column = value as? [UInt32] {
      column.withUnsafeBufferPointer { writer.unsignedColumn($0) }
    } else if Value.self == [UInt16].self, let column = value as? [UInt16] {
      column.withUnsafeBufferPointer { writer.unsignedColumn($0) }
    } else if Value.self == [Int64].self, let column = value as? [Int64] {
      column.withUnsafeBufferPointer { writer.signedColumn($0) }
    } else {
      depth += 1
      guard depth <= CBORReader.depthMax else { throw CBORError(.depth) }
      let container = open
      try value.encode(to: self)
      try close(above: container)
      depth -= 1
    }
  }

  // MARK: Open containers

  /// An array or map whose length is not known yet. A Codable container is never closed by its
  /// user, so it is closed when the value that opened it has been encoded.
  final class Container {
    let start: Int
    let isMap: Bool
    var items = 0
    var keyStarts: [Int] = []
    var keyEnds: [Int] = []
    var inOrder = true
    let parent: Container?
    init(start: Int, isMap: Bool, parent: Container?) {
      self.start = start
      self.isMap = isMap
      self.parent = parent
    }
  }

  private var open: Container?

  func begin(isMap: Bool) -> Container {
    let container = Container(start: writer.count, isMap: isMap, parent: open)
    writer.head(isMap ? 5 : 4, 0)
    open = container
    return container
  }

  private func close(above outer: Container?) throws(CBORError) {
    while let container = open, container !== outer {
      if !container.inOrder {
        try writer.sortEntries(container.keyStarts, keyEnds: container.keyEnds)
      }
      writer.patchLength(at: container.start, items: container.items)
      open = container.parent
    }
  }

  /// Nothing may be written into a container while one inside it is still open.
  func resume(_ container: Container) throws(CBORError) { try close(above: container) }

  func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(MapEncoder<Key>(state: self, container: begin(isMap: true)))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    ArrayEncoder(state: self, container: begin(isMap: false))
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { ValueEncoder(state: self) }
}

private struct MapEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let state: EncoderState
  let container: EncoderState.Container
  var codingPath: [any CodingKey] { [] }

  private func write(_ key: any CodingKey) throws(CBORError) {
    try state.resume(container)
    let start = state.writer.count
    if let number = key.intValue {
      state.writer.signed(Int64(number))
    } else {
      state.writer.text(key.stringValue)
    }
    if let last = container.keyStarts.last, container.inOrder {
      let base = state.writer.base
      let previous = UnsafeBufferPointer(
        start: base + last, count: container.keyEnds[container.items - 1] - last)
      let this = UnsafeBufferPointer(start: base + start, count: state.writer.count - start)
      container.inOrder = previous.lexicographicallyPrecedes(this)
    }
    container.keyStarts.append(start)
    container.keyEnds.append(state.writer.count)
    container.items += 1
  }

  mutating func encodeNil(forKey key: Key) throws {
    try write(key)
    state.writer.null()
  }
  mutating func encode(_ value: Bool, forKey key: Key) throws {
    try write(key)
    state.writer.bool(value)
  }
  mutating func encode(_ value: String, forKey key: Key) throws {
    try write(key)
    state.writer.text(value)
  }
  mutating func encode(_ value: Double, forKey key: Key) throws {
    try write(key)
    state.writer.float(value)
  }
  mutating func encode(_ value: Float, forKey key: Key) throws {
    try write(key)
    state.writer.float(Double(value))
  }
  mutating func encode(_ value: Int, forKey key: Key) throws { try signed(value, key) }
  mutating func encode(_ value: Int8, forKey key: Key) throws { try signed(value, key) }
  mutating func encode(_ value: Int16, forKey key: Key) throws { try signed(value, key) }
  mutating func encode(_ value: Int32, forKey key: Key) throws { try signed(value, key) }
  mutating func encode(_ value: Int64, forKey key: Key) throws { try signed(value, key) }
  mutating func encode(_ value: Int128, forKey key: Key) throws {
    try write(key)
    state.writer.integer(value)
  }
  mutating func encode(_ value: UInt, forKey key: Key) throws { try unsigned(value, key) }
  mutating func encode(_ value: UInt8, forKey key: Key) throws { try unsigned(value, key) }
  mutating func encode(_ value: UInt16, forKey key: Key) throws { try unsigned(value, key) }
  mutating func encode(_ value: UInt32, forKey key: Key) throws { try unsigned(value, key) }
  mutating func encode(_ value: UInt64, forKey key: Key) throws { try unsigned(value, key) }
  mutating func encode(_ value: UInt128, forKey key: Key) throws {
    try write(key)
    state.writer.integer(value)
  }
  mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    try write(key)
    try state.put(value)
  }

  private func signed(_ value: some FixedWidthInteger, _ key: Key) throws(CBORError) {
    try write(key)
    state.writer.signed(Int64(value))
  }

  private func unsigned(_ value: some FixedWidthInteger, _ key: Key) throws(CBORError) {
    try write(key)
    state.writer.unsigned(UInt64(value))
  }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    writeTrapping(key)
    return state.container(keyedBy: Nested.self)
  }
  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    writeTrapping(key)
    return state.unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder {
    preconditionFailure("class hierarchies have no place in a message")
  }
  mutating func superEncoder(forKey key: Key) -> any Encoder { superEncoder() }

  /// These two requirements cannot throw; a repeated key is a mistake in our own code.
  private func writeTrapping(_ key: Key) {
    do { try write(key) } catch { preconditionFailure("\(error)") }
  }
}

private struct ArrayEncoder: UnkeyedEncodingContainer {
  let state: EncoderState
  let container: EncoderState.Container
  var codingPath: [any CodingKey] { [] }
  var count: Int { container.items }

  private func next() throws(CBORError) {
    try state.resume(container)
    container.items += 1
  }

  mutating func encodeNil() throws {
    try next()
    state.writer.null()
  }
  mutating func encode<Value: Encodable>(_ value: Value) throws {
    try next()
    try state.put(value)
  }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy: Nested.Type
  ) -> KeyedEncodingContainer<Nested> {
    do { try next() } catch { preconditionFailure("\(error)") }
    return state.container(keyedBy: Nested.self)
  }
  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    do { try next() } catch { preconditionFailure("\(error)") }
    return state.unkeyedContainer()
  }
  mutating func superEncoder() -> any Encoder {
    preconditionFailure("class hierarchies have no place in a message")
  }
}

private struct ValueEncoder: SingleValueEncodingContainer {
  let state: EncoderState
  var codingPath: [any CodingKey] { [] }

  mutating func encodeNil() throws { state.writer.null() }
  mutating func encode(_ value: Bool) throws { state.writer.bool(value) }
  mutating func encode(_ value: String) throws { state.writer.text(value) }
  mutating func encode(_ value: Double) throws { state.writer.float(value) }
  mutating func encode(_ value: Float) throws { state.writer.float(Double(value)) }
  mutating func encode(_ value: Int) throws { state.writer.signed(Int64(value)) }
  mutating func encode(_ value: Int8) throws { state.writer.signed(Int64(value)) }
  mutating func encode(_ value: Int16) throws { state.writer.signed(Int64(value)) }
  mutating func encode(_ value: Int32) throws { state.writer.signed(Int64(value)) }
  mutating func encode(_ value: Int64) throws { state.writer.signed(value) }
  mutating func encode(_ value: Int128) throws { state.writer.integer(value) }
  mutating func encode(_ value: UInt) throws { state.writer.unsigned(UInt64(value)) }
  mutating func encode(_ value: UInt8) throws { state.writer.unsigned(UInt64(value)) }
  mutating func encode(_ value: UInt16) throws { state.writer.unsigned(UInt64(value)) }
  mutating func encode(_ value: UInt32) throws { state.writer.unsigned(UInt64(value)) }
  mutating func encode(_ value: UInt64) throws { state.writer.unsigned(value) }
  mutating func encode(_ value: UInt128) throws { state.writer.integer(value) }
  mutating func encode<Value: Encodable>(_ value: Value) throws { try state.put(value) }
}
