// SPDX-License-Identifier: Apache-2.0

import CBOR
import ClusterAPI
import Economics
import FileHandover
import Testing

@testable import Usage

@Suite("Requests of imports")
struct ImportMessageTests {
  static func change(_ change: (inout ReadingOptions) -> Void) -> ReadingOptions {
    var options = ReadingOptions()
    change(&options)
    return options
  }

  static let long = String(repeating: "x", count: 1_025)

  @Test(
    "Options that a reader cannot work with are refused",
    arguments: [
      // options, are valid
      (change { _ in }, true), (ReadingOptions(batchRows: 1), true),
      (ReadingOptions(batchRows: 65_536), true),
      (change { $0.source = String(long.dropLast()) }, true), (change { $0.source = long }, false),
      (change { $0.mappingName = long }, true), (change { $0.mappingFile = long }, true),
      (change { $0.constants = ["product": "chat"] }, true),
      (change { $0.constants = ["product": long] }, false),
      (change { $0.constants = [long: "chat"] }, false),
      (
        change {
          $0.constants = Dictionary(uniqueKeysWithValues: (0..<65).map { ("\($0)", "") })
        }, false
      ),
      (
        change { $0.pricesText = String(repeating: "x", count: ReadingOptions.textBytesMax + 1) },
        false
      ),
    ])
  func options(_ options: ReadingOptions, _ isValid: Bool) throws {
    let bytes = try CBOREncoder().encode(options)
    if isValid {
      #expect(try CBORDecoder().decode(ReadingOptions.self, from: bytes) == options)
    } else {
      #expect(throws: InvalidValue.self) {
        try CBORDecoder().decode(ReadingOptions.self, from: bytes)
      }
    }
  }

  /// Options as a peer may write them.
  struct ForgedOptions: Encodable {
    var constants: [String: String] = [:]
    var batchRows: Int

    enum CodingKeys: Int, CodingKey {
      case constants = 6
      case batchRows = 9
    }
  }

  /// A batch of no rows would have stopped the service.
  @Test(
    "A batch has rows, and not too many",
    arguments: [(0, false), (-1, false), (1, true), (65_536, true), (65_537, false), (.max, false)]
      as [(Int, Bool)])
  func batchRows(_ rows: Int, _ isValid: Bool) throws {
    let bytes = try CBOREncoder().encode(ForgedOptions(batchRows: rows))
    if isValid {
      #expect(try CBORDecoder().decode(ReadingOptions.self, from: bytes).batchRows == rows)
    } else {
      #expect(throws: InvalidValue.self) {
        try CBORDecoder().decode(ReadingOptions.self, from: bytes)
      }
    }
  }

  /// A request as a peer may write it: of any fields, under the keys of `docs/protocol.cddl`.
  struct Forged: Encodable {
    var path: String?
    var label: String? = "log.csv"
    var options: ReadingOptions? = ReadingOptions()
    var file: String?

    enum CodingKeys: Int, CodingKey {
      case path = 1
      case label, options, file
    }
  }

  static let name = FileOfferName().text

  @Test(
    "A request names an offered file and nothing else",
    arguments: [
      // request, what the error says; nil: it is valid
      (Forged(file: name), nil), (Forged(label: "", file: name), nil),
      (Forged(label: String(repeating: "x", count: 4_096), file: name), nil),
      (Forged(label: String(repeating: "x", count: 4_097), file: name), "4096 bytes"),
      (Forged(path: "/etc/shadow"), "not a path"),
      // What an older release wrote beside it is passed over.
      (Forged(path: "/etc/shadow", file: name), nil), (Forged(), "not a path"),
      (Forged(file: "/etc/shadow"), "not the name of an offered file"),
      (Forged(file: ""), "not the name of an offered file"),
      (Forged(file: "solvent-file-../../../../../../etc/shadow///////"), "not the name"),
      (Forged(label: nil, file: name), "'label'"), (Forged(options: nil, file: name), "'options'"),
    ] as [(Forged, String?)])
  func requests(_ request: Forged, _ problem: String?) throws {
    let bytes = try CBOREncoder().encode(request)
    if let problem {
      let error = #expect(throws: (any Error).self) {
        try CBORDecoder().decode(ImportRequest.self, from: bytes)
      }
      #expect(error.map { "\($0)".contains(problem) } == true, "\(error as Any)")
    } else {
      let decoded = try CBORDecoder().decode(ImportRequest.self, from: bytes)
      #expect(decoded.file.text == request.file && decoded.label == request.label)
    }
  }

  @Test func aLabelIsCutAtItsBound() throws {
    for (label, count) in [("log.csv", 7), (String(repeating: "é", count: 4_000), 4_096)] {
      let request = ImportRequest(file: FileOfferName(), label: label, options: ReadingOptions())
      #expect((count - 3...count).contains(request.label.utf8.count))
      let bytes = try CBOREncoder().encode(request)
      #expect(try CBORDecoder().decode(ImportRequest.self, from: bytes) == request)
    }
  }
}
