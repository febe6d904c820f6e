// SPDX-License-Identifier: Apache-2.0

#if PLANTED_FAULTS

  /// Mistakes that the cluster simulator must find: each is one that is easily made. They exist only
  /// in debug builds, and only a test sets them.
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

#endif
