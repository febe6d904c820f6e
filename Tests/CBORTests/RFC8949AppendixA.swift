// SPDX-License-Identifier: Apache-2.0

/// One row of RFC 8949, Appendix A, Table 6.
///
/// `diagnostic` is the notation as the RFC prints it (wrapped cells joined); `hex` is the encoding
/// in lowercase, without the leading `0x`.
struct ExampleItem: Sendable {
  let diagnostic: String
  let hex: String
  let form: Form

  enum Form: Sendable {
    /// The bytes are what core deterministic encoding (RFC 8949, section 4.2.1) yields.
    case deterministic
    /// The item, or an item within it, has an indefinite length.
    case indefinite
    /// Well-formed, yet neither of the above for the stated reason: "longer float than needed", or
    /// "simple value" for a value that a decoder of ordinary values may refuse.
    case other(String)
  }
}

/// The examples of RFC 8949, Appendix A (December 2020), in the order of the RFC.
let appendixA: [ExampleItem] = [
  .init(diagnostic: "0", hex: "00", form: .deterministic),
  .init(diagnostic: "1", hex: "01", form: .deterministic),
  .init(diagnostic: "10", hex: "0a", form: .deterministic),
  .init(diagnostic: "23", hex: "17", form: .deterministic),
  .init(diagnostic: "24", hex: "1818", form: .deterministic),
  .init(diagnostic: "25", hex: "1819", form: .deterministic),
  .init(diagnostic: "100", hex: "1864", form: .deterministic),
  .init(diagnostic: "1000", hex: "1903e8", form: .deterministic),
  .init(diagnostic: "1000000", hex: "1a000f4240", form: .deterministic),
  .init(diagnostic: "1000000000000", hex: "1b000000e8d4a51000", form: .deterministic),
  .init(diagnostic: "18446744073709551615", hex: "1bffffffffffffffff", form: .deterministic),
  .init(diagnostic: "18446744073709551616", hex: "c249010000000000000000", form: .deterministic),
  .init(diagnostic: "-18446744073709551616", hex: "3bffffffffffffffff", form: .deterministic),
  .init(diagnostic: "-18446744073709551617", hex: "c349010000000000000000", form: .deterministic),
  .init(diagnostic: "-1", hex: "20", form: .deterministic),
  .init(diagnostic: "-10", hex: "29", form: .deterministic),
  .init(diagnostic: "-100", hex: "3863", form: .deterministic),
  .init(diagnostic: "-1000", hex: "3903e7", form: .deterministic),
  .init(diagnostic: "0.0", hex: "f90000", form: .deterministic),
  .init(diagnostic: "-0.0", hex: "f98000", form: .deterministic),
  .init(diagnostic: "1.0", hex: "f93c00", form: .deterministic),
  .init(diagnostic: "1.1", hex: "fb3ff199999999999a", form: .deterministic),
  .init(diagnostic: "1.5", hex: "f93e00", form: .deterministic),
  .init(diagnostic: "65504.0", hex: "f97bff", form: .deterministic),
  .init(diagnostic: "100000.0", hex: "fa47c35000", form: .deterministic),
  .init(diagnostic: "3.4028234663852886e+38", hex: "fa7f7fffff", form: .deterministic),
  .init(diagnostic: "1.0e+300", hex: "fb7e37e43c8800759c", form: .deterministic),
  .init(diagnostic: "5.960464477539063e-8", hex: "f90001", form: .deterministic),
  .init(diagnostic: "0.00006103515625", hex: "f90400", form: .deterministic),
  .init(diagnostic: "-4.0", hex: "f9c400", form: .deterministic),
  .init(diagnostic: "-4.1", hex: "fbc010666666666666", form: .deterministic),
  .init(diagnostic: "Infinity", hex: "f97c00", form: .deterministic),
  .init(diagnostic: "NaN", hex: "f97e00", form: .deterministic),
  .init(diagnostic: "-Infinity", hex: "f9fc00", form: .deterministic),
  .init(diagnostic: "Infinity", hex: "fa7f800000", form: .other("longer float than needed")),
  .init(diagnostic: "NaN", hex: "fa7fc00000", form: .other("longer float than needed")),
  .init(diagnostic: "-Infinity", hex: "faff800000", form: .other("longer float than needed")),
  .init(
    diagnostic: "Infinity",
    hex: "fb7ff0000000000000",
    form: .other("longer float than needed")),
  .init(diagnostic: "NaN", hex: "fb7ff8000000000000", form: .other("longer float than needed")),
  .init(
    diagnostic: "-Infinity",
    hex: "fbfff0000000000000",
    form: .other("longer float than needed")),
  .init(diagnostic: "false", hex: "f4", form: .deterministic),
  .init(diagnostic: "true", hex: "f5", form: .deterministic),
  .init(diagnostic: "null", hex: "f6", form: .deterministic),
  .init(diagnostic: "undefined", hex: "f7", form: .other("simple value")),
  .init(diagnostic: "simple(16)", hex: "f0", form: .other("simple value")),
  .init(diagnostic: "simple(255)", hex: "f8ff", form: .other("simple value")),
  .init(
    diagnostic: #"0("2013-03-21T20:04:00Z")"#,
    hex: "c074323031332d30332d32315432303a30343a30305a",
    form: .deterministic),
  .init(diagnostic: "1(1363896240)", hex: "c11a514b67b0", form: .deterministic),
  .init(diagnostic: "1(1363896240.5)", hex: "c1fb41d452d9ec200000", form: .deterministic),
  .init(diagnostic: "23(h'01020304')", hex: "d74401020304", form: .deterministic),
  .init(diagnostic: "24(h'6449455446')", hex: "d818456449455446", form: .deterministic),
  .init(
    diagnostic: #"32("http://www.example.com")"#,
    hex: "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
    form: .deterministic),
  .init(diagnostic: "h''", hex: "40", form: .deterministic),
  .init(diagnostic: "h'01020304'", hex: "4401020304", form: .deterministic),
  .init(diagnostic: "\"\"", hex: "60", form: .deterministic),
  .init(diagnostic: #""a""#, hex: "6161", form: .deterministic),
  .init(diagnostic: #""IETF""#, hex: "6449455446", form: .deterministic),
  .init(diagnostic: #""\"\\""#, hex: "62225c", form: .deterministic),
  .init(diagnostic: #""\u00fc""#, hex: "62c3bc", form: .deterministic),
  .init(diagnostic: #""\u6c34""#, hex: "63e6b0b4", form: .deterministic),
  .init(diagnostic: #""\ud800\udd51""#, hex: "64f0908591", form: .deterministic),
  .init(diagnostic: "[]", hex: "80", form: .deterministic),
  .init(diagnostic: "[1, 2, 3]", hex: "83010203", form: .deterministic),
  .init(diagnostic: "[1, [2, 3], [4, 5]]", hex: "8301820203820405", form: .deterministic),
  .init(
    diagnostic: """
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, \
      15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]
      """,
    hex: "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    form: .deterministic),
  .init(diagnostic: "{}", hex: "a0", form: .deterministic),
  .init(diagnostic: "{1: 2, 3: 4}", hex: "a201020304", form: .deterministic),
  .init(diagnostic: #"{"a": 1, "b": [2, 3]}"#, hex: "a26161016162820203", form: .deterministic),
  .init(diagnostic: #"["a", {"b": "c"}]"#, hex: "826161a161626163", form: .deterministic),
  .init(
    diagnostic: #"{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}"#,
    hex: "a56161614161626142616361436164614461656145",
    form: .deterministic),
  .init(diagnostic: "(_ h'0102', h'030405')", hex: "5f42010243030405ff", form: .indefinite),
  .init(diagnostic: #"(_ "strea", "ming")"#, hex: "7f657374726561646d696e67ff", form: .indefinite),
  .init(diagnostic: "[_ ]", hex: "9fff", form: .indefinite),
  .init(diagnostic: "[_ 1, [2, 3], [_ 4, 5]]", hex: "9f018202039f0405ffff", form: .indefinite),
  .init(diagnostic: "[_ 1, [2, 3], [4, 5]]", hex: "9f01820203820405ff", form: .indefinite),
  .init(diagnostic: "[1, [2, 3], [_ 4, 5]]", hex: "83018202039f0405ff", form: .indefinite),
  .init(diagnostic: "[1, [_ 2, 3], [4, 5]]", hex: "83019f0203ff820405", form: .indefinite),
  .init(
    diagnostic: """
      [_ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, \
      15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]
      """,
    hex: "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
    form: .indefinite),
  .init(
    diagnostic: #"{_ "a": 1, "b": [_ 2, 3]}"#,
    hex: "bf61610161629f0203ffff",
    form: .indefinite),
  .init(diagnostic: #"["a", {_ "b": "c"}]"#, hex: "826161bf61626163ff", form: .indefinite),
  .init(
    diagnostic: #"{_ "Fun": true, "Amt": -2}"#,
    hex: "bf6346756ef563416d7421ff",
    form: .indefinite),
]
