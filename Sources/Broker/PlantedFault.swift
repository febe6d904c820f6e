// SPDX-License-Identifier: Apache-2.0

/// Mistakes that the cluster simulator must find: each is one that is easily made. Only debug builds can
/// have one, and only a test sets it.
public enum PlantedFault: String, CaseIterable, Sendable {
  /// A lost worker's jobs are not handed to another.
  case brokerForgetsOrphans
  /// A result is taken for whatever stage the job is at.
  case brokerTakesAnyStage
  /// Leases never run out.
  case brokerIgnoresLeases
  /// An answer does not free a slot at the worker.
  case brokerLeaksCredit
  /// A job that used up its attempts vanishes without a word.
  case brokerDropsPoison
  /// A job that is submitted again keeps its old owner.
  case brokerKeepsOldOwner
  /// A late subscriber gets the last snapshot without the deltas since.
  case brokerForgetsChanges
  /// What was not answered is not sent to the next broker.
  case producerForgetsAtWelcome
  /// An answer counts each time it comes.
  case producerCountsTwice
  /// Results of jobs from before a reconnection are thrown away, and the jobs kept.
  case workerKeepsResults
  /// A gap in a stream is passed over.
  case subscriberIgnoresGaps
  /// A change that was seen is applied again.
  case subscriberAppliesTwice
  /// Sequences of two lives of a publisher are compared.
  case subscriberIgnoresEpochs
  /// Jobs of different producers with the same id are one.
  case brokerSharesIDs
  /// COMMIT is taken from any service and at any stage.
  case brokerTakesAnyCommit
  /// A result is taken from a worker that was never given the job.
  case brokerTakesStrangersResult
  /// Anybody's CANCEL is obeyed.
  case brokerCancelsForOthers
  /// A cancelled job is struck from the accounts and stays in its queue.
  case brokerKeepsCancelled
  /// A producer's queued jobs stay when it is gone.
  case brokerKeepsVanished
  /// A greeting that is repeated has fresh credit, and the earlier jobs stay.
  case brokerRegreetsFresh
  /// What a worker answered is held and not counted.
  case brokerKeepsOutcomeUncounted
  /// Topics stay when their publisher is gone.
  case brokerKeepsTopics
  /// Deltas are kept beyond the bytes of a topic.
  case brokerIgnoresTopicBytes
  /// The mark that ends what a joining subscriber lacks is not sent.
  case brokerSkipsMark
  /// Interactive jobs always go first.
  case brokerStarvesBatch
  /// Jobs over which a worker was lost are handed out beside others.
  case brokerHandsSuspectsTogether
  /// A lost worker counts against none of its jobs.
  case brokerNeverBlames
  /// Two processes may have an exclusive role.
  case brokerAdmitsTwoOwners
  /// What a producer wants checked is not handed on.
  case brokerForgetsControl
  /// A job that nobody can do is dropped without a word.
  case brokerForgetsUnserved
  /// A worker whose queue was full once stays so.
  case brokerKeepsFull
  /// What was not taken because nobody offers it is not sent again.
  case producerForgetsUnserved
  /// A mark that is lost is waited for.
  case subscriberNeverRejoins
  /// (Simulated journal) Acknowledged before it is on disk.
  case journalAcksEarly
  /// (Simulated journal) A batch is dropped when it was sent, not when it was booked.
  case journalDropsAtSend
  /// (Simulated journal) After a crash numbering starts again where the disk ends, less one.
  case journalReusesSequence
  /// (Simulated ledger) Effect and key are committed one after the other.
  case ledgerCommitsTwice
  /// (Simulated ledger) The keys are kept in memory only.
  case ledgerForgetsKeys
  /// (Simulated ledger) Answered before it is durable.
  case ledgerAnswersEarly
}

extension BrokerMachine {
  /// Whether the machine has this mistake: never in a release build.
  @inline(__always)
  func isPlanted(_ fault: PlantedFault) -> Bool {
    #if PLANTED_FAULTS
      settings.fault == fault
    #else
      false
    #endif
  }
}
