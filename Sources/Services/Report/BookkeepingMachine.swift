// SPDX-License-Identifier: Apache-2.0

/// What the bookkeeper decides: how many jobs one transaction takes, what is answered, and what happens
/// while the ledger cannot be written. No ledger, thread or clock: events come in, actions go out.
///
///     state              event                 becomes             action
///     idle               a job comes           committing it       commit
///     committing         a job comes           the same            (it waits)
///     committing         committed             committing the      answer each, commit
///                                              next, or idle
///     committing         failed                in trouble          report once, keep leases alive,
///                                                                  try again in a second
///     in trouble         a second is over      committing          commit the same jobs
///
/// Nothing is answered before it is durable, and no job is given up: a disk may get room again.
struct BookkeepingMachine<Job: Sendable, CommitResult: Sendable>: Sendable {
  enum Action {
    /// Put these into one transaction, in this order.
    case commit([Job])
    case answer(Job, CommitResult)
    /// Tell the broker that these are still being worked on.
    case keepAlive([Job])
    case retry(afterMilliseconds: Int)
    /// Tell the operator that the ledger cannot be written, and why; or that it can again.
    case reportTrouble(String)
    case reportRecovery
  }

  /// Jobs that one transaction takes at most: its cost is shared, and the first does not wait long.
  static var jobsPerTransaction: Int { 64 }

  private enum State {
    case idle
    case committing([Job], isInTrouble: Bool)
  }

  private var waiting: [Job] = []
  private var state = State.idle

  /// Whether something is being committed or waits for it.
  var isIdle: Bool { if case .idle = state { waiting.isEmpty } else { false } }

  mutating func received(_ job: Job) -> [Action] {
    waiting.append(job)
    guard case .idle = state else { return [] }
    return commitNext()
  }

  /// The transaction is durable.
  /// - Parameter results: one for each job, in their order.
  mutating func committed(_ results: [CommitResult]) -> [Action] {
    guard case .committing(let jobs, let wasInTrouble) = state else { return [] }
    precondition(results.count == jobs.count, "a result for each job")
    var actions: [Action] = wasInTrouble ? [.reportRecovery] : []
    actions += zip(jobs, results).map { .answer($0, $1) }
    state = .idle
    return actions + commitNext()
  }

  /// Nothing of the transaction was written.
  mutating func failed(_ reason: String) -> [Action] {
    guard case .committing(let jobs, let wasInTrouble) = state else { return [] }
    state = .committing(jobs, isInTrouble: true)
    return (wasInTrouble ? [] : [.reportTrouble(reason)])
      + [.keepAlive(jobs), .retry(afterMilliseconds: 1_000)]
  }

  /// The time of a retry has come.
  func retryDue() -> [Action] {
    guard case .committing(let jobs, true) = state else { return [] }
    return [.commit(jobs)]
  }

  private mutating func commitNext() -> [Action] {
    guard !waiting.isEmpty else { return [] }
    let jobs = Array(waiting.prefix(Self.jobsPerTransaction))
    waiting.removeFirst(jobs.count)
    state = .committing(jobs, isInTrouble: false)
    return [.commit(jobs)]
  }
}
