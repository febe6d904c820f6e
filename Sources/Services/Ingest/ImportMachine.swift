// SPDX-License-Identifier: Apache-2.0

import Broker
import Journal
import Usage

/// What imports decide: where each begins, whether it may go on, which batches are outstanding, and when
/// it is complete. No file, journal, thread or clock: events come in, decisions go out.
///
///     an import      begins                     goes on                      ends
///     new content    at byte 0                  while fewer than             when all its batches
///     known, open    where the journal ends     ``outstandingBytesMax``      are in the journal and
///     known, ended   not at all: "complete"     wait for the ledger          answered: complete, or
///     a grown log    after the known beginning                               refused by the ledger
///
/// Content is known by source and digest: a file's name says nothing. What was read with another mapping
/// is not read again otherwise.
struct ImportMachine: Sendable {
  /// Bytes in the journal that the ledger does not have yet; more makes readers wait.
  static let outstandingBytesMax = 24 * 1024 * 1024
  /// Bookings that are noted in the journal together.
  static let commitsPerNote = 64

  /// How an import begins.
  enum Opening: Equatable {
    /// Read on from `state.end`.
    /// - Parameters:
    ///   - isNew: the journal does not know it yet.
    ///   - after: bytes of an earlier import of which this content is the continuation.
    case read(ImportState, isNew: Bool, after: UInt64?)
    /// It was read to its end before.
    case complete(ImportState)
    /// It must not be read, and why; the line where that shows, 0 for the whole file.
    case refused(String, line: Int)
  }

  /// Whether a reader may go on.
  enum Permission: Equatable {
    case go
    /// Too much waits for the ledger.
    case wait
    /// The service is stopping, or the client gave up: only the first may be tried again.
    case stop(mayRetry: Bool)
  }

  /// How far an import is whose file has been read.
  enum Completion: Equatable {
    /// Batches are outstanding.
    case waiting
    /// Everything is booked.
    case complete
    /// The ledger refused batches, for these reasons.
    case refused([String])
  }

  /// What a booking leads to.
  enum Action: Equatable {
    /// Note these bookings in the journal: losing the note only means asking again.
    case note([UInt64])
    /// Tell the operator: a batch stays in the journal and is tried again at the next start.
    case alarm(UInt64, String)
  }

  private struct Outstanding: Sendable {
    var bytes: Int
    var key: ImportKey
  }

  /// Batches of a run that were handed to the journal, and those that it made durable.
  private struct Run: Sendable {
    /// What an earlier run of the same import left to be written is not this one's.
    var number: Int
    var submitted = 0
    var durable = 0
  }

  private(set) var imports: [ImportKey: ImportState]
  private var runs: [ImportKey: Run] = [:]
  private var cancelled: Set<JobID> = []
  private var outstanding: [UInt64: Outstanding] = [:]
  /// Batches that were not booked, and why, by their number.
  private var refused: [UInt64: (key: ImportKey, reason: String)] = [:]
  private(set) var outstandingBytes = 0
  private var unnoted: [UInt64] = []
  private var isClosed = false
  private var lastRun = 0

  /// - Parameters:
  ///   - imports: what the journal knows.
  ///   - pending: batches of it that the ledger lacks.
  init(imports: [ImportKey: ImportState], pending: [(sequence: UInt64, key: ImportKey)]) {
    self.imports = imports
    for (sequence, key) in pending { outstanding[sequence] = Outstanding(bytes: 0, key: key) }
  }

  // MARK: Beginning and ending

  /// How long the contents are that were imported: beginnings of these lengths are digested.
  var lengths: Set<UInt64> { Set(imports.values.map(\.bytes)) }

  /// An import is asked for.
  /// - Parameters:
  ///   - fresh: its state if nothing is known of it.
  ///   - digest: of the content, with its beginnings of ``lengths``.
  mutating func open(
    _ key: ImportKey, fresh: ImportState, digest: ContentDigest
  ) -> Opening {
    guard runs[key] == nil else {
      return .refused("is already being imported; wait for that import", line: 0)
    }
    if let known = imports[key] {
      guard known.reading == fresh.reading else {
        return .refused(
          """
          was imported before as '\(key.source)' with another mapping; booked rows are not read \
          again otherwise. To book the file a second time, give another --source
          """, line: 0)
      }
      if known.isComplete { return .complete(known) }
      begin(key)
      return .read(known, isNew: false, after: nil)
    }
    return openNew(key, fresh: fresh, digest: digest)
  }

  private mutating func openNew(
    _ key: ImportKey, fresh: ImportState, digest: ContentDigest
  ) -> Opening {
    var state = fresh
    var after: UInt64?
    if let earlier = longestBeginning(key.source, digest) {
      if let reason = Self.refusal(earlier, fresh) { return reason }
      state.end = earlier.state.bytes
      state.nextLine = earlier.state.nextLine
      after = earlier.state.bytes
    }
    imports[key] = state
    begin(key)
    return .read(state, isNew: true, after: after)
  }

  private mutating func begin(_ key: ImportKey) {
    lastRun += 1
    runs[key] = Run(number: lastRun)
  }

  private struct Earlier {
    var state: ImportState
    var endsLine: Bool
  }

