// SPDX-License-Identifier: Apache-2.0

import Broker
import Journal
import Testing

@testable import IngestService
@testable import Usage

/// Transcripts: an event in, a decision out.
@Suite("Imports")
struct ImportMachineTests {
  typealias Opening = ImportMachine.Opening
  typealias Permission = ImportMachine.Permission

  static let job = JobID(epoch: 1, sequence: 1)
  static let key = ImportKey(source: "api", stream: [1])

  static func state(
    _ bytes: UInt64, end: UInt64 = 0, line: Int = 2, reading: String = "m", complete: Bool = false
  ) -> ImportState {
    var state = ImportState(path: "log.csv", reading: reading, bytes: bytes)
    state.end = end
    state.nextLine = line
    state.isComplete = complete
    return state
  }

  static func digest(
    _ bytes: UInt64, _ stream: [UInt8] = [1], beginnings: [UInt64: ContentDigest.Beginning] = [:]
  ) throws -> ContentDigest {
    var digest = try ContentDigest(ofFile: "/dev/null")
    digest.sha256 = stream
    digest.count = bytes
    digest.beginnings = beginnings
    return digest
  }

  /// Opens a new import of 100 bytes and gives back the machine.
  static func opened() throws -> ImportMachine {
    var machine = ImportMachine(imports: [:], pending: [])
    #expect(
      machine.open(key, fresh: state(100), digest: try digest(100))
        == .read(state(100), isNew: true, after: nil))
    return machine
  }

  // MARK: Beginning

  @Test func oneImportRunsOnce() throws {
    var machine = try Self.opened()
    let again = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    #expect(again == .refused("is already being imported; wait for that import", line: 0))
    machine.closed(Self.key, job: Self.job)
    let later = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    #expect(later == .read(Self.state(100), isNew: false, after: nil))
  }

  @Test func oneThatWasCutOffGoesOnWhereTheJournalEnds() throws {
    let known = Self.state(100, end: 60, line: 7)
    var machine = ImportMachine(imports: [Self.key: known], pending: [])
    let opening = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    #expect(opening == .read(known, isNew: false, after: nil))
  }

  @Test func oneThatIsCompleteIsNotReadAgain() throws {
    let known = Self.state(100, end: 100, complete: true)
    var machine = ImportMachine(imports: [Self.key: known], pending: [])
    let opening = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    #expect(opening == .complete(known))
  }

  @Test func anotherMappingIsRefused() throws {
    let known = Self.state(100, end: 100, reading: "other", complete: true)
    var machine = ImportMachine(imports: [Self.key: known], pending: [])
    let opening = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    guard case .refused(let reason, 0) = opening else {
      Issue.record("\(opening)")
      return
    }
    #expect(reason.contains("with another mapping") && reason.contains("--source"))
  }

  @Test(
    arguments: [
      // what, earlier import, its end is the end of a line, decision
      ("complete", state(60, end: 60, line: 7, complete: true), true, "read from 60, line 7"),
      ("cut off", state(60, end: 40, line: 5), true, "refused 0"),
      ("in a line", state(60, end: 60, line: 7, complete: true), false, "refused 6"),
      ("other mapping", state(60, end: 60, reading: "x", complete: true), true, "refused 0"),
      ("another length", state(50, end: 50, complete: true), true, "read from 0, line 2"),
    ] as [(String, ImportState, Bool, String)])
  func aLogThatHasGrown(
    what: String, earlier: ImportState, endsLine: Bool, decision: String
  ) throws {
    var machine = ImportMachine(
      imports: [ImportKey(source: "api", stream: [9]): earlier], pending: [])
    let digest = try Self.digest(
      100, beginnings: [60: .init(sha256: [9], endsLine: endsLine)])
    let text =
      switch machine.open(Self.key, fresh: Self.state(100), digest: digest) {
      case .read(let state, true, _): "read from \(state.end), line \(state.nextLine)"
      case .read, .complete: "?"
      case .refused(_, let line): "refused \(line)"
      }
    #expect(text == decision, "\(what)")
  }

  @Test func ofSeveralBeginningsTheLongestCounts() throws {
    var machine = ImportMachine(
      imports: [
        ImportKey(source: "api", stream: [8]): Self.state(30, end: 30, line: 3, complete: true),
        ImportKey(source: "api", stream: [9]): Self.state(60, end: 60, line: 7, complete: true),
        ImportKey(source: "else", stream: [7]): Self.state(90, end: 90, line: 9, complete: true),
      ], pending: [])
    let digest = try Self.digest(
      100,
      beginnings: [
        30: .init(sha256: [8], endsLine: true), 60: .init(sha256: [9], endsLine: true),
        90: .init(sha256: [7], endsLine: true),
      ])
    guard
      case .read(let state, true, 60?) = machine.open(
        Self.key, fresh: Self.state(100), digest: digest)
    else {
      Issue.record("another beginning")
      return
    }
    #expect(state.end == 60)
    #expect(machine.lengths == [30, 60, 90, 100])
  }

  // MARK: Going on

  @Test func readersWaitWhileTooMuchIsOutstanding() throws {
    var machine = try Self.opened()
    let half = ImportMachine.outstandingBytesMax / 2
    #expect(machine.permission(Self.job) == .go)
    for sequence in 1...2 as ClosedRange<UInt64> {
      let run = machine.submitting(Self.key, bytes: half)
      machine.durable(sequence, Self.key, bytes: half, run: run)
    }
    #expect(machine.permission(Self.job) == .wait)
    #expect(machine.ended(1, refusal: nil) == [])
    #expect(machine.permission(Self.job) == .go)
    #expect(machine.ended(2, refusal: nil) == [.note([1, 2])])
    #expect(machine.outstandingBytes == 0)
  }

  @Test func stoppingAndCancellingDiffer() throws {
    var machine = try Self.opened()
    machine.cancelled(Self.job)
    #expect(machine.permission(Self.job) == .stop(mayRetry: false))
    #expect(machine.permission(JobID(epoch: 1, sequence: 2)) == .go)
    machine.forgetCancellation(Self.job)
    #expect(machine.permission(Self.job) == .go)
    machine.close()
    #expect(machine.permission(Self.job) == .stop(mayRetry: true))
    #expect(machine.permission(nil) == .stop(mayRetry: true))
  }

  // MARK: Ending

  @Test func completeMeansDurableAndBooked() throws {
    var machine = try Self.opened()
    let run = machine.submitting(Self.key, bytes: 10)
    // Not in the journal yet.
    #expect(machine.completion(Self.key) == .waiting)
    machine.durable(1, Self.key, bytes: 10, run: run)
    // Not booked yet.
    #expect(machine.completion(Self.key) == .waiting)
    #expect(machine.ended(1, refusal: nil) == [.note([1])])
    #expect(machine.completion(Self.key) == .complete)
  }

  @Test func anEmptyImportIsCompleteAtOnce() throws {
    #expect(try Self.opened().completion(Self.key) == .complete)
  }

  @Test func refusalsAreKeptOnceEach() throws {
    var machine = try Self.opened()
    for sequence in 1...3 as ClosedRange<UInt64> {
      let run = machine.submitting(Self.key, bytes: 10)
      machine.durable(sequence, Self.key, bytes: 10, run: run)
    }
    #expect(machine.ended(1, refusal: "kept in EUR") == [.alarm(1, "kept in EUR")])
    #expect(machine.ended(2, refusal: "kept in EUR") == [.alarm(2, "kept in EUR")])
    #expect(machine.completion(Self.key) == .waiting)
    #expect(machine.ended(3, refusal: nil) == [.note([3])])
    #expect(machine.completion(Self.key) == .refused(["kept in EUR"]))
    #expect(machine.refusals(Self.key) == ["kept in EUR"])
  }

  @Test func aBatchThatTheJournalDidNotTakeIsNotWaitedFor() throws {
    var machine = try Self.opened()
    let run = machine.submitting(Self.key, bytes: 10)
    machine.notSubmitted(Self.key, bytes: 10, run: run)
    #expect(machine.completion(Self.key) == .complete && machine.outstandingBytes == 0)
  }

  /// What the first run left to be written becomes durable while the second runs.
  @Test func aRunDoesNotCountWhatAnEarlierOneLeft() throws {
    var machine = try Self.opened()
    let first = machine.submitting(Self.key, bytes: 10)
    machine.closed(Self.key, job: Self.job)
    _ = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    machine.durable(1, Self.key, bytes: 10, run: first)
    #expect(machine.completion(Self.key) == .waiting)
    _ = machine.ended(1, refusal: nil)
    #expect(machine.completion(Self.key) == .complete)
  }

  @Test func batchesOfAnEarlierProcessAreWaitedFor() throws {
    var machine = ImportMachine(
      imports: [Self.key: Self.state(100, end: 100)], pending: [(4, Self.key)])
    _ = machine.open(Self.key, fresh: Self.state(100), digest: try Self.digest(100))
    machine.resubmitting(4, bytes: 50)
    #expect(machine.outstandingBytes == 50 && machine.completion(Self.key) == .waiting)
    #expect(machine.ended(4, refusal: nil) == [.note([4])])
    #expect(machine.completion(Self.key) == .complete && machine.outstandingBytes == 0)
  }

  @Test func bookingsAreNotedSixtyFourTogetherAndAtTheEnd() throws {
    var machine = try Self.opened()
    for sequence in 1...100 as ClosedRange<UInt64> {
      let run = machine.submitting(Self.key, bytes: 1)
      machine.durable(sequence, Self.key, bytes: 1, run: run)
    }
    var notes: [[UInt64]] = []
    for sequence in 1...100 as ClosedRange<UInt64> {
      for case .note(let sequences) in machine.ended(sequence, refusal: nil) {
        notes.append(sequences)
      }
    }
    #expect(notes == [Array(1...64), Array(65...100)])
  }

  /// An answer that comes twice, or of a batch that nobody waits for, changes nothing.
  @Test func aStrangersAnswerIsOnlyNoted() throws {
    var machine = try Self.opened()
    #expect(machine.ended(77, refusal: nil) == [.note([77])])
    #expect(machine.outstandingBytes == 0 && machine.completion(Self.key) == .complete)
  }
}
