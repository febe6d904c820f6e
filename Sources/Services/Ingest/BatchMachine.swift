// SPDX-License-Identifier: Apache-2.0

/// What becomes of a batch that is in the journal: priced and booked, and with one in a hundred priced by
/// two workers, whose results must be equal. No journal, broker or clock: events come in, actions go out.
///
///     state       event                          becomes      action
///     -           durable, sampled               sampling     price it alone
///     -           durable                        booking      price and book it
///     sampling    priced by A                    booking      book it, by another than A, as A priced it
///     sampling    failed                         parked       tell why
///     booking     booked                         over         note it
///     booking     the ledger says: mismatch      deciding     compute it here
///     booking     failed                         parked       tell why
///     deciding    computed                       booking      quarantine whoever differs, book it as computed
///     deciding    cannot be computed             parked       tell why
///
/// The ledger compares rows and sums with the batch itself (`BatchControl`), so a third result decides
/// in both cases: of two workers that differ, and of one whose outcome is not that of the batch.
struct BatchMachine: Sendable {
  /// SHA-256 of an outcome's bytes.
  typealias Digest = [UInt8]

  enum Action: Equatable {
    /// Ask for the price alone.
    case price(UInt64)
    /// Have it priced and booked.
    /// - Parameters:
    ///   - expecting: the digest that the outcome must have; empty for none.
    ///   - avoiding: the number of a worker; 0 for none.
    case book(UInt64, expecting: Digest, avoiding: UInt32)
    /// Price it in this process.
    case compute(UInt64)
    /// Have the broker take no more results of the worker.
    case quarantine(worker: UInt32, batch: UInt64, reason: String)
    /// It is in the ledger.
    case booked(UInt64)
    /// It is not, and stays in the journal.
    case parked(UInt64, reason: String)
  }

  private enum State {
    case sampling
    case booking(Sample?)
    case deciding(Sample?, by: UInt32, reason: String)
  }

  /// A first result.
  private struct Sample {
    var digest: Digest
    /// Who computed it; 0 for this process.
    var worker: UInt32
    var decisions = 0
  }

  /// Of this many batches one is priced twice.
  static let sampleInterval: UInt64 = 100
  /// The first batch of a journal comes after the record of its import.
  private static let sampled: UInt64 = 2
  /// Third results before a batch is parked: workers are wrong again and again.
  static let decisionsMax = 3

  private var states: [UInt64: State] = [:]

  /// A batch is durable, or found in the journal and not booked.
  mutating func began(_ batch: UInt64) -> [Action] {
    if batch % Self.sampleInterval == Self.sampled {
      states[batch] = .sampling
      return [.price(batch)]
    }
    states[batch] = .booking(nil)
    return [.book(batch, expecting: [], avoiding: 0)]
  }

  /// A worker has priced it.
  mutating func priced(_ batch: UInt64, _ digest: Digest, by worker: UInt32) -> [Action] {
    guard case .sampling = states[batch] else { return [] }
    states[batch] = .booking(Sample(digest: digest, worker: worker))
    return [.book(batch, expecting: digest, avoiding: worker)]
  }

  /// The ledger has it.
  mutating func booked(_ batch: UInt64) -> [Action] {
    guard states.removeValue(forKey: batch) != nil else { return [] }
    return [.booked(batch)]
  }

  /// The ledger refused the outcome of a worker: it is not the batch's.
  mutating func mismatched(_ batch: UInt64, by worker: UInt32, reason: String) -> [Action] {
    guard case .booking(let sample) = states[batch] else { return [] }
    if let sample, sample.decisions >= Self.decisionsMax {
      return failed(batch, reason: "workers priced it wrongly \(sample.decisions) times: \(reason)")
    }
    states[batch] = .deciding(sample, by: worker, reason: reason)
    return [.compute(batch)]
  }

  /// This process has priced it.
  mutating func computed(_ batch: UInt64, _ digest: Digest) -> [Action] {
    guard case .deciding(let sample, let worker, let reason) = states[batch] else { return [] }
    var actions: [Action] = []
    if let sample, sample.digest != digest {
      // The first was wrong; whether the second was too shows when it is booked as computed here.
      actions.append(.quarantine(worker: sample.worker, batch: batch, reason: reason))
    } else {
      actions.append(.quarantine(worker: worker, batch: batch, reason: reason))
    }
    states[batch] = .booking(
      Sample(digest: digest, worker: 0, decisions: (sample?.decisions ?? 0) + 1))
    actions.append(.book(batch, expecting: digest, avoiding: worker))
    return actions
  }

  /// It cannot be priced or booked.
  mutating func failed(_ batch: UInt64, reason: String) -> [Action] {
    guard states.removeValue(forKey: batch) != nil else { return [] }
    return [.parked(batch, reason: reason)]
  }
}