  /// The longest import of a source that was of the beginning of this content.
  private func longestBeginning(_ source: String, _ digest: ContentDigest) -> Earlier? {
    digest.beginnings.compactMap { length, beginning -> Earlier? in
      let key = ImportKey(source: source, stream: beginning.sha256)
      guard let known = imports[key], known.bytes == length, length < digest.count else {
        return nil
      }
      return Earlier(state: known, endsLine: beginning.endsLine)
    }.max { $0.state.bytes < $1.state.bytes }
  }

  /// Why a log that has grown cannot be gone on with.
  private static func refusal(_ earlier: Earlier, _ fresh: ImportState) -> Opening? {
    let bytes = earlier.state.bytes
    guard earlier.state.isComplete else {
      return .refused(
        """
        has grown since an import that was interrupted; import the first \(bytes) bytes again to \
        complete that one (head -c \(bytes)), then this file
        """, line: 0)
    }
    guard earlier.endsLine else {
      return .refused(
        """
        was imported when it ended in the middle of this line, which was read as it stood; give another \
        --source to import all of it once more
        """, line: earlier.state.nextLine - 1)
    }
    guard earlier.state.reading == fresh.reading else {
      return .refused(
        "has grown since it was imported with another mapping; use that one for the rest", line: 0)
    }
    return nil
  }

  /// A piece of an import was handed to the journal.
  mutating func advanced(_ key: ImportKey, _ state: ImportState) { imports[key] = state }

  /// How far an import is; call it when its file has been read.
  func completion(_ key: ImportKey) -> Completion {
    guard let run = runs[key], run.submitted == run.durable,
      !outstanding.values.contains(where: { $0.key == key })
    else { return .waiting }
    let reasons = refusals(key)
    return reasons.isEmpty ? .complete : .refused(reasons)
  }

  /// Why batches of an import could not be booked, each reason once, in the order of the batches.
  func refusals(_ key: ImportKey) -> [String] {
    var reasons: [String] = []
    for (_, batch) in refused.sorted(by: { $0.key < $1.key })
    where batch.key == key && !reasons.contains(batch.reason) {
      reasons.append(batch.reason)
    }
    return reasons
  }

  /// A run is over, however it ended.
  mutating func closed(_ key: ImportKey, job: JobID) {
    runs[key] = nil
    cancelled.remove(job)
  }

  // MARK: Going on

  /// Whether a reader may go on.
  /// - Parameter job: the import; `nil` for what is sent again at the start.
  func permission(_ job: JobID?) -> Permission {
    if isClosed { return .stop(mayRetry: true) }
    if let job, cancelled.contains(job) { return .stop(mayRetry: false) }
    return outstandingBytes < Self.outstandingBytesMax ? .go : .wait
  }

  mutating func cancelled(_ job: JobID) { cancelled.insert(job) }

  /// A job is new or over: an old cancellation is not meant for it.
  mutating func forgetCancellation(_ job: JobID) { cancelled.remove(job) }

  /// The service is stopping: running imports end where they are.
  mutating func close() { isClosed = true }

  // MARK: Batches

  /// A batch goes to the journal.
  /// - Returns: the number of the run, for what becomes of the batch.
  mutating func submitting(_ key: ImportKey, bytes: Int) -> Int {
    runs[key]?.submitted += 1
    outstandingBytes += bytes
    return runs[key]?.number ?? 0
  }

  /// It did not go there after all.
  mutating func notSubmitted(_ key: ImportKey, bytes: Int, run: Int) {
    if runs[key]?.number == run { runs[key]?.submitted -= 1 }
    outstandingBytes -= bytes
  }

  /// A batch is durable: it may be priced and booked.
  mutating func durable(_ sequence: UInt64, _ key: ImportKey, bytes: Int, run: Int) {
    outstanding[sequence] = Outstanding(bytes: bytes, key: key)
    if runs[key]?.number == run { runs[key]?.durable += 1 }
  }

  /// A batch of an earlier process is sent again.
  mutating func resubmitting(_ sequence: UInt64, bytes: Int) {
    guard outstanding[sequence] != nil else { return }
    outstanding[sequence]?.bytes = bytes
    outstandingBytes += bytes
  }

  /// A pricing job is over.
  /// - Parameter refusal: why it was not booked; `nil` when it was.
  mutating func ended(_ sequence: UInt64, refusal: String?) -> [Action] {
    let batch = outstanding.removeValue(forKey: sequence)
    outstandingBytes -= batch?.bytes ?? 0
    guard let refusal else { return note(sequence) }
    if let key = batch?.key { refused[sequence] = (key, refusal) }
    return [.alarm(sequence, refusal)]
  }

  /// A batch that was not booked is tried again.
  /// - Returns: whether there is such a batch.
  mutating func replaying(_ sequence: UInt64, bytes: Int) -> Bool {
    guard let batch = refused.removeValue(forKey: sequence) else { return false }
    outstanding[sequence] = Outstanding(bytes: bytes, key: batch.key)
    outstandingBytes += bytes
    return true
  }

  /// A batch that was not booked never will be.
  mutating func discarded(_ sequence: UInt64) { refused[sequence] = nil }

  private mutating func note(_ sequence: UInt64) -> [Action] {
    unnoted.append(sequence)
    guard unnoted.count >= Self.commitsPerNote || outstanding.isEmpty else { return [] }
    defer { unnoted = [] }
    return [.note(unnoted)]
  }
}
