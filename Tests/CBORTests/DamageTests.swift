// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import ClusterAPI
import Economics
import Fleet
import Reporting
import Runway
import Testing

/// Every message of the protocol, damaged: it is refused, or is another message that encodes again.
@Suite("Damaged messages")
struct DamageTests {
  /// Decodes bytes as a type. What is taken must encode to bytes that are valid, decode again, and
  /// encode to the same bytes; whatever was left out on the way is left out for good.
  /// - Returns: whether they were taken.
  static func decode<Message: Codable>(_ type: Message.Type, _ bytes: [UInt8]) throws -> Bool {
    guard let message = try? CBORDecoder().decode(type, from: bytes) else { return false }
    let again = try CBOREncoder().encode(message)
    try CBORDecoder().validate(again)
    let second = try CBORDecoder().decode(type, from: again)
    #expect(try CBOREncoder().encode(second) == again)
    return true
  }

  static func decode(_ rule: String, _ bytes: [UInt8]) throws -> Bool {
    switch rule {
    case "hello": try decode(Hello.self, bytes)
    case "welcome": try decode(Welcome.self, bytes)
    case "import-request": try decode(ImportRequest.self, bytes)
    case "import-report": try decode(ImportReport.self, bytes)
    case "pricing-job": try decode(PricingJob.self, bytes)
    case "pricing-outcome": try decode(PricingOutcome.self, bytes)
    case "batch-control": try decode(BatchControl.self, bytes)
    case "commit-receipt": try decode(CommitReceipt.self, bytes)
    case "cost-update": try decode(CostUpdate.self, bytes)
    case "report-request": try decode(ReportRequest.self, bytes)
    case "draft-answer": try decode(DraftAnswer.self, bytes)
    case "statement-answer": try decode(StatementAnswer.self, bytes)
    case "books-batch": try decode(BooksBatch.self, bytes)
    case "books-receipt": try decode(BooksReceipt.self, bytes)
    case "simulation-job": try decode(SimulationJob.self, bytes)
    case "simulation-outcome": try decode(SimulationOutcome.self, bytes)
    case "fleet-job": try decode(FleetJob.self, bytes)
    case "fleet-outcome": try decode(FleetOutcome.self, bytes)
    case "cost-answer": try decode(CostAnswer.self, bytes)
    case "jobs-request": try decode(JobsRequest.self, bytes)
    case "jobs-answer": try decode(JobsAnswer.self, bytes)
    case "scenario-request": try decode(ScenarioRequest.self, bytes)
    case "search-request": try decode(SearchRequest.self, bytes)
    case "spread-progress": try decode(SpreadProgress.self, bytes)
    case "broker-status": try decode(BrokerStatus.self, bytes)
    default:
      Issue.record("no type for \(rule)")
      throw CancellationError()
    }
  }

  @Test func everySampleIsTakenAndIsItself() throws {
    for (rule, bytes) in try SampleMessages.all() {
      #expect(try Self.decode(rule, bytes), "\(rule)")
    }
  }

  @Test("No sample that is cut off is taken") func cuts() throws {
    for (rule, bytes) in try SampleMessages.all() {
      for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
        #expect(try !Self.decode(rule, Array(bytes[..<count])), "\(rule) cut at \(count)")
      }
      #expect(try !Self.decode(rule, bytes + [0]), "\(rule) and a byte more")
    }
  }

  @Test("Bytes that change", arguments: 0..<40 as Range<UInt64>)
  func changes(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for (rule, sample) in try SampleMessages.all() {
      for _ in 0..<15 {
        var bytes = sample
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let place = Int.random(in: bytes.indices, using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          case 1: bytes.remove(at: place)
          case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
          default: bytes[place] = UInt8.random(in: 0...255, using: &random)
          }
          if bytes.isEmpty { break }
        }
        do {
          _ = try Self.decode(rule, bytes)
        } catch {
          let hex = bytes.map { String($0, radix: 16) }.joined(separator: " ")
          Issue.record(
            "seed \(seed): \(rule) was taken and not given: \(error): \(hex.prefix(900))")
        }
      }
    }
  }

  @Test("One message is not taken for another") func rules() throws {
    let samples = try SampleMessages.all()
    // A pricing job has no lines, an outcome no rates: the integers of their keys differ in kind.
    for (rule, other) in [
      ("pricing-job", "pricing-outcome"), ("pricing-outcome", "pricing-job"), ("hello", "welcome"),
      ("welcome", "hello"), ("books-batch", "statement-answer"), ("fleet-job", "simulation-job"),
    ] {
      for (_, bytes) in samples.filter({ $0.rule == other }) {
        #expect(try !Self.decode(rule, bytes), "\(other) as \(rule)")
      }
    }
  }
}
