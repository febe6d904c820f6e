// SPDX-License-Identifier: Apache-2.0

/// A byte sequence that is not a well-formed CBOR data item.
///
/// `kind` is the label of the list that the RFC gives it in; `hex` is the bytes in lowercase.
struct NotWellFormed: Sendable {
  let kind: String
  let hex: String
}

/// The examples of RFC 8949, Appendix F.1 (December 2020), in the order of the RFC.
let appendixF: [NotWellFormed] = [
  .init(kind: "End of input in a head", hex: "18"),
  .init(kind: "End of input in a head", hex: "19"),
  .init(kind: "End of input in a head", hex: "1a"),
  .init(kind: "End of input in a head", hex: "1b"),
  .init(kind: "End of input in a head", hex: "1901"),
  .init(kind: "End of input in a head", hex: "1a0102"),
  .init(kind: "End of input in a head", hex: "1b01020304050607"),
  .init(kind: "End of input in a head", hex: "38"),
  .init(kind: "End of input in a head", hex: "58"),
  .init(kind: "End of input in a head", hex: "78"),
  .init(kind: "End of input in a head", hex: "98"),
  .init(kind: "End of input in a head", hex: "9a01ff00"),
  .init(kind: "End of input in a head", hex: "b8"),
  .init(kind: "End of input in a head", hex: "d8"),
  .init(kind: "End of input in a head", hex: "f8"),
  .init(kind: "End of input in a head", hex: "f900"),
  .init(kind: "End of input in a head", hex: "fa0000"),
  .init(kind: "End of input in a head", hex: "fb000000"),

  .init(kind: "Definite-length strings with short data", hex: "41"),
  .init(kind: "Definite-length strings with short data", hex: "61"),
  .init(kind: "Definite-length strings with short data", hex: "5affffffff00"),
  .init(kind: "Definite-length strings with short data", hex: "5bffffffffffffffff010203"),
  .init(kind: "Definite-length strings with short data", hex: "7affffffff00"),
  .init(kind: "Definite-length strings with short data", hex: "7b7fffffffffffffff010203"),

  .init(kind: "Definite-length maps and arrays not closed with enough items", hex: "81"),
  .init(
    kind: "Definite-length maps and arrays not closed with enough items",
    hex: "818181818181818181"),
  .init(kind: "Definite-length maps and arrays not closed with enough items", hex: "8200"),
  .init(kind: "Definite-length maps and arrays not closed with enough items", hex: "a1"),
  .init(kind: "Definite-length maps and arrays not closed with enough items", hex: "a20102"),
  .init(kind: "Definite-length maps and arrays not closed with enough items", hex: "a100"),
  .init(kind: "Definite-length maps and arrays not closed with enough items", hex: "a2000000"),

  .init(kind: "Tag number not followed by tag content", hex: "c0"),

  .init(kind: #"Indefinite-length strings not closed by a "break" stop code"#, hex: "5f4100"),
  .init(kind: #"Indefinite-length strings not closed by a "break" stop code"#, hex: "7f6100"),

  .init(kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#, hex: "9f"),
  .init(
    kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#,
    hex: "9f0102"),
  .init(kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#, hex: "bf"),
  .init(
    kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#,
    hex: "bf01020102"),
  .init(kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#, hex: "819f"),
  .init(
    kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#,
    hex: "9f8000"),
  .init(
    kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#,
    hex: "9f9f9f9f9fffffffff"),
  .init(
    kind: #"Indefinite-length maps and arrays not closed by a "break" stop code"#,
    hex: "9f819f819f9fffffff"),

  .init(kind: "Reserved additional information values", hex: "1c"),
  .init(kind: "Reserved additional information values", hex: "1d"),
  .init(kind: "Reserved additional information values", hex: "1e"),
  .init(kind: "Reserved additional information values", hex: "3c"),
  .init(kind: "Reserved additional information values", hex: "3d"),
  .init(kind: "Reserved additional information values", hex: "3e"),
  .init(kind: "Reserved additional information values", hex: "5c"),
  .init(kind: "Reserved additional information values", hex: "5d"),
  .init(kind: "Reserved additional information values", hex: "5e"),
  .init(kind: "Reserved additional information values", hex: "7c"),
  .init(kind: "Reserved additional information values", hex: "7d"),
  .init(kind: "Reserved additional information values", hex: "7e"),
  .init(kind: "Reserved additional information values", hex: "9c"),
  .init(kind: "Reserved additional information values", hex: "9d"),
  .init(kind: "Reserved additional information values", hex: "9e"),
  .init(kind: "Reserved additional information values", hex: "bc"),
  .init(kind: "Reserved additional information values", hex: "bd"),
  .init(kind: "Reserved additional information values", hex: "be"),
  .init(kind: "Reserved additional information values", hex: "dc"),
  .init(kind: "Reserved additional information values", hex: "dd"),
  .init(kind: "Reserved additional information values", hex: "de"),
  .init(kind: "Reserved additional information values", hex: "fc"),
  .init(kind: "Reserved additional information values", hex: "fd"),
  .init(kind: "Reserved additional information values", hex: "fe"),

  .init(kind: "Reserved two-byte encodings of simple values", hex: "f800"),
  .init(kind: "Reserved two-byte encodings of simple values", hex: "f801"),
  .init(kind: "Reserved two-byte encodings of simple values", hex: "f818"),
  .init(kind: "Reserved two-byte encodings of simple values", hex: "f81f"),

  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5f00ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5f21ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5f6100ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5f80ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5fa0ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5fc000ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "5fe0ff"),
  .init(kind: "Indefinite-length string chunks not of the correct type", hex: "7f4100ff"),

  .init(kind: "Indefinite-length string chunks not definite length", hex: "5f5f4100ffff"),
  .init(kind: "Indefinite-length string chunks not definite length", hex: "7f7f6100ffff"),

  .init(kind: "Break occurring on its own outside of an indefinite-length item", hex: "ff"),

  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "81ff"),
  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "8200ff"),
  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "a1ff"),
  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "a1ff00"),
  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "a100ff"),
  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "a20000ff"),
  .init(kind: "Break occurring in a definite-length array or map or a tag", hex: "9f81ff"),
  .init(
    kind: "Break occurring in a definite-length array or map or a tag",
    hex: "9f829f819f9fffffffff"),

  .init(
    kind: """
      Break in an indefinite-length map that would lead to an odd number of \
      items (break in a value position)
      """,
    hex: "bf00ff"),
  .init(
    kind: """
      Break in an indefinite-length map that would lead to an odd number of \
      items (break in a value position)
      """,
    hex: "bf000000ff"),

  .init(kind: "Major type 0, 1, 6 with additional information 31", hex: "1f"),
  .init(kind: "Major type 0, 1, 6 with additional information 31", hex: "3f"),
  .init(kind: "Major type 0, 1, 6 with additional information 31", hex: "df"),
]
