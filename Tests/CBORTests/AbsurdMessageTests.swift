// SPDX-License-Identifier: Apache-2.0

import CBOR
import ClusterAPI
import Economics
import FileHandover
import Reporting
import Runway
import Testing
import Usage

/// Numbers that arithmetic would trap on are refused where a message is decoded: a peer can be refused, it
/// cannot stop a process.
@Suite("Absurd messages")
struct AbsurdMessageTests {
  /// A map with integer keys, whose values are changed before they are encoded.
  struct Parts: Encodable, Sendable {
    enum Value: Sendable {
      case int(Int64)
      case text(String)
      case number(Double)
      case list([Value])
      case bytes([UInt8])
      case parts([Int: Value])
      case names([String: String])
      case column([UInt32])
      case flag(Bool)
      case wide(Int128)
    }
    struct Key: CodingKey {
      var intValue: Int?
      var stringValue: String { "\(intValue ?? 0)" }
      init(_ number: Int) { intValue = number }
      init?(intValue: Int) { self.init(intValue) }
      init?(stringValue: String) { nil }
    }
    var values: [Int: Value]

    func encode(to encoder: any Encoder) throws {
      var map = encoder.container(keyedBy: Key.self)
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        let key = Key(key)
        switch value {
        case .int(let value): try map.encode(value, forKey: key)
        case .text(let value): try map.encode(value, forKey: key)
        case .number(let value): try map.encode(value, forKey: key)
        case .flag(let value): try map.encode(value, forKey: key)
        case .wide(let value): try map.encode(value, forKey: key)
        case .bytes(let value): try map.encode(value, forKey: key)
        case .column(let value): try map.encode(value, forKey: key)
        case .names(let value): try map.encode(value, forKey: key)
        case .parts(let values): try map.encode(Parts(values: values), forKey: key)
        case .list(let items):
          var list = map.nestedUnkeyedContainer(forKey: key)
          for item in items {
            switch item {
            case .parts(let values): try list.encode(Parts(values: values))
            case .text(let value): try list.encode(value)
            case .flag(let value): try list.encode(value)
            default: throw CancellationError()
            }
          }
        }
      }
    }
  }

  private static func decodes<Message: Decodable>(
    _ type: Message.Type, _ parts: [Int: Parts.Value]
  ) throws -> Bool {
    let bytes = try CBOREncoder().encode(Parts(values: parts))
    return (try? CBORDecoder().decode(type, from: bytes)) != nil
  }

  /// A message that is fine, and the values of one key that are not.
  private static func refuses<Message: Decodable>(
    _ type: Message.Type, _ good: [Int: Parts.Value], _ key: Int, _ bad: Parts.Value...,
    at place: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try decodes(type, good), "the good one", sourceLocation: place)
    for value in bad {
      var parts = good
      parts[key] = value
      #expect(try !decodes(type, parts), "\(value)", sourceLocation: place)
    }
  }

  @Test func timesOfQuestions() throws {
    let query: [Int: Parts.Value] = [
      1: .list([]), 2: .int(0), 3: .int(900_000), 4: .text("UTC"), 5: .names([:]),
    ]
    try Self.refuses(CostQuery.self, query, 3, .int(.max), .int(.min), .int(7_258_118_400_001))
    try Self.refuses(CostQuery.self, query, 2, .int(.min))
  }

  @Test func monthsOfStatements() throws {
    let query: [Int: Parts.Value] = [
      1: .int(1), 2: .text("2023-01"), 4: .text("UTC"), 8: .int(6),
    ]
    try Self.refuses(StatementQuery.self, query, 8, .int(0), .int(121), .int(.max), .int(.min))
    try Self.refuses(StatementQuery.self, query, 2, .text("0001-01"), .text("9999-12"))
  }

  @Test func linesOfStatements() throws {
    let line: [Int: Parts.Value] = [
      1: .text("k"), 2: .text("l"), 3: .int(1), 4: .int(2), 5: .list([.parts([2: .int(1)])]),
      6: .text(""), 7: .list([]),
    ]
    try Self.refuses(StatementLine.self, line, 4, .int(25), .int(-1), .int(.max))
    // Profit and loss has a month and the total at least.
    let answer: [Int: Parts.Value] = [
      1: .int(1), 2: .text("USD"), 3: .text("2023-01"), 4: .text("2023-02"),
      5: .list([.text("2023-01"), .text("total")]), 6: .list([]),
      7: .list([.flag(true), .flag(true)]),
    ]
    try Self.refuses(StatementAnswer.self, answer, 6, .list([.parts(line)]))
    try Self.refuses(StatementAnswer.self, answer, 7, .list([.flag(true)]))
    try Self.refuses(StatementAnswer.self, answer, 3, .text("2023-03"))
    var single = answer
    (single[5], single[7]) = (.list([.text("total")]), .list([.flag(true)]))
    #expect(try !Self.decodes(StatementAnswer.self, single))
    single[1] = .int(2)
    try Self.refuses(StatementAnswer.self, single, 5, .list([]))
  }

  @Test func rowsOfStreams() throws {
    let totals: [Int: Parts.Value] = [
      1: .parts([3: .int(7)]), 2: .parts([3: .int(2)]), 3: .int(5), 4: .int(1),
    ]
    let row: [Int: Parts.Value] = [1: .int(0), 2: .text("n"), 3: .parts(totals)]
    try Self.refuses(CostUpdate.Row.self, row, 1, .int(.min), .int(.max))
    // Counts whose sum would wrap, more without a price than there are, an amount without an opposite.
    try Self.refuses(CostTotals.self, totals, 1, .parts([3: .wide(1 << 62)]), .parts([3: .int(1)]))
    try Self.refuses(CostTotals.self, totals, 2, .parts([3: .int(8)]))
    try Self.refuses(CostTotals.self, totals, 3, .wide(.min))
  }

  @Test func booksAndReceipts() throws {
    let line: [Int: Parts.Value] = [1: .text("cash"), 2: .wide(0)]
    let entry: [Int: Parts.Value] = [
      1: .text("e"), 2: .int(19_000), 3: .list([.parts(line)]), 4: .text(""), 5: .text(""),
      6: .text(""), 7: .text(""), 8: .text(""), 9: .int(1),
    ]
    try Self.refuses(
      BookEntry.self, entry, 1, .text("e\0"), .text(String(repeating: "x", count: 5_000)))
    try Self.refuses(BookEntry.self, entry, 6, .text("\0"))
    try Self.refuses(BookEntry.self, entry, 2, .int(.max), .int(.min), .int(84_006))
    try Self.refuses(
      BookEntry.self, entry, 3, .list([.parts([1: .text("cash"), 2: .wide(.min)])]),
      .list([.parts([1: .text("cash"), 2: .wide(1)])]), .list([]))
    try Self.refuses(
      BookEntry.self, entry, 10, .parts([1: .int(1_000_001)]), .parts([2: .int(-1)]))
    try Self.refuses(
      AudienceFigure.self,
      [
        1: .text("f"), 2: .int(19_000), 3: .text("users"), 4: .text(""), 5: .int(1), 6: .text(""),
        7: .int(1),
      ], 5, .wide(Int128(UInt64.max)), .int(1_000_000_000_000_001))
    try Self.refuses(
      CommitReceipt.self, [1: .int(1), 2: .flag(true)], 1, .int(0), .int(.min), .int(.max))
    try Self.refuses(BooksReceipt.self, [1: .int(1), 2: .int(1)], 2, .int(-1), .int(.max))
  }

  @Test func readingOfLogs() throws {
    let options: [Int: Parts.Value] = [6: .names([:]), 9: .int(100)]
    try Self.refuses(ReadingOptions.self, options, 9, .int(0), .int(-1), .int(65_537), .int(.max))
    try Self.refuses(ReadingOptions.self, options, 5, .int(.max), .int(.min))
    let long = String(repeating: "x", count: 1 << 20)
    try Self.refuses(ReadingOptions.self, options, 4, .text(long))
    try Self.refuses(ReadingOptions.self, options, 6, .names(["team": long]))
    try Self.refuses(
      ImportRequest.self,
      [2: .text("a"), 3: .parts(options), 4: .text(FileOfferName().text)], 2, .text(long))
  }

  @Test func shardsOfSimulations() throws {
    let bytes = try CBOREncoder().encode(RunwayScenario.runway60)
    #expect(try CBORDecoder().decode(RunwayScenario.self, from: bytes) == .runway60)
    let absurd: [(inout RunwayScenario) -> Void] = [
      { $0.horizon = .max }, { $0.horizon = 0 }, { $0.stepsPerMonth = .min },
      { $0.stepsPerMonth = 3 }, { $0.parameters.removeLast() },
      { $0.parameters[0] = .lognormal(p5: -1, p95: 2) }, { $0.parameters[0] = .fixed(.nan) },
      { $0.events[0].month = .max }, { $0.rounds.gap = .max }, { $0.breakEvenMonths = .min },
      { $0.volatility.audience = .infinity }, { $0.regime.fade = .nan },
      { $0.correlations[0].value = .nan }, { $0.correlations[0].second = .growth },
    ]
    for change in absurd {
      var scenario = RunwayScenario.runway60
      change(&scenario)
      let bytes = try CBOREncoder().encode(scenario)
      #expect(throws: ScenarioError.self) {
        try CBORDecoder().decode(RunwayScenario.self, from: bytes)
      }
    }
    for (first, count) in [(0, 0), (0, -8), (0, 7), (4, 8), (0, 1 << 20), (1 << 63, 8)]
      as [(UInt64, Int)]
    {
      let job = SimulationJob(scenarios: [.runway60], first: first, count: count)
      #expect(throws: ScenarioError.self) { try job.run() }
      let bytes = try CBOREncoder().encode(job)
      #expect(throws: ScenarioError.self) {
        try CBORDecoder().decode(SimulationJob.self, from: bytes)
      }
    }
  }

  @Test func countsOfSimulations() throws {
    try Self.refuses(
      RunwayDifference.self, [1: .int(1), 2: .column([0, 0, 0, 0])], 1, .int(0), .int(2), .int(-1),
      .int(.max))
  }
}
