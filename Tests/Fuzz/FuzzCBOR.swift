// SPDX-License-Identifier: Apache-2.0

// libFuzzer feeds the decoder bytes of its own making. Whatever they are, the decoder must neither
// crash nor accept what the encoder would not have written. Built and run by Tests/Fuzz/run, in one
// module with the sources of CBOR.

struct Everything: Codable, Equatable {
  var number: Int64?
  var wide: Int128?
  var ratio: Double?
  var text: String?
  var bytes: [UInt8]?
  var column: [UInt64]?
  var deltas: [Int64]?
  var flag: Bool?
  var many: [Everything]?
  var named: [String: Int]?

  enum CodingKeys: Int, CodingKey {
    case number = 1
    case wide, ratio, text, bytes, column, deltas, flag, many, named
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  let decoder = CBORDecoder()
  // Accepted means: it is exactly what encoding the value gives, unknown keys aside.
  if let value = try? decoder.decode(Everything.self, from: bytes) {
    guard let again = try? CBOREncoder().encode(value) else { fatalError("cannot be encoded") }
    guard let decoded = try? decoder.decode(Everything.self, from: again) else {
      fatalError("what was encoded is refused")
    }
    // NaN is not equal to itself; its bytes are.
    guard decoded == value || (try? CBOREncoder().encode(decoded)) == again else {
      fatalError("another value came back")
    }
  }
  if let column = try? decoder.decode([UInt64].self, from: bytes) {
    guard (try? CBOREncoder().encode(column)) == Array(bytes) else { fatalError("loose column") }
  }
  if let text = try? decoder.decode(String.self, from: bytes) {
    guard (try? CBOREncoder().encode(text)) == Array(bytes) else { fatalError("loose text") }
  }
  try? decoder.validate(Array(bytes))
  return 0
}
